"""A matrix that does not move: every parameter held."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vcmodel.structures.chart import Array, Chart


@dataclass(frozen=True, eq=False)
class FixedChart(Chart):
    """A chart without coordinates.

    Attributes
    ----------
    sigma : (k, k) array
        Positive semi-definite.
    root : (k, r) array
        Lambda, sigma = Lambda Lambda'.
    theta : array
        The reported parameters.
    regular : array
        The same on the scale of constraints, see :meth:`vcmodel.structures.parameter.Parameter.regular`.
    """

    sigma: Array
    root: Array
    theta: Array
    regular: Array

    @property
    def size(self) -> int:
        """No coordinates."""
        return 0

    @property
    def order(self) -> int:
        """Number of rows, k."""
        return len(self.sigma)

    def loading(self, phi: Array) -> Array:
        """The root (k, r)."""
        return self.root

    def loading_derivative(self, phi: Array) -> Array:
        """Empty, (0, k, r)."""
        return np.zeros((0, *self.root.shape))

    def value(self, phi: Array) -> Array:
        """The matrix."""
        return self.sigma

    def curvature(self, phi: Array, gradient: Array) -> Array:
        """Empty, (0, 0)."""
        return np.zeros((0, 0))

    def reported(self, phi: Array) -> Array:
        """The parameters."""
        return self.theta

    def jacobian(self, phi: Array) -> Array:
        """Empty, (number of parameters, 0)."""
        return np.zeros((len(self.theta), 0))

    def constrained(self, phi: Array) -> Array:
        """The parameters, standard deviations in place of variances."""
        return self.regular
