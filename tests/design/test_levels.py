"""Columns as factors and as numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vcmodel.design.levels import Factor, factor_of, fractions, is_number, numbers
from vcmodel.errors import DataError


@pytest.mark.parametrize(
    ("values", "labels", "codes"),
    [
        (["b", "a", None, "b"], ("a", "b"), [1, 0, -1, 1]),
        ([10, 9, 10], ("9", "10"), [1, 0, 1]),
        ([1.5, 2.0, np.nan], ("1.5", "2"), [0, 1, -1]),
        ([1, 1.0, "1"], ("1",), [0, 0, 0]),
        ([True, False], ("False", "True"), [1, 0]),
        (pd.Categorical(["x", "z"], ["z", "y", "x"]), ("z", "x"), [1, 0]),
        (pd.array([2, None, 1], dtype="Int64"), ("1", "2"), [1, -1, 0]),
    ],
)
def test_factors(values: object, labels: tuple[str, ...], codes: list[int]) -> None:
    found = factor_of(pd.Series(values, dtype=object if isinstance(values, list) and "1" in values else None))
    assert (found.labels, found.codes.tolist()) == (labels, codes)


def test_rows_are_taken_with_the_levels_unchanged() -> None:
    taken = Factor(np.array([0, 1, -1]), ("a", "b")).take(np.array([2, 0, 0]))
    assert (taken.labels, taken.codes.tolist()) == (("a", "b"), [-1, 0, 0])


def test_what_is_a_label() -> None:
    with pytest.raises(DataError, match="column 'f' holds values that are no labels \\(of type list\\)"):
        factor_of(pd.Series([[1], "a"], name="f"))


def test_numbers() -> None:
    assert numbers(pd.Series([1, None, 2.5], dtype=object), "x", "covariate").tolist()[::2] == [1.0, 2.5]
    assert numbers(pd.Series([True, False]), "x", "covariate").tolist() == [1.0, 0.0]
    for values, said in (
        (["1", "p"], r"covariate 'x' is not numeric \(row 2 is 'p'\)"),
        ([1j, 2.0], "covariate 'x' holds complex numbers"),
        (pd.Categorical([1, 2]), "its type is category"),
    ):
        with pytest.raises(DataError, match=said):
            numbers(pd.Series(values), "x", "covariate")
    with pytest.raises(DataError, match="covariate 'x' is not numeric: because"):
        numbers(pd.Series(["1", "p"]), "x", "covariate", "because")


def test_kinds() -> None:
    assert (
        is_number(pd.Series([1.0])) and is_number(pd.Series([True])) and not is_number(pd.Series(["a"])) and not is_number(pd.Series([1j]))
    )
    assert [fractions(pd.Series(item)) for item in ([1.0, 2.5], [1.0, np.nan], [1, 2], ["1.5"])] == [True, False, False, False]
