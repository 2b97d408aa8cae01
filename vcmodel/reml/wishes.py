"""What the user asks of single parameters: starting values, fixed ones, groups held equal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.errors import StructureError, choices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from vcmodel.reml.parameters import Component
    from vcmodel.structures.base import Parameter

    Array = NDArray[np.float64]


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
    start: Mapping[str, float] | None = None,
    bounds: Mapping[str, str] | None = None,
    equal: Sequence[Sequence[str]] | None = None,
) -> Wishes:
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
    """Collects the wishes row by row."""

    def __init__(self, components: Sequence[Component], defaults: Sequence[Array]) -> None:
        self.components = components
        self.place = {row: (c, i) for c, component in enumerate(components) for i, row in enumerate(component.rows)}
        self.theta = [np.array(values, dtype=float) for values in defaults]
        self.fixed = [np.zeros(values.size, dtype=bool) for values in defaults]
        self.group = [np.full(values.size, -1, dtype=np.int64) for values in defaults]
        self.given: set[str] = set()
        self.valued = [np.zeros(values.size, dtype=bool) for values in defaults]
        self.touched: set[int] = set()
        self.n_groups = 0

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
        self.theta[c][i] = number
        self.valued[c][i] = True
        self.touched.add(c)
        self.given.add(row)

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
        """Take a group of equal parameters.

        They start at the value given for one of them, else at their mean (geometric for variances); one fixed member fixes all.
        """
        if isinstance(rows, str) or len(rows) < 2:
            raise StructureError(f"equal: {rows!r} is not a group of at least two parameter names; give a list of lists")
        members = [self.find(row, "equal") for row in rows]
        kinds = sorted({self.parameter(c, i).kind for c, i in members})
        if len(kinds) > 1:
            raise StructureError(f"equal: {', '.join(rows)} mix {' and '.join(kinds)}; tie parameters of one kind")
        values = np.array([self.theta[c][i] for c, i in members])
        given = {float(self.theta[c][i]) for row, (c, i) in zip(rows, members, strict=True) if row in self.given}
        if len(given) > 1:
            raise StructureError(f"equal: {', '.join(rows)} are to be equal but have different starting values {sorted(given)}")
        geometric = kinds == ["variance"] and bool(np.all(values > 0))
        known = bool(given)
        common = given.pop() if given else float(np.exp(np.log(values).mean()) if geometric else values.mean())
        held = any(self.fixed[c][i] for c, i in members)
        for row, (c, i) in zip(rows, members, strict=True):
            if self.group[c][i] >= 0:
                raise StructureError(f"equal: {row!r} stands in two groups or twice in one; name it once")
            self.group[c][i], self.theta[c][i], self.fixed[c][i] = self.n_groups, common, held
            self.valued[c][i] |= known
            self.touched.add(c)
        self.n_groups += 1

    def finished(self) -> Wishes:
        """The wishes, once every changed matrix is seen to be positive (semi-)definite and every fixed value to be the user's."""
        for c, component in enumerate(self.components):
            for i in np.flatnonzero(self.fixed[c] & ~self.valued[c]):
                row = component.rows[i]
                raise StructureError(f"bounds: {row!r} is to be fixed (F) but no value is given; add start={{{row!r}: value}}")
        for c in self.touched:
            _check_start(self.components[c], self.theta[c])
            partly = (self.fixed[c].any() or (self.group[c] >= 0).any()) and not self.fixed[c].all()
            with np.errstate(divide="ignore", invalid="ignore"):
                if partly and not np.all(np.isfinite(self.components[c].structure.derivative(self.theta[c]))):
                    rows = ", ".join(self.components[c].rows)
                    raise StructureError(
                        f"start: with a variance of 0 the other parameters of {rows} have no derivative; remove that level from the term, "
                        "or write it with us()"
                    )
        return Wishes(tuple(self.theta), tuple(self.fixed), tuple(self.group))


def _check_start(component: Component, theta: Array) -> None:
    sigma = component.structure.value(theta)
    scale = np.sqrt(np.maximum(np.diag(sigma), 0.0))
    scale[scale == 0] = 1.0
    smallest = np.linalg.eigvalsh(sigma / np.outer(scale, scale)).min() if np.all(np.isfinite(sigma)) else -np.inf
    needed = 1e-10 if component.kind == "residual" else -1e-10
    if np.any(np.diag(sigma) < 0) or smallest < needed:
        values = ", ".join(f"{row} = {value:g}" for row, value in zip(component.rows, theta, strict=True))
        kind = "positive definite" if needed > 0 else "positive semi-definite"
        raise StructureError(f"start: {values} is not a {kind} matrix; change these starting values")
