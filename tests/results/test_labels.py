import pytest
from example_fits import oats, split_plot, trial, two_blocks

import vcmodel as vc
from vcmodel.results.labels import find_component


@pytest.mark.parametrize("name", ["Family", "trait:Family", "us(trait):Family", "us( trait ) : Family", "Family:trait", "Family:us(trait)"])
def test_a_term_by_any_of_its_names(name):
    assert find_component(trial().estimate, name) == 1


@pytest.mark.parametrize("name", ["residual", "units", "units:trait", "units:us(trait)", "us(trait):units"])
def test_the_residual_by_any_of_its_names(name):
    assert find_component(trial().estimate, name) == 2


def test_a_label_wins_over_a_factor():
    fit = split_plot()
    assert [find_component(fit.estimate, name) for name in ("block", "gen", "block:gen")] == [0, 1, 1]


def test_the_factor_trait_says_nothing():
    with pytest.raises(vc.VcmodelError, match=r"no term 'trait'; .*trait:Block, trait:Family, units:trait"):
        trial().correlation("trait")


def test_an_ambiguous_factor_lists_the_labels():
    fit = vc.fit("yield ~ 1", random="block:gen + gen:nitrof", data=oats())
    with pytest.raises(vc.VcmodelError, match=r"'gen' names several terms: 'block:gen', 'gen:nitrof'; use one of these labels"):
        fit.covariance("gen")
    assert fit.covariance("nitrof").shape == (1, 1)


def test_sections_are_asked_for_by_their_labels():
    fit = vc.fit("yield ~ 1", random="at(gen):block", residual="dsum(~ units | gen)", data=oats())
    with pytest.raises(vc.VcmodelError, match="'residual' names several terms: 'gen_GoldenRain', 'gen_Marvellous', 'gen_Victory'"):
        fit.covariance("residual")
    with pytest.raises(vc.VcmodelError, match="'block' names several terms"):
        fit.covariance("block")
    assert fit.covariance("gen_Victory").index.tolist() == ["gen_Victory"]
    assert fit.covariance('at(gen, "Victory"):block').index.tolist() == ["at(gen, 'Victory'):block"]


def test_an_unknown_term_gets_the_nearest_name():
    with pytest.raises(vc.VcmodelError, match="no term 'trait:RILs'; did you mean 'trait:RIL'"):
        two_blocks().correlation("trait:RILs")


def test_a_name_must_be_text():
    with pytest.raises(vc.VcmodelError, match="named by text, not int"):
        trial().correlation(1)


def test_the_residual_has_no_random_effects():
    with pytest.raises(
        vc.VcmodelError, match=r"'residual' has no random effects; see fit.residuals. The random terms are: block, block:gen"
    ):
        split_plot().random_effects("residual")
    with pytest.raises(vc.VcmodelError, match="the model has no random terms"):
        vc.fit("yield ~ gen", data=oats()).random_effects("gen")
