"""Regressions on sparse columns."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from vcmodel.equations.least_squares import least_squares


@pytest.mark.parametrize("columns", [1, 3])
def test_coefficients_are_those_of_a_dense_regression(columns):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 4)), rng.normal(size=(30, columns)).squeeze()
    assert np.allclose(least_squares(sparse.csc_matrix(x), y), np.linalg.lstsq(x, y, rcond=None)[0])
    assert least_squares(sparse.csc_matrix((30, 0)), y).shape == (0, *y.shape[1:])


def test_the_remainder_is_orthogonal_to_columns_that_are_nearly_dependent():
    rng = np.random.default_rng(1)
    year = 2000.0 + np.arange(40) % 7
    x = np.column_stack([np.ones(40), year, year * 1e6 + rng.normal(size=40) * 1e6])
    y = 3.0 * year + rng.normal(size=40)
    remainder = y - x @ least_squares(sparse.csc_matrix(x), y)
    assert np.all(np.abs(x.T @ remainder) <= 1e-12 * np.linalg.norm(x, axis=0) * np.linalg.norm(y))
