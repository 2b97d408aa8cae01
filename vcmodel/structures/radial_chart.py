"""Correlation matrices linear in few correlations, seen from one of them: how far towards the boundary, and in which direction.

The matrices I + theta_1 E_1 + ... are positive semi-definite on a convex set. From a point c inside of it every ray leaves the set where
one eigenvalue becomes zero, so that theta = c + cos(t) r(u) u reaches each point but c by its direction u and an angle t, which is zero on
the boundary.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from vcmodel.structures.central_differences import differences
from vcmodel.structures.chart import Array, Chart, Edge

# angles beyond OUTER are too near the centre, where directions mean little; a centre lies INNER of the way to the boundary behind it
OUTER, INNER = 1.25, 0.5


@dataclass(frozen=True, eq=False)
class RadialChart(Chart):
    """The angle t, then the direction: w = direction + z'tangent, u is proportional to it.

    With C = I + sum of c_j E_j = F F' and B(w) = F^-1 (sum of w_j E_j) F^-T, whose least eigenvalue is l(w) < 0, Sigma is
    F (I - cos(t) B / l) F', and F times the symmetric root of the bracket is a root of it that is smooth up to t = 0.

    Attributes
    ----------
    basis : (p, k, k) array
        E.
    centre : (p,) array
    direction : (p,) array
        Of unit length.
    tangent : (p - 1, p) array
        An orthonormal basis of its complement.
    floored : bool
        Whether there is an edge at t = 0.
    """

    linear: ClassVar[bool] = False

    basis: Array
    centre: Array
    direction: Array
    tangent: Array
    floored: bool = True

    @classmethod
    def of(cls, basis: Array, theta: Array, floored: bool) -> tuple[RadialChart, Array]:
        """The chart seen from zero, or from the other side of it where `theta` is near zero; and the coordinates of `theta`."""
        centre = np.zeros(len(theta))
        size = float(np.linalg.norm(theta))
        direction = theta / size if size > 0.0 else np.eye(len(theta))[0]
        if size < np.cos(OUTER) * reach(basis, centre, direction):
            centre = -INNER * reach(basis, centre, -direction) * direction
        return cls._seen_from(basis, centre, theta, floored)

    @classmethod
    def _seen_from(cls, basis: Array, centre: Array, theta: Array, floored: bool) -> tuple[RadialChart, Array]:
        """The chart around the direction from `centre` to `theta`."""
        away = theta - centre
        size = float(np.linalg.norm(away))
        direction = away / size
        tangent = np.linalg.qr(np.column_stack([direction, np.eye(len(theta))]))[0][:, 1 : len(theta)].T
        share = min(size / reach(basis, centre, direction), 1.0)
        # from the part that is missing to the boundary, an angle keeps its digits
        return cls(basis, centre, direction, tangent, floored), np.append(np.arccos(share), np.zeros(len(theta) - 1))

    @property
    def size(self) -> int:
        """Number of correlations, p."""
        return len(self.centre)

    @property
    def order(self) -> int:
        """Number of rows, k."""
        return int(self.basis.shape[1])

    @cached_property
    def _root(self) -> Array:
        """F (k, k)."""
        return np.asarray(np.linalg.cholesky(np.eye(self.order) + np.tensordot(self.centre, self.basis, 1)))

    @cached_property
    def _inner_basis(self) -> Array:
        """F^-1 E F^-T (p, k, k)."""
        half = np.linalg.solve(self._root, self.basis)
        return np.linalg.solve(self._root, half.transpose(0, 2, 1))

    def _toward(self, phi: Array) -> Array:
        """W (p,)."""
        return self.direction + phi[1:] @ self.tangent

    def _spectrum(self, phi: Array) -> tuple[Array, Array, Array]:
        """W, and the eigenvalues and eigenvectors of B(w), ascending."""
        toward = self._toward(phi)
        values, vectors = np.linalg.eigh(np.tensordot(toward, self._inner_basis, 1))
        return toward, values, vectors

    def reported(self, phi: Array) -> Array:
        """The correlations: c - cos(t) w / l."""
        toward, values, _ = self._spectrum(phi)
        return self.centre - np.cos(phi[0]) * toward / values[0]

    def jacobian(self, phi: Array) -> Array:
        """Derivative of the correlations by phi, (p, p)."""
        toward, values, vectors = self._spectrum(phi)
        least = vectors[:, 0]
        by_toward = np.einsum("k,pkl,l->p", least, self._inner_basis, least)
        along = np.eye(self.size) / values[0] - np.outer(toward, by_toward) / values[0] ** 2
        return np.column_stack([np.sin(phi[0]) * toward / values[0], -np.cos(phi[0]) * along @ self.tangent.T])

    def value(self, phi: Array) -> Array:
        """Sigma (k, k)."""
        return np.eye(self.order) + np.tensordot(self.reported(phi), self.basis, 1)

    def derivative(self, phi: Array) -> Array:
        """Linear in the correlations, (p, k, k)."""
        return np.tensordot(self.jacobian(phi).T, self.basis, 1)

    def curvature(self, phi: Array, gradient: Array) -> Array:
        """Of the correlations, by central differences."""
        return self.constrained_curvature(phi, np.tensordot(self.basis, gradient, 2))

    def _roots(self, values: Array, phi: Array) -> Array:
        """Roots of 1 - cos(t) values / l, with the sign of t for the least."""
        above = 1.0 - values / values[0]  # exactly zero for the least
        half = np.sin(0.5 * phi[0])
        return np.where(above <= 0.0, np.sqrt(2.0) * half, np.sqrt(np.maximum(above, 0.0) * np.cos(phi[0]) + 2.0 * half**2))

    def loading(self, phi: Array) -> Array:
        """F times the symmetric root, (k, k)."""
        _, values, vectors = self._spectrum(phi)
        return self._root @ (vectors * self._roots(values, phi)) @ vectors.T

    def loading_derivative(self, phi: Array) -> Array:
        """Derivative of the root by phi (p, k, k), by divided differences between its eigenvalues."""
        _, values, vectors = self._spectrum(phi)
        roots, relative = self._roots(values, phi), -values / values[0]
        at_least = relative <= -1.0
        slopes = -np.sin(phi[0]) * relative / (2.0 * np.where(at_least, 1.0, roots))
        turned = vectors.T @ np.tensordot(self.tangent, self._inner_basis, 1) @ vectors
        moved = np.diag(values) * turned[:, :1, :1] / values[0] ** 2 - turned / values[0]
        sums = roots[:, None] + roots
        idle = at_least[:, None] & at_least  # the least is -1 whatever the direction
        by_direction = np.where(idle, 0.0, np.cos(phi[0]) * moved / np.where(idle, 1.0, sums))
        by_angle = np.diag(np.where(at_least, np.sqrt(0.5) * np.cos(0.5 * phi[0]), slopes))
        return np.asarray(self._root @ vectors @ np.concatenate([by_angle[None], by_direction]) @ vectors.T)

    def edges(self, phi: Array) -> tuple[Edge, ...]:
        """The boundary."""
        return (Edge(0, (0,), 1.0, singular=True),) if self.floored else ()

    def renormalise(self, phi: Array) -> tuple[Chart, Array]:
        """The angle counted from the boundary ahead; centred at the direction; seen from elsewhere where the point is near the centre."""
        if 0.0 <= phi[0] <= OUTER and not np.any(phi[1:]):
            return self, phi
        angle = np.abs(np.remainder(phi[0] + np.pi, 2.0 * np.pi) - np.pi)
        theta = self.reported(phi)
        if angle > OUTER:
            return self.of(self.basis, theta, self.floored)
        toward = self._toward(phi)
        direction = toward / np.linalg.norm(toward)
        tangent = np.linalg.qr(np.column_stack([direction, np.eye(self.size)]))[0][:, 1 : self.size].T
        return replace(self, direction=direction, tangent=tangent), np.append(angle, np.zeros(self.size - 1))

    def angles(self) -> NDArray[np.bool_]:
        """The angle."""
        return np.arange(self.size) == 0

    def constrained(self, phi: Array) -> Array:
        """The correlations."""
        return self.reported(phi)

    def constrained_jacobian(self, phi: Array) -> Array:
        """That of the correlations."""
        return self.jacobian(phi)

    def constrained_curvature(self, phi: Array, weights: Array) -> Array:
        """By central differences."""
        return differences(lambda point: weights @ self.jacobian(point), phi)


def reach(basis: Array, centre: Array, direction: Array) -> float:
    """How far from `centre` the boundary lies in a `direction`."""
    root = np.linalg.cholesky(np.eye(basis.shape[1]) + np.tensordot(centre, basis, 1))
    half = np.linalg.solve(root, np.tensordot(direction, basis, 1))
    return float(-1.0 / np.linalg.eigvalsh(np.linalg.solve(root, half.T))[0])
