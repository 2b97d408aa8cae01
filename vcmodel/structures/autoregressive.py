"""First-order autoregression over levels in their order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from vcmodel.structures.base import Parameter, Structure
from vcmodel.structures.chart import Array, Chart, Edge
from vcmodel.structures.correlations import DEFAULT_START, LARGEST_START, SNAP, correlation_matrix
from vcmodel.structures.identity import IdentityChart
from vcmodel.structures.scaling import Heterogeneous, Homogeneous
from vcmodel.structures.sparse_inverse import SparseInverse

# a correlation above this is one of a trend rather than of neighbours
NEARLY_ONE = 0.99


@dataclass(frozen=True)
class Autoregressive(Structure):
    """R_ij = rho^|i - j| between the i-th and the j-th level; no parameter for a single level."""

    name: ClassVar[str] = "ar1"
    carries_variance: ClassVar[bool] = False
    ordered: ClassVar[bool] = True
    summary: ClassVar[str] = "autoregression of first order"
    count: ClassVar[str] = "1"

    factor: str
    levels: tuple[str, ...]

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The correlation of neighbours, if there are two levels."""
        return (Parameter(f"{self.factor}.cor", "correlation", "U"),) if self.size > 1 else ()

    @cached_property
    def lags(self) -> Array:
        """Steps between two levels, (k, k)."""
        place = np.arange(self.size, dtype=float)
        return np.abs(place[:, None] - place)

    def value(self, theta: Array) -> Array:
        """Sigma (k, k)."""
        return np.asarray(theta[0] ** self.lags if self.size > 1 else np.ones((1, 1)), dtype=float)

    def derivative(self, theta: Array) -> Array:
        """Derivative by rho (1, k, k)."""
        if self.size == 1:
            return np.zeros((0, 1, 1))
        return np.asarray((self.lags * theta[0] ** np.maximum(self.lags - 1.0, 0.0))[None], dtype=float)

    def curvature(self, theta: Array, gradient: Array) -> Array:
        """Second derivative by rho, (1, 1)."""
        if self.size == 1:
            return np.zeros((0, 0))
        return np.array([[np.sum(gradient * self.lags * (self.lags - 1.0) * theta[0] ** np.maximum(self.lags - 2.0, 0.0))]])

    def start(self, covariance: Array) -> Array:
        """The mean correlation of neighbours, at most 0.9."""
        if self.size == 1:
            return np.zeros(0)
        if len(covariance) == 1 or np.count_nonzero(covariance) == np.count_nonzero(np.diagonal(covariance)):
            return np.array([DEFAULT_START])
        near = float(np.mean(np.diagonal(correlation_matrix(covariance), 1)))
        return np.array([DEFAULT_START if abs(near) <= SNAP else np.clip(near, -LARGEST_START, LARGEST_START)])

    def alternatives_to(self, theta: Array, end: Array) -> tuple[Array, ...]:
        """A half, where neighbours ended as contrary or nearly the same: beside independent errors there may be maxima at both ends."""
        return (np.array([0.5]),) if self.size > 1 and not 0.0 <= end[0] <= NEARLY_ONE else ()

    def admissible(self, theta: Array) -> bool:
        """Whether rho lies between -1 and 1, both included."""
        theta = np.asarray(theta, dtype=float)
        return theta.shape == (len(self.parameters),) and bool(np.all(np.abs(theta) <= 1.0))

    def chart(self, theta: Array, reference: Array) -> tuple[Chart, Array]:
        """One angle, counted from the nearer of rho = 1 and rho = -1."""
        theta = self.require_admissible(theta)
        if self.size == 1:
            return IdentityChart(1), theta
        return AutoregressiveChart(self).renormalise(np.arccos(theta))

    def _constrained_chart(
        self, theta: Array, reference: Array, constrained: NDArray[np.bool_], held: NDArray[np.bool_]
    ) -> tuple[Chart, Array]:
        """One angle without edges."""
        chart, phi = self.chart(theta, reference)
        return (replace(chart, floored=False) if isinstance(chart, AutoregressiveChart) else chart), phi

    def sparse_inverse(self) -> SparseInverse:
        """Tridiagonal."""
        return AutoregressiveInverse(self.size)


class AutoregressiveHomogeneous(Homogeneous):
    """v R: one variance for all levels."""

    name: ClassVar[str] = "ar1v"
    family: ClassVar[type[Structure]] = Autoregressive
    ordered: ClassVar[bool] = True
    summary: ClassVar[str] = "autoregression of first order, one variance"
    count: ClassVar[str] = "2"


class AutoregressiveHeterogeneous(Heterogeneous):
    """S R S: one variance per level."""

    name: ClassVar[str] = "ar1h"
    family: ClassVar[type[Structure]] = Autoregressive
    ordered: ClassVar[bool] = True
    summary: ClassVar[str] = "autoregression of first order, one variance per level"
    count: ClassVar[str] = "w + 1"


