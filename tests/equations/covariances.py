"""Covariances that no structure of the package has yet, for the equations to be tested with."""

from __future__ import annotations

import numpy as np

from vcmodel.equations.chain_rule import PartDerivatives
from vcmodel.equations.cross_products import Entries
from vcmodel.structures.chart import Chart
from vcmodel.structures.component_chart import ComponentChart
from vcmodel.structures.precision_chart import StructurePrecision
from vcmodel.structures.registry import build


class CorrelationChart(Chart):
    """The coordinate is the correlation itself."""

    size, order = 1, 1

    def loading(self, phi):
        raise AssertionError("a sparse part has no loading")

    loading_derivative = loading

    def reported(self, phi):
        return phi

    def jacobian(self, phi):
        return np.ones((1, 1))


def autoregressive(levels):
    """A relationship K_ij = rho^|i - j| in the coordinate rho."""
    return StructurePrecision(CorrelationChart(), autoregressive_inverse(levels))


def autoregressive_inverse(levels):
    """K^-1 over so many levels."""
    return build("ar1", "f", tuple(map(str, range(levels)))).sparse_inverse()


def with_autoregressions(sigma, *levels):
    """Sigma with relationships over so many levels each, their coordinates the correlations."""
    count, own = len(levels), len(sigma.reported(np.ones(sigma.size)))
    inverses = tuple(map(autoregressive_inverse, levels))
    return ComponentChart((sigma, *(CorrelationChart() for _ in levels)), inverses, tuple(range(own + count)))


def powers(rho, levels):
    """K (levels, levels)."""
    at = np.arange(levels)
    return rho ** np.abs(at[:, None] - at)


class VarianceChart(Chart):
    """Sigma (1, 1) = phi^2."""

    size, order = 1, 1

    def loading(self, phi):
        return phi[:, None].copy()

    def loading_derivative(self, phi):
        return np.ones((1, 1, 1))

    def reported(self, phi):
        return phi**2

    def jacobian(self, phi):
        return 2.0 * phi[:, None]


class KnownResidual:
    """R = Sigma V over the cells of a section for a given V and Sigma (1, 1)."""

    n_absent = 0

    def __init__(self, cells, v):
        self.rows, self.cells, self.v = cells, cells, v
        self.inverse = np.linalg.inv(v)
        self.n_coefficients = 1
        self.coefficients, self.logdet = np.zeros(1), 0.0

    def entries(self):
        row, column = np.tril_indices(self.cells.size)
        one, two = self.cells[row], self.cells[column]
        return Entries(np.maximum(one, two), np.minimum(one, two), np.zeros_like(row), self.inverse[row, column])

    def update(self, part):
        self.sigma = part.sigma[0, 0]
        if not self.sigma > 0.0:
            return False
        self.coefficients = np.array([1.0 / self.sigma])
        self.logdet = np.linalg.slogdet(self.v)[1] + self.cells.size * np.log(self.sigma)
        return True

    def solve(self, values, result):
        result[self.cells] = self.inverse @ values[self.cells] / self.sigma

    def change(self, part, weighted, result):
        result[self.cells] = np.outer(self.v @ weighted[self.cells], part.derivative[:, 0, 0])

    def derivatives(self, part, by_coefficient, weighted):
        e = weighted[self.cells]
        d = np.array([[0.5 * (by_coefficient[0] / self.sigma**2 - self.cells.size / self.sigma + e @ self.v @ e)]])
        return PartDerivatives(np.tensordot(part.derivative, d, axes=2), part.chart.curvature(part.phi, d), d)
