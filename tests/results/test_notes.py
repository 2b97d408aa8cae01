import numpy as np
import pandas as pd
import pytest
from example_fits import oats, split_plot, two_blocks, zero_variance
from field_trials import two_sites

import vcmodel as vc


def note(fit, start):
    found = [text for text in fit.notes if text.startswith(start)]
    assert len(found) == 1, fit.notes
    return found[0]


def test_an_interior_fit_says_only_what_names_were_taken_for():
    assert split_plot().notes == ["taken as factors: gen, nitrof, block"]


def test_two_blocks_name_the_parameters_and_the_models_that_the_data_support():
    text = note(two_blocks(), "trait:block")
    assert (
        "the estimated 3 x 3 matrix has rank 1 (block has 2 levels, 1 degree of freedom beside the fixed effects, for 6 parameters)" in text
    )
    assert "cannot separate trait:block!trait_HD:HD, trait:block!trait_HT:HD, " in text
    assert "they support block fixed (add trait:block to fixed) or diag(trait):block" in text


def test_the_models_that_the_note_proposes_can_be_fitted():
    data = vc.datasets.load("seed_ril_2x159")
    fixed = vc.fit("HD + HT + GY ~ trait + trait:block", "us(trait):RIL", "units:us(trait)", data)
    assert fixed.converged
    assert not [text for text in two_blocks("diag(trait)").notes if "rank" in text]


def test_a_zero_variance():
    assert note(zero_variance(), "g: ") == "g: variance 0, at its boundary; the data ask for no variance of this term"


def test_zero_variances_of_a_diagonal_matrix():
    data = oats().astype({"yield": float})
    flat = data["gen"] == "Victory"
    data.loc[flat, "yield"] -= data[flat].groupby("block")["yield"].transform("mean")
    fit = vc.fit("yield ~ gen", random="diag(gen):block", data=data)
    assert note(fit, "gen:block") == "gen:block: variance 0 at Victory, at the boundary; the data ask for no variance of this term there"


def test_a_singular_matrix_with_enough_levels():
    data = oats()
    fit = vc.fit("yield ~ gen", random="us(gen):block", data=data)
    assert fit.converged
    ranks = np.linalg.matrix_rank(fit.covariance("block"), tol=1e-8)
    if ranks < 3:
        assert f"the estimated 3 x 3 matrix has rank {ranks}, at its boundary: some levels" in note(fit, "gen:block")
    else:
        pytest.fail("the example no longer has a singular matrix; choose another")


def test_parameters_that_cannot_be_separated():
    fit = vc.fit("yield ~ gen", random="block + twin", data=oats().assign(twin=lambda d: d["block"]))
    assert note(fit, "the data cannot") == (
        "the data cannot separate block, twin: only a combination of them is determined (code S); "
        "the terms describe the same effects: leave out one of block, twin"
    )


def test_only_random_terms_are_proposed_for_removal():
    data = oats().assign(plot=lambda d: [f"p{i}" for i in range(len(d))])
    fit = vc.fit("yield ~ gen", random="plot", data=data)
    assert note(fit, "the data cannot") == (
        "the data cannot separate plot, units!R: only a combination of them is determined (code S); "
        "without repeated records of its levels its variance is part of the residual (units): leave out plot"
    )


def test_what_was_done_to_a_relationship_is_told():
    rows = [("a", None, None), ("b", None, None), ("c", "a", "b"), ("c", "a", "b"), ("d", "a", "b"), ("e", "a", "x")]
    pedigree = vc.Pedigree(pd.DataFrame(rows, columns=["id", "sire", "dam"]))
    data = pd.DataFrame({"y": [1.0, 3.0, 2.5, 4.0, 6.0, 2.0], "animal": list("cdecde")})
    found = vc.fit("y ~ 1", random="vm(animal, A)", data=data, known={"A": pedigree, "B": "not used"})
    assert "known A: 1 repeated identical row counted once" in found.notes
    assert "known A: 1 parent without a row of their own added as founders" in found.notes


def test_a_term_confounded_with_the_fixed_effects():
    fit = vc.fit("yield ~ block", random="block", data=oats(), control=vc.Control(max_iterations=5))
    assert "block: confounded with the fixed effects (no degree of freedom beside them): logL does not depend on it, remove it" in fit.notes
    assert fit.varcomp.loc["block", "bound"] == "S"
    assert not [text for text in fit.notes if "carry no information" in text]


def test_dropped_columns_are_told():
    fit = vc.fit("yield ~ gen + twin", random="block", data=oats().assign(twin=lambda d: d["gen"].str[::-1]))
    assert note(fit, "fixed: dropped").startswith("fixed: dropped as linear combinations of earlier columns: twin[T.")
    assert not [name for name in fit.fixed_effects.index if "twin" in name]


def test_an_iteration_limit_is_told_first():
    fit = vc.fit("yield ~ gen", random="block", data=oats(), control=vc.Control(max_iterations=1))
    assert not fit.converged
    assert fit.notes[0] == fit.status.value


def test_parameters_without_any_information():
    data = vc.datasets.load("seed_rcbd_bivariate")
    data.loc[data["Block"] != data["Block"].iloc[0], "veloc"] = np.nan
    fit = vc.fit("bden + veloc ~ trait", random="diag(trait):Block + us(trait):Family", residual="units:us(trait)", data=data)
    assert fit.varcomp.loc["trait:Block!trait_veloc", "bound"] == "S"
    assert note(fit, "trait:Block: at veloc confounded with the fixed effects: the variance there is unknown")


def test_a_response_that_copies_another():
    rng = np.random.default_rng(1)
    data = oats().assign(copy=lambda d: d["yield"])
    data.loc[data.index[12:], "copy"] = np.nan
    fit = vc.fit("cbind(yield, copy) ~ trait", random="diag(trait):gen", data=data.assign(noise=rng.normal(size=72)))
    assert fit.notes[0] == fit.status.value
    assert note(fit, "units:trait: the residual 2 x 2 matrix becomes singular").endswith("units:trait!trait_copy:copy")


def test_levels_without_records_are_not_confounded():
    data = two_sites().query("site == 'A'").assign(y=lambda d: d["y"].where(d["row"] != 3))
    fit = vc.fit("y ~ 1", random="ar1h(row):col", data=data)
    assert fit.covariance("row:col").shape == (6, 6)
    assert not any("confounded" in note for note in fit.notes)
