"""Parameters of a fit: the matrices to estimate, their row names, and the free coordinates the solver moves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.errors import StructureError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.design.design import Design
    from vcmodel.reml.constraints import Constraints
    from vcmodel.structures.base import Structure
    from vcmodel.structures.chart import Chart

    Array = NDArray[np.float64]


@dataclass(frozen=True)
class Component:
    """One matrix Sigma to estimate: of a random term or of a residual section.

    Attributes
    ----------
    kind : str
        ``"random"`` or ``"residual"``.
    index : int
        Position among the random terms or the sections.
    reference : (k,) array
        Standard deviation of the data at each level, divided by the size of the covariate if there is one.
    rows : tuple of str
        Row names of the reported parameters.
    """

    kind: str
    index: int
    label: str
    structure: Structure
    reference: Array
    rows: tuple[str, ...]


def row_names(label: str, structure: Structure, kind: str) -> tuple[str, ...]:
    """The varcomp rows of a component: label, ``!`` and the parameter; a single variance has the bare label or ``label!R``."""
    alone = label if kind == "random" else f"{label}!R"
    return tuple(f"{label}!{parameter.suffix}" if parameter.suffix else alone for parameter in structure.parameters)


def make_components(design: Design, references: Sequence[Array]) -> tuple[Component, ...]:
    """Random terms as written, then the residual sections."""
    parts = [("random", i, term.label, term.structure) for i, term in enumerate(design.terms)]
    parts += [("residual", i, section.label, section.structure) for i, section in enumerate(design.sections)]
    components = tuple(
        Component(kind, index, label, structure, reference, row_names(label, structure, kind))
        for (kind, index, label, structure), reference in zip(parts, references, strict=True)
    )
    names = [row for component in components for row in component.rows]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise StructureError(f"two terms report the same parameter {twice[0]!r}; the model contains a term twice: remove one")
    return components


@dataclass(frozen=True)
class Point:
    """A position of the solver: one chart and its coordinates per component."""

    charts: tuple[Chart, ...]
    phi: tuple[Array, ...]

    @property
    def slices(self) -> list[slice]:
        """Where each component's coordinates stand in the concatenated vector."""
        ends = np.cumsum([0, *(chart.size for chart in self.charts)]).tolist()
        return [slice(a, b) for a, b in pairwise(ends)]

    def vector(self) -> Array:
        """All coordinates, concatenated."""
        return np.concatenate(self.phi) if self.phi else np.zeros(0)

    def moved(self, vector: Array) -> Point:
        """The same charts at other coordinates."""
        return replace(self, phi=tuple(vector[part].copy() for part in self.slices))

    def feasible(self) -> bool:
        """Whether every matrix is positive semi-definite."""
        return all(chart.feasible(phi) for chart, phi in zip(self.charts, self.phi, strict=True))

    def renormalised(self) -> Point:
        """Signs and pivots in order; every Sigma unchanged."""
        pairs = [chart.renormalise(phi) for chart, phi in zip(self.charts, self.phi, strict=True)]
        return Point(tuple(chart for chart, _ in pairs), tuple(phi for _, phi in pairs))


def starting_point(components: Sequence[Component], constraints: Constraints) -> Point:
    """The charts at the starting values; held and tied parameters as their charts have them, not yet at their constraints."""
    charts, phi = [], []
    for c, component in enumerate(components):
        theta, held = constraints.theta[c], constraints.fixed[c]
        chart, coordinates = component.structure.constrained_chart(theta, component.reference, constraints.constrained(c), held)
        charts.append(chart)
        phi.append(np.asarray(coordinates, dtype=float))
    return Point(tuple(charts), tuple(phi))
