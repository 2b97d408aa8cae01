"""A given matrix with directions."""

from __future__ import annotations

import numpy as np

from vcmodel.structures.matrix_chart import MatrixChart

RNG = np.random.default_rng(0)


def test_the_loading_moves_so_that_the_matrix_does():
    half = RNG.normal(size=(3, 3))
    sigma, directions = half @ half.T, np.array([e + e.T for e in RNG.normal(size=(2, 3, 3))])
    none = np.zeros(2)
    for root in (None, half):
        chart = MatrixChart(sigma, root, directions)
        assert np.allclose(chart.loading(none) @ chart.loading(none).T, chart.value(none))
        moved = chart.loading_derivative(none) @ chart.loading(none).T
        assert np.allclose(moved + moved.transpose(0, 2, 1), directions)
        assert np.array_equal(chart.derivative(none), directions)
        assert not chart.curvature(none, sigma).any()


def test_without_directions():
    chart = MatrixChart(np.eye(2), np.ones((2, 3)))
    assert chart.size == 0
    assert chart.loading_derivative(np.zeros(0)).shape == (0, 2, 3)
    assert chart.derivative(np.zeros(0)).shape == (0, 2, 2)
