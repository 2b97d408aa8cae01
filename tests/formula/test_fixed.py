"""The terms of `fixed` before data."""

import pytest

from vcmodel.errors import FormulaError
from vcmodel.formula.conditions import Condition
from vcmodel.formula.fixed import fixed_terms


def test_columns_by_what_they_are_used_as():
    responses, (one, term) = fixed_terms("y ~ a:C(b):log(x + z):at(s, 'p')")
    assert (responses, one.text) == (("y",), "1")
    assert (term.bare, term.factors, term.covariates) == (("a",), ("b",), ("x", "z"))
    assert term.conditions == (Condition("s", ("p",)),) and [str(part) for part in term.parts] == ["a", "C(b)", "log(x + z)"]
    assert fixed_terms("y ~ I(C(b))")[1][1].factors == ("b",)


def test_means_of_several_traits():
    (implied, slope) = fixed_terms("y + z ~ trait:x")[1]
    assert implied.implied and implied.by_trait and slope.by_trait
    assert not any(term.implied for term in fixed_terms("y + z ~ trait + trait:x")[1])
    assert [term.text for term in fixed_terms("y + z ~ 0 + trait:x")[1]] == ["trait:x"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("y + z ~ trait:at(trait, 'y'):x", "`trait` and at\\(trait\\) both stand in"),
        ("y ~ units", "`units` has one level per row and cannot be a fixed factor"),
        ("y + z ~ log(trait)", "`trait` cannot stand inside log\\(\\)"),
        ("y ~ I(1)", "has no column in it"),
        ("y ~ log(y)", "'y' is a response and cannot be a factor of `fixed`"),
    ],
)
def test_what_is_no_fixed_term(text, message):
    with pytest.raises(FormulaError, match=message):
        fixed_terms(text)
