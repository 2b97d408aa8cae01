"""A factor-analytic structure as a user would write it: one class. Registered by one line in test_plugins."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np

from vcmodel.errors import StructureError
from vcmodel.structures.base import Parameter, Structure
from vcmodel.structures.chart import Edge, Scale
from vcmodel.structures.correlations import level_name
from vcmodel.structures.linear import LinearChart


@dataclass(frozen=True, eq=False)
class FactorAnalyticChart(LinearChart):
    """Coordinates are the loadings and the square roots of the specific variances."""

    basis: np.ndarray
    first: np.ndarray  # coordinate of the first loading of each coordinate's factor; -1 for specific variances
    scales: np.ndarray
    floored: bool = True

    def _signs(self, phi):
        return np.where((self.first >= 0) & (phi[self.first] < 0.0), -1.0, 1.0)

    def reported(self, phi):
        return np.where(self.first >= 0, phi * self._signs(phi), phi**2)

    def jacobian(self, phi):
        return np.diag(np.where(self.first >= 0, self._signs(phi), 2.0 * phi))

    def edges(self, phi):
        specific = np.flatnonzero(self.first < 0) if self.floored else ()
        return tuple(Edge(int(a), (int(a),), float(self.scales[a])) for a in specific)

    def renormalise(self, phi):
        return self, np.where(self.first >= 0, phi * self._signs(phi), np.abs(phi))

    def constrained(self, phi):
        return np.where(self.first >= 0, self.reported(phi), phi)

    def constrained_jacobian(self, phi):
        return np.diag(self._signs(phi))

    def settled(self, phi, tolerance):
        small = (self.first < 0) & (np.abs(phi) < tolerance * self.scales)
        return self, np.where(small, 0.0, phi)

    def scale_coordinates(self, phi):
        return tuple(Scale(int(a), float(self.scales[a]), False) for a in np.flatnonzero((self.first < 0) & ~self.floored))


@dataclass(frozen=True)
class FactorAnalytic(Structure):
    """Sigma = Gamma Gamma' + diag(psi), Gamma (w, k) with zeros above its diagonal."""

    name: ClassVar[str] = "fa"
    carries_variance: ClassVar[bool] = True
    summary: ClassVar[str] = "factor analytic, k factors"
    count: ClassVar[str] = "w k - k (k - 1) / 2 + w"
    arguments: ClassVar[tuple[str, ...]] = ("k",)
    examples: ClassVar[tuple[tuple, ...]] = ((1,), (2,))

    factor: str
    levels: tuple[str, ...]
    k: int

    @classmethod
    def check_arguments(cls, k):
        if not isinstance(k, int) or k < 1:
            raise StructureError(f"the number of factors is {k}; write a whole number from 1 on")

    def __post_init__(self):
        if self.k >= self.size:
            raise StructureError(f"fa({self.factor}, {self.k}) needs more than {self.k} levels, not {self.size}; take us({self.factor})")

    @cached_property
    def places(self):
        """Row and column of each free loading, then of each root of a specific variance, in Lambda = [Gamma, Psi^1/2]."""
        cells = [(i, f) for f in range(self.k) for i in range(f, self.size)] + [(i, self.k + i) for i in range(self.size)]
        return tuple(np.array(cells).T)

    @property
    def parameters(self):
        name = [level_name(self.factor, level) for level in self.levels]
        return tuple(
            Parameter(f"{name[i]}.fa{f + 1}", "loading", "U") if f < self.k else Parameter(f"{name[i]}.psi", "variance", "P")
            for i, f in zip(*self.places, strict=True)
        )

    @cached_property
    def basis(self):
        rows, columns = self.places
        result = np.zeros((len(rows), self.size, self.k + self.size))
        result[np.arange(len(rows)), rows, columns] = 1.0
        return result

    def root_pattern(self):
        return self.basis.any(axis=0)

    def root_groups(self):
        return (tuple(range(self.k)), *((self.k + i,) for i in range(self.size)))

    def _coordinates(self, theta):
        return np.append(theta[: -self.size], np.sqrt(theta[-self.size :]))

    def value(self, theta):
        root = np.tensordot(self._coordinates(theta), self.basis, 1)
        return root @ root.T

    def derivative(self, theta):
        gamma = np.tensordot(theta[: -self.size], self.basis[: -self.size], 1)
        half = self.basis[: -self.size] @ gamma.T
        unit = np.eye(self.size)
        return np.concatenate([half + half.transpose(0, 2, 1), unit[:, :, None] * unit])

    def start(self, covariance):
        """Principal factors of the correlations with half of each variance specific, rotated to zeros above the diagonal."""
        deviations = np.sqrt(np.diagonal(covariance))
        values, vectors = np.linalg.eigh(covariance / np.outer(deviations, deviations) - 0.5 * np.eye(self.size))
        gamma = vectors[:, -self.k :] * np.sqrt(np.maximum(values[-self.k :], 0.05))
        gamma = gamma @ np.linalg.qr(gamma[: self.k].T)[0]
        gamma *= np.where(gamma[range(self.k), range(self.k)] < 0.0, -1.0, 1.0)
        common = np.sum(gamma**2, axis=1)
        gamma *= np.sqrt(np.minimum(1.0, 0.8 / np.maximum(common, 1e-9)))[:, None]
        specific = 1.0 - np.sum(gamma**2, axis=1)
        rows, columns = self.places
        return np.append((gamma * deviations[:, None])[rows[: -self.size], columns[: -self.size]], specific * deviations**2)

    def alternatives(self, theta):
        """A third of what is common."""
        common = np.diagonal(self.value(theta)) - theta[-self.size :]
        return (np.append(theta[: -self.size] / np.sqrt(3.0), theta[-self.size :] + common * 2.0 / 3.0),)

    def chart(self, theta, reference):
        theta = self.require_admissible(theta)
        rows, columns = self.places
        first = np.where(columns < self.k, np.searchsorted(columns, columns), -1)
        return FactorAnalyticChart(self.basis, first, np.asarray(reference, dtype=float)[rows]), self._coordinates(theta)

    def _constrained_chart(self, theta, reference, constrained, held):
        chart, phi = self.chart(theta, reference)
        return replace(chart, floored=False), phi
