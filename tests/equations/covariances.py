"""Covariances that no structure of the package has yet, for the equations to be tested with."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from vcmodel.equations.chain_rule import PartDerivatives
from vcmodel.equations.cross_products import Entries
from vcmodel.structures.chart import Chart
from vcmodel.structures.precision_chart import PrecisionChart


class Ar1Precision(PrecisionChart):
    """K_ij = rho^|i - j| over `levels` levels: K^-1 = [I_ends + (1 + rho^2) I_interior - rho N] / (1 - rho^2), N the neighbours."""

    def __init__(self, levels):
        self.levels = levels

    @property
    def size(self):
        return 1

    @property
    def order(self):
        return self.levels

    def matrices(self):
        ends = np.zeros(self.levels)
        ends[[0, -1]] = 1.0
        beside = np.ones(self.levels - 1)
        return tuple(sparse.csc_matrix(m) for m in (sparse.diags(ends), sparse.diags(1.0 - ends), sparse.diags([beside, beside], [-1, 1])))

    def coefficients(self, phi):
        rho = phi[0]
        return np.array([1.0, 1.0 + rho**2, -rho]) / (1.0 - rho**2)

    def derivative(self, phi):
        rho = phi[0]
        return np.array([[2.0 * rho, 4.0 * rho, -1.0 - rho**2]]) / (1.0 - rho**2) ** 2

    def second(self, phi, weights):
        rho = phi[0]
        values = np.array([2.0 + 6.0 * rho**2, 4.0 + 12.0 * rho**2, -2.0 * rho * (3.0 + rho**2)]) / (1.0 - rho**2) ** 3
        return np.array([[values @ weights]])

    def logdet(self, phi):
        return (self.levels - 1) * float(np.log1p(-(phi[0] ** 2)))

    def logdet_derivative(self, phi):
        return np.array([-2.0 * (self.levels - 1) * phi[0] / (1.0 - phi[0] ** 2)])

    def dense(self, phi):
        """K."""
        at = np.arange(self.levels)
        return phi[0] ** np.abs(at[:, None] - at)


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

    def __init__(self, cells, v):
        self.cells, self.v = cells, v
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
