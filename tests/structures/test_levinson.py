"""Partial autocorrelations: what follows from them, at the faces of the cube too."""

import numpy as np
import pytest
from structures.drawing import assert_near, differences

from vcmodel.structures.levinson import (
    autocorrelations,
    lag_sums,
    partials_of_coefficients,
    partials_of_correlations,
    prediction_root,
    prediction_root_derivative,
    predictors,
    toeplitz,
)

CUBE = [np.array(point) for point in ([0.5], [0.5, -0.3], [0.9, 0.2, -0.7], [-0.4, 0.0, 0.6, 0.3])]
FACES = [np.array(point) for point in ([1.0], [0.5, -1.0], [-1.0, 0.3], [0.2, 1.0, -0.4])]


@pytest.mark.parametrize("partials", CUBE, ids=str)
def test_there_and_back(partials):
    coefficients = predictors(partials)[0][-1]
    assert_near(partials_of_coefficients(coefficients), partials, 1e-13)
    lags = autocorrelations(partials, 8)[0]
    assert_near(partials_of_correlations(lags[1:]), np.append(partials, np.zeros(7 - len(partials))), 1e-13)
    roots = np.roots(np.append(1.0, -coefficients))
    assert np.all(np.abs(roots) < 1.0)


@pytest.mark.parametrize("partials", CUBE + FACES, ids=str)
def test_correlations_solve_the_yule_walker_equations(partials):
    coefficients, lags = predictors(partials)[0][-1], autocorrelations(partials, 9)[0]
    for lag in range(1, 9):
        before = lags[np.abs(lag - 1 - np.arange(len(partials)))]
        assert lags[lag] == pytest.approx(coefficients @ before, abs=1e-13)


@pytest.mark.parametrize("partials", CUBE + FACES, ids=str)
def test_the_root_is_that_of_the_matrix(partials):
    sines = np.sqrt(1.0 - partials**2)
    root = prediction_root(partials, sines, 6)
    assert_near(root @ root.T, toeplitz(autocorrelations(partials, 6)[0]), 1e-13)
    full = np.argmax(np.append(sines, 0.0) == 0.0)
    assert np.linalg.matrix_rank(root) == (full + 1 if np.any(sines == 0.0) else 6)


@pytest.mark.parametrize("partials", CUBE + FACES, ids=str)
def test_derivatives(partials):
    sines = np.sqrt(1.0 - partials**2)
    assert_near(autocorrelations(partials, 7)[1], differences(lambda x: autocorrelations(x, 7)[0], partials), 1e-8)
    by_partial, by_sine = prediction_root_derivative(partials, sines, 5)
    assert_near(by_partial, differences(lambda x: prediction_root(x, sines, 5), partials), 1e-8)
    assert_near(by_sine, differences(lambda x: prediction_root(partials, x, 5), sines), 1e-8)
    assert_near(predictors(partials)[1][-1], differences(lambda x: predictors(x)[0][-1], partials), 1e-8)


def test_partial_autocorrelations_are_limited_one_by_one():
    assert partials_of_correlations(np.array([0.99, 0.0]), 0.9) == pytest.approx([0.9, -0.9])
    assert partials_of_correlations(np.array([1.0, 1.0])).tolist() == [1.0, 0.0]


def test_lag_sums_are_the_adjoint_of_toeplitz():
    rng = np.random.default_rng(1)
    rows, matrix = rng.normal(size=5), rng.normal(size=(5, 5))
    assert np.sum(matrix * toeplitz(rows)) == pytest.approx(lag_sums(matrix) @ rows)
