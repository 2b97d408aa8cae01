"""Parameters of a fit: the matrices to estimate, their row names, and the free coordinates the solver moves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.errors import StructureError, choices
from vcmodel.structures.reported_chart import ReportedChart

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from vcmodel.design.design import Design
    from vcmodel.structures.base import Chart, Structure

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
class Wishes:
    """What the user fixed, tied or started, by position: one array per component.

    Attributes
    ----------
    theta : tuple of arrays
        Starting values of the reported parameters.
    fixed : tuple of bool arrays
        Parameters held at their start.
    group : tuple of int arrays
        Number of the equality group, -1 for none.
    """

    theta: tuple[Array, ...]
    fixed: tuple[NDArray[np.bool_], ...]
    group: tuple[NDArray[np.int64], ...]

    def reported_scale(self, index: int) -> bool:
        """Whether a component must be worked on its reported scale."""
        return bool(self.fixed[index].any() or (self.group[index] >= 0).any())


def read_wishes(
    components: Sequence[Component],
    defaults: Sequence[Array],
    start: Mapping[str, float] | None,
    bounds: Mapping[str, str] | None,
    equal: Sequence[Sequence[str]] | None,
) -> Wishes:
    """The user's start, bounds and equal by position.

    Raises
    ------
    StructureError
        An unknown row, a start outside its bounds, a bound that cannot be had, or an inconsistent group.
    """
    place = {row: (c, i) for c, component in enumerate(components) for i, row in enumerate(component.rows)}

    def find(row: str, argument: str) -> tuple[int, int]:
        if row not in place:
            raise StructureError(f"{argument}: no parameter {row!r}; {choices(row, place, 'parameters')}")
        return place[row]

    theta = [np.array(values, dtype=float) for values in defaults]
    fixed = [np.zeros(values.size, dtype=bool) for values in defaults]
    group = [np.full(values.size, -1, dtype=np.int64) for values in defaults]
    touched = set()
    for row, value in (start or {}).items():
        c, i = find(row, "start")
        if not np.isfinite(value):
            raise StructureError(f"start: {row!r} = {value} is not a finite number")
        theta[c][i] = float(value)
        touched.add(c)
    for row, code in (bounds or {}).items():
        c, i = find(row, "bounds")
        parameter = components[c].structure.parameters[i]
        if code == "F":
            fixed[c][i] = True
        elif code == "U" and parameter.kind == "variance":
            raise StructureError(
                f"bounds: {row!r} is a variance and cannot be unbounded (U); a negative variance is written as a negative "
                "residual correlation, e.g. residual='id(batch):cor(sample)'"
            )
        elif code not in ("P", "U"):
            raise StructureError(f"bounds: {row!r} = {code!r}; the codes are 'P' (positive definite), 'U' (unbounded), 'F' (fixed)")
        elif code != parameter.bound:
            raise StructureError(f"bounds: {row!r} is {parameter.bound} by its structure and cannot be made {code}; leave it out or use 'F'")
    for number, rows in enumerate(equal or ()):
        _tie(rows, number, components, find, theta, fixed, group, touched, bool(start))
    for c in touched:
        _check_start(components[c], theta[c])
    return Wishes(tuple(theta), tuple(fixed), tuple(group))


def _tie(rows, number, components, find, theta, fixed, group, touched, started) -> None:  # noqa: ANN001
    """Mark one equality group; members start at their mean (geometric for variances), or at the value of a fixed or started member."""
    if isinstance(rows, str) or len(rows) < 2:
        raise StructureError(f"equal: {rows!r} is not a group of at least two parameter names")
    members = [find(row, "equal") for row in rows]
    kinds = {components[c].structure.parameters[i].kind for c, i in members}
    if len(kinds) > 1:
        raise StructureError(f"equal: {', '.join(rows)} mix {' and '.join(sorted(kinds))}; tie parameters of one kind")
    values = np.array([theta[c][i] for c, i in members])
    given = [theta[c][i] for c, i in members if c in touched and started]
    common = float(given[0]) if given else float(np.exp(np.log(values).mean()) if kinds == {"variance"} else values.mean())
    held = any(fixed[c][i] for c, i in members)
    for row, (c, i) in zip(rows, members, strict=True):
        if group[c][i] >= 0:
            raise StructureError(f"equal: {row!r} stands in two groups; join them into one")
        group[c][i] = number
        theta[c][i] = common
        fixed[c][i] = held
        touched.add(c)


def _check_start(component: Component, theta: Array) -> None:
    sigma = component.structure.value(theta)
    scale = np.sqrt(np.maximum(np.diag(sigma), 0.0))
    scale[scale == 0] = 1.0
    smallest = np.linalg.eigvalsh(sigma / np.outer(scale, scale)).min() if np.all(np.isfinite(sigma)) else -np.inf
    needed = 1e-10 if component.kind == "residual" else -1e-10
    if np.any(np.diag(sigma) < 0) or smallest < needed:
        values = ", ".join(f"{row} = {value:g}" for row, value in zip(component.rows, theta, strict=True))
        raise StructureError(f"start: {values} is not a positive {'' if needed > 0 else 'semi-'}definite matrix; change these starting values")


@dataclass(frozen=True)
class Point:
    """A position of the solver: one chart and its coordinates per component."""

    charts: tuple[Chart, ...]
    phi: tuple[Array, ...]

    @property
    def slices(self) -> list[slice]:
        """Where each component's coordinates stand in the concatenated vector."""
        ends = np.cumsum([0, *(chart.size for chart in self.charts)])
        return [slice(int(a), int(b)) for a, b in zip(ends[:-1], ends[1:], strict=True)]

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


def starting_point(components: Sequence[Component], wishes: Wishes) -> Point:
    """The charts at the starting values; components with fixed or tied parameters on their reported scale."""
    charts, phi = [], []
    for c, component in enumerate(components):
        if wishes.reported_scale(c):
            chart: Chart = ReportedChart(component.structure, wishes.theta[c])
            coordinates = wishes.theta[c].copy()
        else:
            chart, coordinates = component.structure.chart(wishes.theta[c], component.reference)
        charts.append(chart)
        phi.append(np.asarray(coordinates, dtype=float))
    return Point(tuple(charts), tuple(phi))


def free_map(wishes: Wishes, point: Point) -> Array:
    """T (n coordinates, n free): coordinates move by T times the free step; tied coordinates share a column, fixed ones have none."""
    columns: list[Array] = []
    total = sum(chart.size for chart in point.charts)
    shared: dict[int, int] = {}
    for c, part in enumerate(point.slices):
        reported = wishes.reported_scale(c)
        for i, coordinate in enumerate(range(part.start, part.stop)):
            if reported and wishes.fixed[c][i]:
                continue
            number = int(wishes.group[c][i]) if reported else -1
            if number >= 0 and number in shared:
                columns[shared[number]][coordinate] = 1.0
                continue
            column = np.zeros(total)
            column[coordinate] = 1.0
            if number >= 0:
                shared[number] = len(columns)
            columns.append(column)
    return np.stack(columns, axis=1) if columns else np.zeros((total, 0))
