"""Banded correlations: how far they reach, and the chart's ends."""

import numpy as np
import pytest
from structures.drawing import assert_near, differences, labels

from vcmodel.structures.radial_chart import RadialChart, reach
from vcmodel.structures.registry import build


@pytest.mark.parametrize("size", [3, 5, 30])
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_one_band_reaches_beyond_the_moving_average(size, sign):
    structure = build("corb", "f", tuple(map(str, range(size))), 1)
    end = 0.5 / np.cos(np.pi / (size + 1))
    assert reach(structure.basis, np.zeros(1), np.array([sign])) == pytest.approx(end, rel=1e-12)
    assert structure.admissible(np.array([sign * end]))
    assert not structure.admissible(np.array([sign * end * 1.001]))
    chart, phi = structure.chart(np.array([sign * end]), np.ones(size))
    assert phi[0] < 1e-7
    root = chart.loading(np.zeros(1))
    assert_near(root @ root.T, structure.value(np.array([sign * end])), 1e-12)
    assert np.linalg.matrix_rank(root, tol=1e-9) == size - 1


@pytest.mark.parametrize("theta", [[0.0, 0.0], [0.05, -0.02], [0.4, 0.1], [-0.5, 0.2], [0.1, -0.6]])
def test_every_matrix_is_seen_from_somewhere(theta):
    structure = build("corb", "f", labels(5), 2)
    chart, phi = structure.chart(np.array(theta), np.ones(5))
    assert isinstance(chart, RadialChart)
    assert_near(chart.reported(phi), theta, 1e-12)
    for point in (phi, phi * [0.0, 1.0], phi * [-0.5, 1.0] + [0.0, 0.2]):
        assert_near(chart.loading_derivative(point), differences(chart.loading, point), 1e-7)
        assert np.linalg.eigvalsh(chart.value(point))[0] > -1e-14
        better, moved = chart.renormalise(point)
        assert_near(better.reported(moved), chart.reported(point), 1e-12)


def test_a_start_of_strong_correlations_is_drawn_inside():
    structure = build("corb", "f", labels(6), 2)
    start = structure.start(0.1 * np.eye(6) + 0.9)
    assert np.linalg.eigvalsh(structure.value(start))[0] == pytest.approx(0.1)
    assert start[0] == pytest.approx(start[1])
