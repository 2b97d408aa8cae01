"""The chart of a structure that brings none: its reported parameters, variances as standard deviations and correlations as angles."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from vcmodel.errors import StructureError
from vcmodel.structures.chart import Array, Chart, Edge, Scale
from vcmodel.structures.regular_chart import RegularChart

if TYPE_CHECKING:
    from vcmodel.structures.parameter import Parameter


class ReportedMatrix(Protocol):
    """What the chart asks of a :class:`vcmodel.structures.base.Structure`."""

    name: ClassVar[str]
    factor: str

    @property
    def size(self) -> int:
        """K."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Reported parameters theta."""

    def root_pattern(self) -> NDArray[np.bool_]:
        """Entries (k, r) of the root that can be nonzero."""

    def require_admissible(self, theta: Array) -> Array:
        """`theta`, or an error."""

    def value(self, theta: Array) -> Array:
        """Sigma (k, k)."""

    def derivative(self, theta: Array) -> Array:
        """Derivative of Sigma by theta, (number of parameters, k, k)."""

    def curvature(self, theta: Array, gradient: Array) -> Array:
        """Sum over kl of gradient_kl d2 Sigma_kl / d theta d theta."""

    def start(self, covariance: Array) -> Array:
        """Theta near a covariance matrix (k, k)."""


