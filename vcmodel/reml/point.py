"""A position of the solver: one part per component, with its chart and the coordinates in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.structures.component_chart import ComponentChart
from vcmodel.structures.matrix_chart import MatrixChart

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from vcmodel.reml.components import Component
    from vcmodel.reml.constraints import Constraints
    from vcmodel.structures.chart import Chart, Edge

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Part:
    """A component at a point. Immutable: what is computed from the coordinates is computed once.

    Attributes
    ----------
    component : Component
    chart : Chart
    phi : (chart.size,) array
        The coordinates.
    where : slice
        Where they stand in the vector of all coordinates.
    """

    component: Component
    chart: Chart
    phi: Array
    where: slice

    @cached_property
    def sigma(self) -> Array:
        """Sigma (k, k)."""
        return self.chart.value(self.phi)

    @cached_property
    def loading(self) -> Array:
        """Lambda (k, r), Sigma = Lambda Lambda'."""
        return self.chart.loading(self.phi)

    @cached_property
    def derivative(self) -> Array:
        """Derivative of Sigma (m, k, k) by the coordinates."""
        return self.chart.derivative(self.phi)

    @cached_property
    def loading_derivative(self) -> Array:
        """Derivative of Lambda (m, k, r) by the coordinates."""
        return self.chart.loading_derivative(self.phi)

    @cached_property
    def natural(self) -> Array:
        """Standard deviations of the data (m,) by which a unit of each coordinate moves the root; of sparse parts, the size of the root."""
        by_level = self.component.reference[:, None]
        result = np.linalg.norm(self.loading_derivative / by_level, axis=(1, 2))
        result[result.size - self.chart.n_sparse :] = np.linalg.norm(self.loading / by_level)
        return np.asarray(result)

    @cached_property
    def changes(self) -> Array:
        """Change (n, m) of the matrix by each coordinate, in units of the data's variance.

        The entries of Sigma, and a row for each coordinate of a sparse part: the most that a unit of it may change in an entry.
        """
        m, inner = self.chart.size, self.chart.n_sparse
        result = np.zeros((self.unit.size + inner, m))
        result[: self.unit.size] = (self.derivative / self.unit).reshape(m, self.unit.size).T
        result[self.unit.size :, m - inner :] = np.max(np.abs(self.sigma / self.unit), initial=0.0) * np.eye(inner)
        return result

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """The edges of the chart's domain."""
        return self.chart.edges(self.phi)

    @cached_property
    def reported(self) -> Array:
        """The reported parameters theta; NaN where undefined."""
        return self.chart.reported(self.phi)

    @property
    def unit(self) -> Array:
        """Covariances (k, k) of data as large as the reference: what Sigma is measured against."""
        return np.outer(self.component.reference, self.component.reference)

    def feasible(self) -> bool:
        """Whether the matrix is positive semi-definite."""
        return self.chart.feasible(self.phi)

    def renormalised(self) -> tuple[Chart, Array]:
        """Chart and coordinates with signs and pivots in order; the same Sigma."""
        return self.chart.renormalise(self.phi)

    def with_sigma(self, sigma: Array, root: Array | None = None) -> tuple[Chart, Array]:
        """Chart and coordinates for another Sigma (k, k) with the given root, which does not move; sparse parts stay as they are."""
        fixed = MatrixChart(sigma, root)
        if isinstance(self.chart, ComponentChart):
            return self.chart.beside(fixed), self.phi[self.phi.size - self.chart.n_sparse :]
        return fixed, np.zeros(0)


@dataclass(frozen=True, eq=False)
class Point:
    """The parts of all components, in their order: random terms, then residual sections."""

    parts: tuple[Part, ...]

    @classmethod
    def of(cls, positions: Iterable[tuple[Component, Chart, Array]]) -> Point:
        """The point with these components, charts and coordinates."""
        parts, start = [], 0
        for component, chart, phi in positions:
            parts.append(Part(component, chart, phi, slice(start, start + chart.size)))
            start += chart.size
        return cls(tuple(parts))

    def __iter__(self) -> Iterator[Part]:
        """The parts in order."""
        return iter(self.parts)

    def __getitem__(self, index: int) -> Part:
        """A part by the position of its component."""
        return self.parts[index]

    def __len__(self) -> int:
        """Number of components."""
        return len(self.parts)

    @property
    def components(self) -> tuple[Component, ...]:
        """The component of each part."""
        return tuple(part.component for part in self.parts)

    @property
    def size(self) -> int:
        """m, the number of coordinates."""
        return self.parts[-1].where.stop if self.parts else 0

    @property
    def random(self) -> list[Part]:
        """The parts of the random terms."""
        return [part for part in self.parts if part.component.is_random]

    @property
    def residual(self) -> list[Part]:
        """The parts of the residual sections."""
        return [part for part in self.parts if not part.component.is_random]

    def vector(self) -> Array:
        """All coordinates (m,), concatenated; the caller's own."""
        return np.concatenate([part.phi for part in self.parts]) if self.parts else np.zeros(0)

    def moved(self, vector: Array) -> Point:
        """The same charts at other coordinates."""
        return Point(tuple(replace(part, phi=vector[part.where].copy()) for part in self.parts))

    def changed(self, positions: Mapping[int, tuple[Chart, Array]]) -> Point:
        """The point with other charts and coordinates of some components; parts that stay as they are are the same objects."""
        parts, start = [], 0
        for c, part in enumerate(self.parts):
            chart, phi = positions.get(c, (part.chart, part.phi))
            where = slice(start, start + chart.size)
            same = chart is part.chart and phi is part.phi and where == part.where
            parts.append(part if same else Part(part.component, chart, phi, where))
            start = where.stop
        return Point(tuple(parts))

    def feasible(self) -> bool:
        """Whether every matrix is positive semi-definite."""
        return all(part.feasible() for part in self.parts)

    def renormalised(self) -> Point:
        """Signs and pivots in order; every Sigma unchanged."""
        return self.changed(dict(enumerate(part.renormalised() for part in self.parts)))


def starting_point(components: Sequence[Component], constraints: Constraints) -> Point:
    """The charts at the starting values; held and tied parameters as their charts have them, not yet at their constraints."""
    positions = []
    for c, component in enumerate(components):
        theta, held = constraints.theta[c], constraints.fixed[c]
        chart, phi = component.structure.constrained_chart(theta, component.reference, constraints.constrained(c), held)
        positions.append((component, chart, np.asarray(phi, dtype=float)))
    return Point.of(positions)
