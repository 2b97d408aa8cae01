"""Regressions on sparse columns against dense ones."""

import numpy as np
import pytest
from scipy import sparse

from vcmodel.linalg.least_squares import least_squares, regression


@pytest.mark.parametrize("shape", [(20,), (20, 3)])
def test_coefficients_are_those_of_least_squares(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(20, 4)) + 1e4, rng.normal(size=shape)
    expected = np.linalg.lstsq(x, y, rcond=None)[0]
    np.testing.assert_allclose(least_squares(sparse.csc_matrix(x), y), expected, rtol=1e-8, atol=1e-8)


def test_the_second_pass_takes_away_the_rounding_of_the_first() -> None:
    rng = np.random.default_rng(6)
    x = rng.normal(size=(30, 3)) + 1e5
    exact = np.array([1.0, -2.0, 0.5])
    once, twice = regression(sparse.csc_matrix(x))(x @ exact), least_squares(sparse.csc_matrix(x), x @ exact)
    assert np.abs(twice - exact).max() < 1e-2 * np.abs(once - exact).max()


def test_no_columns() -> None:
    assert least_squares(sparse.csc_matrix((5, 0)), np.ones(5)).shape == (0,)
    assert regression(sparse.csc_matrix((5, 0)))(np.ones((5, 2))).shape == (0, 2)
