"""Arguments of the functions of `fixed`."""

import pytest

from vcmodel.formula.functions import MOST_COLUMNS, OPTIONS, ArgumentProblem, Computed, options


def test_arguments_by_place_and_by_name_are_the_same():
    assert options("poly", [2], []) == options("poly", [], [("degree", 2)])
    assert dict(options("bs", [], [("df", 5), ("degree", 2)])) == {"df": 5, "degree": 2}


@pytest.mark.parametrize(
    ("function", "positional", "keywords"),
    [
        ("poly", [0], []),
        ("poly", [1.5], []),
        ("poly", ["2"], []),
        ("poly", [True], []),
        ("poly", [2, 3, 4, 5], []),
        ("poly", [2], [("degree", 3)]),
        ("poly", [], [("power", 3)]),
        ("bs", [], [("df", MOST_COLUMNS + 1)]),
        ("cr", [], []),
        ("poly", [Computed("1 + 1")], []),
    ],
)
def test_arguments_that_cannot_be(function, positional, keywords):
    with pytest.raises(ArgumentProblem):
        options(function, positional, keywords)


def test_every_function_says_what_its_arguments_may_be():
    assert all(option.allowed for given in OPTIONS.values() for option in given)