@dataclass(frozen=True, eq=False)
class AutoregressiveChart(Chart):
    """One angle t, rho = cos t or -cos t: the root rho^i, then rho^(i - j) sin t, is smooth up to the ends, where R has rank one.

    Attributes
    ----------
    structure : Autoregressive
        Over two levels or more.
    sign : float
        The end, 1 or -1, from which the angle is counted.
    floored : bool
        Whether the angle has an edge at zero.
    """

    linear: ClassVar[bool] = False

    structure: Autoregressive
    sign: float = 1.0
    floored: bool = True

    @property
    def size(self) -> int:
        """One."""
        return 1

    @property
    def order(self) -> int:
        """Number of rows, k."""
        return self.structure.size

    def reported(self, phi: Array) -> Array:
        """Rho."""
        return self.sign * np.cos(phi)

    def jacobian(self, phi: Array) -> Array:
        """Derivative of rho by the angle, (1, 1)."""
        return -self.sign * np.sin(phi)[:, None]

    def loading(self, phi: Array) -> Array:
        """The Cholesky factor (k, k) in closed form."""
        root = np.tril(self.structure.value(self.reported(phi)))
        root[:, 1:] *= np.sin(phi[0])
        return root

    def loading_derivative(self, phi: Array) -> Array:
        """Derivative by the angle (1, k, k)."""
        rho = self.reported(phi)
        powers = np.tril(self.structure.value(rho))
        change = np.tril(self.structure.derivative(rho)[0]) * -self.sign * np.sin(phi[0])
        change[:, 1:] = change[:, 1:] * np.sin(phi[0]) + powers[:, 1:] * np.cos(phi[0])
        return change[None]

    def value(self, phi: Array) -> Array:
        """R (k, k)."""
        return self.structure.value(self.reported(phi))

    def derivative(self, phi: Array) -> Array:
        """Derivative of R by the angle (1, k, k)."""
        return self.structure.derivative(self.reported(phi)) * self.jacobian(phi)[0, 0]

    def curvature(self, phi: Array, gradient: Array) -> Array:
        """Chain rule, (1, 1)."""
        rho = self.reported(phi)
        bent = -rho[0] * np.sum(self.structure.derivative(rho)[0] * gradient)
        return self.structure.curvature(rho, gradient) * np.sin(phi[0]) ** 2 + bent

    def bent(self) -> NDArray[np.bool_]:
        """The angle."""
        return np.ones(1, dtype=bool)

    def edges(self, phi: Array) -> tuple[Edge, ...]:
        """The angle at zero."""
        return (Edge(0, (0,), 1.0, singular=True),) if self.floored else ()

    def renormalise(self, phi: Array) -> tuple[Chart, Array]:
        """The angle counted from the nearer end."""
        angle = np.arccos(np.cos(phi))
        if angle[0] > 0.5 * np.pi:
            return replace(self, sign=-self.sign), np.pi - angle
        return self, angle

    def constrained(self, phi: Array) -> Array:
        """Rho."""
        return self.reported(phi)

    def constrained_jacobian(self, phi: Array) -> Array:
        """That of rho."""
        return self.jacobian(phi)

    def constrained_curvature(self, phi: Array, weights: Array) -> Array:
        """Of the cosine."""
        return np.diag(-self.reported(phi) * weights)

    def angles(self) -> NDArray[np.bool_]:
        """The angle."""
        return np.ones(1, dtype=bool)


@dataclass(frozen=True, eq=False)
class AutoregressiveInverse(SparseInverse):
    """K^-1 = [E + (1 + rho^2) I - rho N] / (1 - rho^2): E the ends, I the interior, N the neighbours.

    Attributes
    ----------
    levels : int
        k.
    """

    levels: int

    @property
    def order(self) -> int:
        """k, the number of levels."""
        return self.levels

    def matrices(self) -> tuple[sparse.csc_matrix, ...]:
        """Ends, interior and neighbours; the single level alone."""
        k = self.levels
        if k == 1:
            return (sparse.identity(1, format="csc"),)
        ends = np.zeros(k)
        ends[[0, -1]] = 1.0
        beside = np.ones(k - 1)
        return tuple(
            sparse.csc_matrix(matrix)
            for matrix in (sparse.diags([ends], [0]), sparse.diags([1.0 - ends], [0]), sparse.diags([beside, beside], [-1, 1]))
        )

    def coefficients(self, theta: Array) -> Array:
        """1, 1 + rho^2 and -rho over 1 - rho^2."""
        if self.levels == 1:
            return np.ones(1)
        rho = float(theta[0])
        with np.errstate(divide="ignore"):
            return np.array([1.0, 1.0 + rho**2, -rho]) / np.float64(1.0 - rho**2)

    def derivative(self, theta: Array) -> Array:
        """Derivative of the coefficients by rho, (1, 3)."""
        if self.levels == 1:
            return np.zeros((0, 1))
        rho = float(theta[0])
        with np.errstate(divide="ignore"):
            return np.array([[2.0 * rho, 4.0 * rho, -(1.0 + rho**2)]]) / np.float64(1.0 - rho**2) ** 2

    def logdet(self, theta: Array) -> float:
        """(k - 1) log(1 - rho^2)."""
        with np.errstate(divide="ignore"):
            return float((self.levels - 1) * np.log1p(-(theta[0] ** 2))) if self.levels > 1 else 0.0

    def logdet_derivative(self, theta: Array) -> Array:
        """Derivative of log|K| by rho, (1,)."""
        with np.errstate(divide="ignore"):
            return -2.0 * (self.levels - 1) * theta / (1.0 - theta**2)
