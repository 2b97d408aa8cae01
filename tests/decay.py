"""Structures that are not in the registry: correlations that decay with the steps between ordered levels, or with distance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from vcmodel.structures.base import Parameter, Structure
from vcmodel.structures.chart import Chart


@dataclass(frozen=True, eq=False)
class DecayChart(Chart):
    """One coordinate t, rho = 1 / (1 + exp(-t)); the loading is the Cholesky factor of rho ** distance."""

    linear: ClassVar[bool] = False
    distance: np.ndarray

    size = 1

    @property
    def order(self):
        return len(self.distance)

    def _rho(self, phi):
        return 1.0 / (1.0 + np.exp(-phi[0]))

    def loading(self, phi):
        return np.linalg.cholesky(self._rho(phi) ** self.distance)

    def loading_derivative(self, phi):
        rho, root = self._rho(phi), self.loading(phi)
        slope = self.distance * rho**self.distance * (1.0 - rho)
        inner = np.linalg.solve(root, np.linalg.solve(root, slope).T)
        return (root @ (np.tril(inner) - 0.5 * np.diag(np.diag(inner))))[None]

    def loading_curvature(self, phi, weights):
        step = np.array([1e-5])
        change = (self.loading_derivative(phi + step) - self.loading_derivative(phi - step)) / (2 * step)
        return np.array([[np.sum(weights * change[0])]])

    def reported(self, phi):
        return np.array([self._rho(phi)])

    def jacobian(self, phi):
        rho = self._rho(phi)
        return np.array([[rho * (1.0 - rho)]])


class Decay(Structure):
    """A correlation structure rho ** distance."""

    carries_variance: ClassVar[bool] = False
    summary: ClassVar[str] = "correlation that decays with distance"
    count: ClassVar[str] = "1"

    @property
    def parameters(self):
        return (Parameter(f"{self.factor}.pow", "correlation", "U"),)

    def value(self, theta):
        return theta[0] ** self.distance

    def derivative(self, theta):
        return (self.distance * theta[0] ** np.maximum(self.distance - 1.0, 0.0))[None]

    def curvature(self, theta, gradient):
        d = self.distance
        return np.array([[np.sum(gradient * d * (d - 1.0) * theta[0] ** (d - 2.0))]])

    def start(self, covariance):
        return np.array([0.5])

    def chart(self, theta, reference):
        return DecayChart(self.distance), np.log(theta / (1.0 - theta))


@dataclass(frozen=True)
class BySteps(Decay):
    """Distance is the number of levels between."""

    name: ClassVar[str] = "steps"
    ordered: ClassVar[bool] = True

    factor: str
    levels: tuple[str, ...]

    @cached_property
    def distance(self):
        place = np.arange(self.size, dtype=float)
        return np.abs(place[:, None] - place)


@dataclass(frozen=True)
class AlongLine(Decay):
    """Distance between the coordinates of the levels."""

    name: ClassVar[str] = "line"
    metric: ClassVar[tuple[int, ...]] = (1,)

    factor: str
    levels: tuple[str, ...]
    positions: tuple[tuple[float, ...], ...]

    @cached_property
    def distance(self):
        place = np.array(self.positions)
        return np.linalg.norm(place[:, None] - place, axis=2)


@dataclass(frozen=True)
class InPlane(AlongLine):
    """The same over two coordinates."""

    name: ClassVar[str] = "plane"
    metric: ClassVar[tuple[int, ...]] = (2,)


KINDS = {found.name: found for found in (BySteps, AlongLine, InPlane)}
