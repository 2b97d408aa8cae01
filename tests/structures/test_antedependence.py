"""Banded triangular factors: conventions, and matrices without an inverse."""

import numpy as np
import pytest
from structures.drawing import assert_near, covariance, differences, labels

from vcmodel.structures.conditional import conditional, conditional_derivative, unit_factor
from vcmodel.structures.registry import build


def parts(structure, theta):
    """D and the unit triangular factor, with rows of later levels."""
    lower = np.eye(structure.size)
    rows, columns = np.tril_indices(structure.size, -1)
    inside = rows - columns <= structure.k
    lower[rows[inside], columns[inside]] = theta[structure.size :]
    return np.diag(theta[: structure.size]), lower


@pytest.mark.parametrize("k", [1, 2, 3])
def test_conventions(k):
    sigma = covariance(4, np.random.default_rng(1))
    ante, chol = build("ante", "f", labels(4), k), build("chol", "f", labels(4), k)
    theta = ante.start(sigma)
    d, lower = parts(ante, theta)
    assert_near(np.linalg.inv(ante.value(theta)), lower.T @ d @ lower, 1e-10)  # U D U'
    regression = np.linalg.solve(sigma[3 - k : 3, 3 - k : 3], sigma[3 - k : 3, 3])
    assert_near(lower[3, 3 - k : 3], -regression, 1e-12)
    assert d[3, 3] == pytest.approx(1.0 / (sigma[3, 3] - regression @ sigma[3 - k : 3, 3]))
    theta = chol.start(sigma)
    d, lower = parts(chol, theta)
    assert_near(chol.value(theta), lower @ d @ lower.T, 1e-12)
    assert_near(np.tril(chol.value(theta), -k - 1), np.zeros((4, 4)), 1e-15)


@pytest.mark.parametrize("name", ["ante", "chol"])
def test_all_bands_are_any_matrix(name):
    sigma = covariance(4, np.random.default_rng(2))
    structure = build(name, "f", labels(4), 3)
    assert_near(structure.value(structure.start(sigma)), sigma, 1e-12)
    chart, _ = structure.chart(structure.start(sigma), np.ones(4))
    assert chart.whole_cone


def test_derivatives_of_regressions():
    rng = np.random.default_rng(3)
    sigma = covariance(4, rng)
    moves = rng.normal(size=(3, 4, 4))
    moves += moves.transpose(0, 2, 1)

    def at(x):
        return sigma + np.tensordot(x, moves, 1)

    for bands in (1, 3):
        variances, coefficients = conditional_derivative(sigma, moves, bands)
        assert_near(variances.T, differences(lambda x, b=bands: conditional(at(x), b)[0], np.zeros(3)), 1e-6)
        assert_near(coefficients.T, differences(lambda x, b=bands: conditional(at(x), b)[1], np.zeros(3)), 1e-6)
    lower, variances, turns, own = unit_factor(sigma, moves)
    assert_near(lower * variances @ lower.T, sigma, 1e-12)
    assert_near(turns, differences(lambda x: unit_factor(at(x), moves)[0], np.zeros(3)), 1e-6)
    assert_near(own, differences(lambda x: unit_factor(at(x), moves)[1], np.zeros(3)), 1e-6)


@pytest.mark.parametrize("k", [1, 2])
def test_a_level_that_follows_from_those_before(k):
    """Its D is infinite, and does not move."""
    structure = build("ante", "f", labels(3), k)
    theta = structure.start(covariance(3, np.random.default_rng(4)))
    chart, phi = structure.chart(theta, np.ones(3))
    edge = chart.edges(phi)[-1]
    at = phi.copy()
    at[list(edge.group)] = 0.0
    assert np.isposinf(chart.reported(at)[2])
    assert np.isfinite(np.delete(chart.reported(at), 2)).all()
    assert not chart.jacobian(at)[2].any()


def test_a_column_of_a_banded_root_vanishes_as_a_whole():
    structure = build("chol", "f", labels(4), 1)
    chart, phi = structure.chart(np.array([1.0, 2.0, 1.0, 0.5, 3.0, -0.2, 0.4]), np.ones(4))
    assert [edge.coordinate for edge in chart.edges(phi)] == [4, 1, 2, 3]  # the largest entry of each column
    for edge in chart.edges(phi):
        at = phi.copy()
        at[list(edge.group)] = 0.0
        assert np.linalg.matrix_rank(chart.value(at)) == 3
        assert_near(chart.derivative(at)[list(edge.group)], np.zeros((len(edge.group), 4, 4)), 1e-15)
