"""The user's start, bounds and equal, read into constraints by position."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vcmodel.errors import StructureError, choices
from vcmodel.linalg.definite import is_positive_definite
from vcmodel.reml.bounds import RESIDUAL_BOUNDS
from vcmodel.reml.constraints import Constraints
from vcmodel.reml.equality import EqualityConstraints
from vcmodel.reml.point import starting_point
from vcmodel.reml.retraction import retracted
from vcmodel.structures.separable import SeparableStructure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from vcmodel.reml.components import Component
    from vcmodel.structures.base import Parameter

    Array = NDArray[np.float64]


def read_constraints(
    components: Sequence[Component],
    defaults: Sequence[Array],
    start: Mapping[str, float] | None = None,
    bounds: Mapping[str, str] | None = None,
    equal: Sequence[Sequence[str]] | None = None,
) -> Constraints:
    """The user's start, bounds and equal by position; `defaults` are the starting values where none is given.

    Raises
    ------
    StructureError
        An unknown row, a start outside its bounds, a bound that cannot be had, or an inconsistent group.
    """
    reader = _Reader(components, defaults)
    for row, value in (start or {}).items():
        reader.start(row, value)
    for row, code in (bounds or {}).items():
        reader.bound(row, code)
    for rows in equal or ():
        reader.tie(rows)
    return reader.finished()


class _Reader:
    """Collects the constraints row by row."""

    def __init__(self, components: Sequence[Component], defaults: Sequence[Array]) -> None:
        self.components = components
        self.place = {row: (c, i) for c, component in enumerate(components) for i, row in enumerate(component.rows)}
        self.defaults = defaults
        self.theta = [np.array(values, dtype=float) for values in defaults]
        self.given = [np.zeros(values.size, dtype=bool) for values in defaults]
        self.fixed = [np.zeros(values.size, dtype=bool) for values in defaults]
        self.groups: list[list[str]] = []

    def find(self, row: str, argument: str) -> tuple[int, int]:
        """Component and parameter of a row."""
        if row not in self.place:
            raise StructureError(f"{argument}: no parameter {row!r}; {choices(row, self.place, 'parameters')}")
        return self.place[row]

    def parameter(self, c: int, i: int) -> Parameter:
        """The parameter at a position."""
        return self.components[c].structure.parameters[i]

    def start(self, row: str, value: float) -> None:
        """Take a starting value."""
        c, i = self.find(row, "start")
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = float("nan")
        if not np.isfinite(number):
            raise StructureError(f"start: {row!r} = {value!r} is not a finite number")
        parameter = self.parameter(c, i)
        problem = parameter.refusal(number, residual=not self.components[c].is_random)
        if problem:
            raise StructureError(f"start: {row!r} = {number:g}, but {problem}")
        self.theta[c][i], self.given[c][i] = parameter.of_shown(number), True

    def bound(self, row: str, code: str) -> None:
        """Take a bound code."""
        c, i = self.find(row, "bounds")
        parameter = self.parameter(c, i)
        if code == "F":
            self.fixed[c][i] = True
        elif code not in ("P", "U"):
            raise StructureError(f"bounds: {row!r} = {code!r}; the codes are 'P' (positive definite), 'U' (unbounded), 'F' (fixed)")
        elif code == "U" and parameter.kind == "variance":
            raise StructureError(
                f"bounds: {row!r} is a variance and cannot be unbounded (U); a negative variance is written as a negative "
                "residual correlation, e.g. residual='id(batch):cor(sample)'"
            )
        elif code != parameter.bound:
            raise StructureError(
                f"bounds: {row!r} is {parameter.bound} by its structure and cannot be made {code}; leave it out or use 'F'"
            )

    def tie(self, rows: Sequence[str]) -> None:
        """Take a group of equal parameters."""
        if isinstance(rows, str) or len(rows) < 2:
            raise StructureError(f"equal: {rows!r} is not a group of at least two parameter names; give a list of lists")
        kinds = sorted({self.parameter(*self.find(row, "equal")).tied_as for row in rows})
        if len(kinds) > 1:
            raise StructureError(f"equal: {', '.join(rows)} mix {' and '.join(kinds)}; tie parameters of one kind")
        named = [row for group in self.groups for row in group]
        for place, row in enumerate(rows):
            if row in named or row in rows[:place]:
                raise StructureError(f"equal: {row!r} stands in two groups or twice in one; name it once")
        self.groups.append(list(rows))

    def finished(self) -> Constraints:
        """The constraints: a held value wins over equality, equality over a starting value."""
        group = [np.full(values.size, -1, dtype=np.int64) for values in self.theta]
        for number, rows in enumerate(self.groups):
            places = [self.place[row] for row in rows]
            value, first = self._common(rows), self.parameter(*places[0])
            held = any(self.fixed[c][i] for c, i in places)
            for c, i in places:
                group[c][i], self.theta[c][i], self.fixed[c][i] = number, self.parameter(c, i).like(first, value), held
                self.given[c][i] |= held
        for c, component in enumerate(self.components):
            for missing in np.flatnonzero(self.fixed[c] & ~self.given[c]):
                row = component.rows[missing]
                raise StructureError(f"bounds: {row!r} is to be fixed (F) but no value is given; add start={{{row!r}: value}}")
        theta = tuple(self._start(c) for c in range(len(self.components)))
        for c, component in enumerate(self.components):
            self._require_inverses(component, theta[c], self.fixed[c])
        return Constraints(theta, tuple(self.fixed), tuple(group))

    @staticmethod
    def _require_inverses(component: Component, theta: Array, fixed: NDArray[np.bool_]) -> None:
        """Refuses held parameters at which a sparse part has no inverse."""
        structure = component.structure
        if isinstance(structure, SeparableStructure) and np.any(fixed & structure.inner) and not structure.invertible(theta):
            rows = [row for row, own in zip(component.rows, fixed & structure.inner, strict=True) if own]
            raise StructureError(
                f"bounds: {', '.join(rows)} held at the boundary: over so many levels the matrix of a factor must be regular; hold it "
                "inside, or for a correlation of 1 leave the factor out of the term"
            )

    def _common(self, rows: Sequence[str]) -> float:
        """The value of an equality group, for its first member: the one held, else the mean of the starting values given or default."""
        places = [self.place[row] for row in rows]
        one = self.parameter(*places[0])
        values = {row: one.like(self.parameter(c, i), float(self.theta[c][i])) for row, (c, i) in zip(rows, places, strict=True)}
        held = {row: values[row] for row, (c, i) in zip(rows, places, strict=True) if self.fixed[c][i] and self.given[c][i]}
        if len(set(held.values())) > 1:
            named = ", ".join(f"{row} = {one.shown(value):g}" for row, value in held.items())
            raise StructureError(f"bounds, equal: {named} are held (F) at different values and are to be equal; release one of them")
        if held:
            return next(iter(held.values()))
        given = [values[row] for row, (c, i) in zip(rows, places, strict=True) if self.given[c][i]]
        chosen = np.array(given or list(values.values()))
        geometric = one.kind == "variance" and bool(np.all(chosen > 0))
        return float(np.exp(np.log(chosen).mean()) if geometric and np.ptp(chosen) > 0.0 else chosen.mean())

    def _start(self, c: int) -> Array:
        """Starting values of a component: those given, the others adapted where they do not go with them.

        Raises
        ------
        StructureError
            The values held, or given for all parameters, belong to no matrix.
        """
        component, theta, held = self.components[c], self.theta[c], self.fixed[c]
        if not np.any(self.given[c]) or _is_start(component, theta):
            return theta
        if np.all(self.given[c]):
            raise StructureError(_refusal(component, theta, self.given[c], held))
        for kept in (self.given[c], held):
            found = adapted(component, theta, kept) if kept.any() else None
            if found is not None:
                return found
        raise StructureError(_refusal(component, theta, self.given[c], held))


def adapted(component: Component, theta: Array, kept: NDArray[np.bool_]) -> Array | None:
    """Parameters of a matrix near `theta` with the `kept` ones as they are; None when there is none."""
    constraints = Constraints((theta,), (kept,), (np.full(theta.size, -1, dtype=np.int64),))
    try:
        point = retracted(EqualityConstraints.of((component,), constraints), starting_point((component,), constraints), RESIDUAL_BOUNDS[0])
    except StructureError:
        return None
    if point is None:
        return None
    found = np.where(kept, theta, point[0].reported)
    return found if _is_start(component, found) else None


def _is_start(component: Component, theta: Array) -> bool:
    """Whether the equations can start at `theta`: a positive semi-definite matrix, positive definite for a residual.

    Places of all units together may be too near each other for that where those of each are not: there the equations say it.
    """
    structure = component.structure
    if component.is_random or any(parameter.kind == "decay" for parameter in structure.parameters):
        return structure.admissible(theta)
    return structure.admissible(theta) and is_positive_definite(structure.value(theta))


def _refusal(component: Component, theta: Array, given: NDArray[np.bool_], held: NDArray[np.bool_]) -> str:
    argument, named = ("bounds", held) if held.any() else ("start", given)
    values = ", ".join(f"{row} = {value:g}" for row, value, own in zip(component.rows, component.shown(theta), named, strict=True) if own)
    kind = "semi-definite" if component.is_random else "definite"
    return f"{argument}: {values}: no positive {kind} matrix has these values together; change or release one of them"
