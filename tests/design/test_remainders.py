"""What is left of numeric columns beside 0/1 columns."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from vcmodel.design.remainders import Remainders, column_kinds, projection, unit_columns


def columns(seed: int) -> sparse.csc_matrix:
    """Three indicators, a far number, twice another beside a combination of indicators, a column of zeros."""
    rng = np.random.default_rng(seed)
    group = np.eye(3)[np.arange(30) % 3]
    x = 1e7 + rng.normal(size=30)
    return sparse.csc_matrix(np.column_stack([group, x, 2.0 * x - 5.0 * group[:, 1], rng.normal(size=30), np.zeros(30)]))


def test_kinds_and_norms() -> None:
    indicator, numeric = column_kinds(columns(0))
    assert (indicator.tolist(), numeric.tolist()) == ([0, 1, 2], [3, 4, 5])
    np.testing.assert_allclose(np.linalg.norm(unit_columns(columns(0), numeric).toarray(), axis=0), 1.0)


@pytest.mark.parametrize("seed", range(3))
def test_columns_are_what_stands_beside_the_indicators_and_an_orthonormal_rest(seed: int) -> None:
    x = columns(seed)
    indicator, numeric = column_kinds(x)
    rest = Remainders.of(x, indicator, numeric)
    base = unit_columns(x, indicator).toarray()
    triangle = rest.triangle * ~(np.eye(3, dtype=bool) & rest.dependent)
    np.testing.assert_allclose(base @ rest.coefficients + rest.directions @ triangle, x[:, numeric].toarray(), rtol=1e-12, atol=1e-7)
    np.testing.assert_allclose(base.T @ rest.directions, 0.0, atol=1e-12)
    np.testing.assert_allclose(rest.directions.T @ rest.directions, np.diag([1.0, 0.0, 1.0]), atol=1e-12)
    assert rest.dependent.tolist() == [False, True, False]
    assert 1e-8 < rest.spread[0] < 1e-6 < 0.5 < rest.spread[2]


def test_a_column_that_only_looks_dependent_is_told_from_rounding() -> None:
    x = columns(1).toarray()
    x[:, 4] = 2.0 * x[:, 3] + 1e-3 * np.cos(np.arange(30))
    rest = Remainders.of(sparse.csc_matrix(x), np.arange(3), np.array([3, 4]))
    assert rest.dependent.tolist() == [False, False]
    x[:, 4] = 2.0 * x[:, 3] + 1e-9 * np.cos(np.arange(30))  # below the spacing of the numbers
    assert Remainders.of(sparse.csc_matrix(x), np.arange(3), np.array([3, 4])).dependent.tolist() == [False, True]


def test_projection() -> None:
    base = np.random.default_rng(3).normal(size=(12, 4)) @ np.diag([1.0, 1e-3, 1e3, 1.0])
    values = np.random.default_rng(4).normal(size=(12, 2))
    expected = base @ np.linalg.lstsq(base, values, rcond=None)[0]
    np.testing.assert_allclose(projection(sparse.csr_matrix(base), values), expected, atol=1e-12)
    assert not projection(sparse.csr_matrix((12, 0)), values).any()
