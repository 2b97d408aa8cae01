"""The terms of `random`: which are the same effects."""

import pytest

from vcmodel.errors import FormulaError
from vcmodel.formula.random import random_terms


def read(text, responses=("y",)):
    return random_terms(text, responses)


@pytest.mark.parametrize(
    "text",
    [
        "at(s, 'a', 'b'):f + at(s, 'b', 'c'):f",
        "at(s, 'a'):f + at(s):f",
        "at(s):f + at(s, 'a'):f",
        "at(s, 'a'):at(t, 'x', 'y'):f + at(t, 'y'):at(s, 'a'):f",
        "f + us(f)",
        "us(f):g + g:diag(f)",
        "f:lin(x) + lin(x):f",
        "vm(f, K) + vm(f, 'K')",
    ],
)
def test_terms_with_the_same_effects_in_some_rows_are_refused(text):
    with pytest.raises(FormulaError, match=r"are the same effects, whose variances cannot be told apart|are the same term"):
        read(text)


@pytest.mark.parametrize(
    "text",
    [
        "at(s, 'a', 'b'):f + at(s, 'c'):f",
        "at(s, 'a'):f + f",
        "at(s, 'a'):at(t, 'x'):f + at(s, 'b'):at(t, 'x'):f",
        "at(s, 'a'):at(t, 'x'):f + at(s, 'a'):at(t, 'y'):f",
        "at(s, 'a'):f + at(s, 'a'):g",
        "f + f:lin(x)",
        "vm(f, K) + ide(f)",
        "vm(f, K) + vm(f, L)",
    ],
)
def test_terms_with_other_effects_stand_beside_each_other(text):
    assert len(read(text)) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("vm(a, A):vm(b, B)", "has two known relationships: at most one per term is available"),
        ("us(2):f", "gives a size, which only str\\(\\) has"),
        ("lin(x)", "has no factor, so there is only one effect"),
        ("f:us(f)", "factor 'f' stands twice"),
        ("str(~ a + b, ~ us(3):id(a))", "has 3 levels and str\\(\\) joins 2 terms"),
        ("str(~ a + b, ~ us(a):id(a))", "the structure of str\\(\\) takes the number of terms: us\\(2\\)"),
        ("str(~ us(a):b + c, ~ us(2):id(c))", "inside str\\(\\) has a structure of its own"),
        ("str(~ idv(a) + b, ~ us(2):id(a))", "inside str\\(\\) has a structure of its own"),
        ("str(~ at(s):a + b, ~ us(2):id(a))", "inside str\\(\\) has at\\(\\) with several levels"),
    ],
)
def test_what_is_no_random_term(text, message):
    with pytest.raises(FormulaError, match=message):
        read(text)
