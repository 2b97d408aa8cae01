"""Residuals: one product, or sections."""

import pytest

from vcmodel.errors import FormulaError
from vcmodel.formula.residual import residual_of


def sections(text, responses=("y",)):
    found = residual_of(text, responses)
    return found.section, [(item.label, item.levels) for item in found.alternatives]


def test_the_residual_that_is_not_written():
    assert sections(None) == (None, [("units", None)])
    assert sections(None, ("y", "z")) == (None, [("units:trait", None)])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("dsum(~ units | site)", ("site", [("units", None)])),
        ("dsum(~ units + plot | site, levels=[[1, 'b'], ['c']])", ("site", [("units", ("1", "b")), ("plot", ("c",))])),
        ("dsum(~ units | site, levels=['a', 'b'])", ("site", [("units", ("a", "b"))])),
        ("at(site, 'a'):units + at(site, 'b', 'c'):plot", ("site", [("units", ("a",)), ("plot", ("b", "c"))])),
        ("at(site):units", ("site", [("units", None)])),
    ],
)
def test_sections(text, wanted):
    assert sections(text) == wanted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("units + plot", "the residual is one product of factors"),
        ("dsum(~ units | site) + plot", "dsum\\(\\) is the whole residual"),
        ("dsum(~ units + plot | site)", "say which levels each is for"),
        ("dsum(~ site | site)", "'site' splits the residual and is constant inside each section"),
        ("dsum(~ units + plot | site, levels=[['a'], ['a']])", "level 'a' stands in two sections"),
        ("at(site):units + at(site, 'b'):plot", "at\\(site\\) covers every level: name the levels of each term"),
        ("at(site, 'a'):units + at(year, 'b'):units", "the sections of a residual are levels of one factor, not of site and year"),
        ("at(site, 'a')", "says where, not what"),
        ("units:site", "`units` identifies every row already: leave site out"),
        ("units:diag(site)", "one residual variance per level of site: write 'dsum\\(~ id\\(units\\) \\| site\\)'"),
        ("units:us(site)", "has nothing to correlate within `units`"),
        ("us(2):units", "gives a size, which only str\\(\\) in `random` has"),
    ],
)
def test_what_is_no_residual(text, message):
    with pytest.raises(FormulaError, match=message):
        residual_of(text, ("y",))


def test_several_responses_have_a_residual_each():
    with pytest.raises(FormulaError, match="gives 2 responses one residual per row: write 'units:us\\(trait\\)'"):
        residual_of("units", ("y", "z"))
    with pytest.raises(FormulaError, match="cannot split over `trait`: write 'id\\(units\\):diag\\(trait\\)'"):
        residual_of("dsum(~ units:us(trait) | trait)", ("y", "z"))
