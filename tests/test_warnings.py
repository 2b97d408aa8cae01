"""Warnings: one class hierarchy, at the user's line, once per fit, and silent where notes are shown instead."""

import warnings

import pytest
from example_fits import oats

import vcmodel as vc
from vcmodel.batch.many import fit_many

SHORT = vc.Control(max_iterations=1)
HERE = __file__


def caught(call):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        result = call()
    return result, [item for item in found if issubclass(item.category, vc.VcmodelWarning)]


def test_the_hierarchy():
    assert issubclass(vc.VcmodelWarning, UserWarning)
    assert issubclass(vc.ConvergenceWarning, vc.VcmodelWarning)
    assert issubclass(vc.ModelWarning, vc.VcmodelWarning)


@pytest.mark.parametrize(
    "call",
    [
        lambda: vc.fit("yield ~ gen", random="block", data=oats(), control=SHORT),
        lambda: vc.Model("yield ~ gen", random="block").fit(oats(), control=SHORT),
    ],
)
def test_a_fit_that_did_not_converge_warns_at_the_line_that_called_it(call):
    fit, found = caught(call)
    (one,) = found
    assert one.category is vc.ConvergenceWarning
    assert str(one.message) == fit.status.value
    assert fit.status.value in fit.notes
    assert one.filename == HERE


def test_a_fit_that_converged_is_silent():
    _, found = caught(lambda: vc.fit("yield ~ gen", random="block", data=oats()))
    assert found == []


def test_a_warning_may_be_made_an_error():
    with warnings.catch_warnings(), pytest.raises(vc.ConvergenceWarning, match="not converged: the iteration limit"):
        warnings.simplefilter("error", vc.VcmodelWarning)
        vc.fit("yield ~ gen", random="block", data=oats(), control=SHORT)


def trial():
    return vc.datasets.load("seed_rcbd_bivariate").assign(code=lambda d: d["Block"].str.extract(r"(\d+)")[0].astype(int))


@pytest.mark.parametrize(
    ("words", "call"),
    [
        ("write C(code)", lambda: vc.fit("bden ~ code", random="Family", data=trial())),
        ("one mean together", lambda: vc.fit("bden + veloc ~ 1", random="us(trait):Family", data=trial(), control=SHORT)),
        ("us(trait):Family", lambda: vc.fit("bden + veloc ~ trait", random="Family", data=trial())),
        ("write trait:Block", lambda: vc.fit("bden + veloc ~ trait + Block", random="us(trait):Family", data=trial())),
        ("confounded with the fixed effects", lambda: vc.fit("bden ~ Family", random="Family", data=trial())),
    ],
)
def test_what_may_not_be_meant_is_a_warning_and_a_note(words, call):
    fit, found = caught(call)
    (text,) = [str(item.message) for item in found if item.category is vc.ModelWarning]
    assert words in text
    assert fit.notes.count(text) == 1
    assert {item.filename for item in found} == {HERE}


def test_a_warning_comes_before_a_long_fit():
    with warnings.catch_warnings(), pytest.raises(vc.ModelWarning, match=r"write C\(code\)"):
        warnings.simplefilter("error", vc.ModelWarning)
        vc.fit("bden ~ code", random="Family", data=trial())


def test_a_batch_shows_notes_in_place_of_warnings():
    data = {"oats": oats().assign(code=lambda d: d["block"].str.len() + d.index % 3)}
    (result,), found = caught(lambda: list(fit_many(vc.Model("yield ~ gen + code", "block"), data, executor="serial", control=SHORT)))
    assert found == []
    assert result.status == "not_converged"
    assert sum("iteration limit" in note for note in result.notes) == 1
    assert sum("write C(code)" in note for note in result.notes) == 1
