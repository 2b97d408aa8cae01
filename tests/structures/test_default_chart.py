"""The chart of structures that bring none."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from structures.demo_fa import FactorAnalytic
from structures.demo_template import template
from structures.drawing import assert_near, differences, labels, symmetric

from vcmodel.errors import StructureError
from vcmodel.structures.base import Parameter, Structure
from vcmodel.structures.default_chart import DefaultChart
from vcmodel.structures.registry import build


@dataclass(frozen=True)
class Paired(Structure):
    """Two levels with their variances and covariance: the four methods that a new structure needs."""

    name: ClassVar[str] = "paired"
    carries_variance: ClassVar[bool] = True

    factor: str
    levels: tuple[str, ...]

    @property
    def parameters(self):
        first, second = self.levels
        return Parameter(first, "variance", "P"), Parameter("both", "covariance", "P"), Parameter(second, "variance", "P")

    def value(self, theta):
        return np.array([[theta[0], theta[1]], [theta[1], theta[2]]])

    def derivative(self, theta):
        return np.array([[[1.0, 0.0], [0.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]], [[0.0, 0.0], [0.0, 1.0]]])

    def start(self, covariance):
        return np.asarray(covariance)[[0, 1, 1], [0, 0, 1]]


PAIRED = Paired("f", ("a", "b"))


def test_derivatives_of_the_root():
    rng = np.random.default_rng(4)
    chart, phi = PAIRED.chart([4.0, -1.0, 2.0], np.ones(2))
    gradient = symmetric(2, rng)
    assert_near(chart.reported(phi), [4.0, -1.0, 2.0], 1e-15)
    assert_near(chart.loading(phi), np.linalg.cholesky([[4.0, -1.0], [-1.0, 2.0]]), 1e-15)
    assert_near(chart.loading_derivative(phi), differences(chart.loading, phi), 1e-8)
    assert_near(chart.curvature(phi, gradient), differences(lambda x: np.tensordot(chart.derivative(x), gradient, 2), phi), 1e-7)


def test_curvature_by_differences_in_any_units():
    """The derivative of the derivative of an autoregression with a variance of 1e-8 or 1e8."""
    structure = build("corh", "f", labels(3))
    gradient = symmetric(3, np.random.default_rng(1))
    for unit in (1e-8, 1.0, 1e8):
        theta = np.array([0.4, 1.0 * unit, 2.0 * unit, 5.0 * unit])
        units = np.array([1.0, unit, unit, unit])
        found = structure.curvature(theta, gradient / unit) * np.outer(units, units)
        assert_near(found, structure.curvature(theta / units, gradient), 1e-7)


@pytest.mark.parametrize("floored", [True, False])
def test_scales_are_those_of_the_data_at_the_own_levels(floored):
    """Traits a million apart: each standard deviation is measured in units of its own trait."""
    chart, phi = DefaultChart.of(PAIRED, [1e-12, 0.0, 1.0], np.array([1e-6, 1.0]), floored)
    found = [edge.scale for edge in chart.edges(phi)] if floored else [scale.size for scale in chart.scale_coordinates(phi)]
    assert found == pytest.approx([1e-6, 1.0], rel=1e-12)


def test_angles_count_from_the_nearer_end():
    structure = template.Neighbours("f", labels(3))
    for rho in (-0.7, -0.3, 0.0, 0.6):
        chart, phi = structure.chart([rho], np.ones(3))
        assert 0.0 <= phi[0] <= np.pi / 2
        assert chart.reported(phi)[0] == pytest.approx(rho, abs=1e-15)
        moved, point = chart.renormalise(phi + 2.0)
        assert 0.0 <= point[0] <= np.pi / 2
        assert moved.reported(point)[0] == pytest.approx(chart.reported(phi + 2.0)[0], abs=1e-14)
    (edge,) = chart.edges(phi)
    assert (edge.coordinate, edge.group, edge.scale, edge.one_sided) == (0, (0,), 1.0, False)


def test_matrices_that_are_not_positive_definite_are_not_feasible():
    chart, phi = PAIRED.chart([4.0, -1.0, 2.0], np.ones(2))
    assert chart.feasible(phi)
    assert not chart.feasible(phi * [1.0, 3.0, 1.0])
    assert not chart.feasible(phi * [1.0, np.nan, 1.0])


def test_small_standard_deviations_settle_at_zero_only_where_the_matrix_stays_regular():
    chart, phi = DefaultChart.of(PAIRED, [1.0, 0.0, 1e-20], np.ones(2), floored=False)
    assert chart.settled(phi, 1e-6)[1][2] == phi[2]


def test_what_has_no_chart_is_said():
    class Rectangular(FactorAnalytic):
        chart = Structure.chart

    class Own(FactorAnalytic):
        _constrained_chart = Structure._constrained_chart

    first, all_held = np.array([True, False, False, False, False, False]), np.ones(6, dtype=bool)
    theta = np.array([1.0, 1.0, 1.0, 0.5, 0.5, 0.5])
    with pytest.raises(StructureError, match=r"fa\(f\): a structure whose root is not square must have a chart of its own"):
        Rectangular("f", labels(3), 1).chart(theta, np.ones(3))
    with pytest.raises(StructureError, match=r"fa\(f\): its parameters cannot be held or tied singly; hold all of them, or none"):
        Own("f", labels(3), 1).constrained_chart(theta, np.ones(3), first, first)
    chart, phi = Own("f", labels(3), 1).constrained_chart(theta, np.ones(3), all_held, all_held)
    assert chart.loading(phi).shape == (3, 4)