@dataclass(frozen=True, eq=False)
class DefaultChart(RegularChart):
    """Standard deviations for variances, angles t for correlations cos t or -cos t, covariances and loadings as they are.

    An angle is counted from the nearer end, 1 or -1, so that both ends are edges like a standard deviation of zero. Every correlation of
    an iterate lies between -1 and 1; where that is not enough for a positive definite matrix, the point is not feasible and the search
    steps back. The loading is the Cholesky factor.
    Sigma must therefore be regular: the search comes as near to a singular matrix as its lower bounds are, 1e-4 standard
    deviations, and a structure that shall reach it brings a chart of its own. The variances of :class:`Homogeneous` and
    :class:`Heterogeneous` reach zero all the same.

    Attributes
    ----------
    structure : ReportedMatrix
    reference : (k,) array
        Standard deviation of the data at each level.
    signs : (m,) array
        The end, 1 or -1, from which the angles are counted; 1 for other coordinates.
    floored : bool
        Whether standard deviations and angles have edges at zero; else the former are scales, which constraints may tie.
    """

    linear: ClassVar[bool] = False

    structure: ReportedMatrix
    reference: Array
    signs: Array
    floored: bool = True

    @classmethod
    def of(cls, structure: ReportedMatrix, theta: Array, reference: Array, floored: bool = True) -> tuple[DefaultChart, Array]:
        """The chart, and the coordinates of `theta`.

        Raises
        ------
        StructureError
            `theta` is not admissible, or the structure has a root of a shape of its own and no chart to go with it.
        """
        if structure.root_pattern().shape != (structure.size,) * 2:
            raise StructureError(f"{structure.name}({structure.factor}): a structure whose root is not square must have a chart of its own")
        theta = structure.require_admissible(theta)
        chart = cls(structure, np.asarray(reference, dtype=float), np.ones(theta.size), floored)
        phi = np.where(chart.variances, np.sqrt(np.abs(theta)), theta)
        return chart._nearer(np.where(chart.correlations, np.arccos(np.clip(theta, -1.0, 1.0)), phi))

    @cached_property
    def variances(self) -> NDArray[np.bool_]:
        """Which coordinates are standard deviations."""
        return np.array([parameter.kind == "variance" for parameter in self.structure.parameters], dtype=bool)

    @cached_property
    def correlations(self) -> NDArray[np.bool_]:
        """Which coordinates are angles."""
        return np.array([parameter.kind == "correlation" for parameter in self.structure.parameters], dtype=bool)

    @property
    def size(self) -> int:
        """Number of reported parameters."""
        return len(self.structure.parameters)

    @property
    def order(self) -> int:
        """Number of rows, k."""
        return self.structure.size

    def reported(self, phi: Array) -> Array:
        """Squares of the standard deviations and cosines of the angles."""
        return np.where(self.variances, phi**2, np.where(self.correlations, self.signs * np.cos(phi), phi))

    def _slopes(self, phi: Array) -> Array:
        """Derivative of each reported parameter by its coordinate (m,)."""
        return np.where(self.variances, 2.0 * phi, np.where(self.correlations, -self.signs * np.sin(phi), 1.0))

    def jacobian(self, phi: Array) -> Array:
        """Diagonal."""
        return np.diag(self._slopes(phi))

    def value(self, phi: Array) -> Array:
        """The structure's matrix."""
        return self.structure.value(self.reported(phi))

    def derivative(self, phi: Array) -> Array:
        """The structure's derivative times the slopes."""
        return self._slopes(phi)[:, None, None] * self.structure.derivative(self.reported(phi))

    def curvature(self, phi: Array, gradient: Array) -> Array:
        """Chain rule: the structure's curvature between the slopes, and the second derivatives 2 and -cos t."""
        theta, slopes = self.reported(phi), self._slopes(phi)
        second = np.where(self.variances, 2.0, np.where(self.correlations, -theta, 0.0))
        bent = second * np.tensordot(self.structure.derivative(theta), gradient, 2)
        return slopes[:, None] * self.structure.curvature(theta, gradient) * slopes + np.diag(bent)

    def bent(self) -> NDArray[np.bool_]:
        """The angles: matrices linear in their correlations have charts of their own."""
        return self.correlations

    def renormalise(self, phi: Array) -> tuple[Chart, Array]:
        """Standard deviations made positive, angles counted from the nearer end."""
        return self._nearer(np.where(self.variances, np.abs(phi), np.where(self.correlations, np.arccos(np.cos(phi)), phi)))

    def _nearer(self, phi: Array) -> tuple[DefaultChart, Array]:
        """The chart and the point with angles beyond 90 degrees counted from the other end."""
        far = self.correlations & (phi > 0.5 * np.pi)
        if not far.any():
            return self, phi
        return replace(self, signs=np.where(far, -self.signs, self.signs)), np.where(far, np.pi - phi, phi)

    def _scales(self) -> list[tuple[int, float]]:
        """Each standard deviation with that of the data at the levels whose variance it moves."""
        moves = self.structure.derivative(self.structure.start(np.diag(self.reference**2)))
        found = []
        for index in np.flatnonzero(self.variances).tolist():
            levels = np.diagonal(moves[index]) != 0.0
            found.append((index, float(np.sqrt(np.mean(self.reference[levels if levels.any() else slice(None)] ** 2)))))
        return found

    @cached_property
    def _edges(self) -> tuple[Edge, ...]:
        ends = [(index, 1.0) for index in np.flatnonzero(self.correlations).tolist()]
        return tuple(Edge(index, (index,), scale) for index, scale in sorted(self._scales() + ends)) if self.floored else ()

    def edges(self, phi: Array) -> tuple[Edge, ...]:
        """Each standard deviation and each angle at zero."""
        return self._edges

    def constrained(self, phi: Array) -> Array:
        """Standard deviations, and the other parameters as reported."""
        return np.where(self.variances, phi, self.reported(phi))

    def constrained_jacobian(self, phi: Array) -> Array:
        """Diagonal."""
        return np.diag(np.where(self.variances, 1.0, self._slopes(phi)))

    def constrained_curvature(self, phi: Array, weights: Array) -> Array:
        """Of the cosines."""
        return np.diag(np.where(self.correlations, -self.reported(phi) * weights, 0.0))

    @cached_property
    def _scale_coordinates(self) -> tuple[Scale, ...]:
        return () if self.floored else tuple(Scale(index, scale, False) for index, scale in self._scales())

    def scale_coordinates(self, phi: Array) -> tuple[Scale, ...]:
        """Each standard deviation, unless it has an edge."""
        return self._scale_coordinates

    def settled(self, phi: Array, tolerance: float) -> tuple[Chart, Array]:
        """Small standard deviations put to zero where the matrix stays regular without them."""
        settled = phi.copy()
        for index, scale in self._scales():
            if abs(phi[index]) < tolerance * scale:
                settled[index] = 0.0
        return self, settled if self.feasible(settled) else phi

    def angles(self) -> NDArray[np.bool_]:
        """The angles."""
        return self.correlations
