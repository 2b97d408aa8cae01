"""What a fit takes beside its formulas and its data: one record from the public functions to a task of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from math import isfinite
from typing import Any

from vcmodel.control import Control
from vcmodel.design.missing import Unknown, choice
from vcmodel.errors import DataError, RelationshipError, StructureError, VcmodelError


def _mapping(name: str, error: type[VcmodelError], form: str, value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise error(f"{name} must be a mapping {form}, not {type(value).__name__}")
    return dict(value)


def _known(value: object) -> dict[str, object]:
    return _mapping("known", RelationshipError, "from the name used in vm() to the relationship, known={'A': pedigree}", value)


def _weights(value: object) -> str:
    if not isinstance(value, str):
        raise DataError(
            f"weights must be the name of a column, not {type(value).__name__}: make the weights a column of the data and pass weights='w'"
        )
    return value


def _start(value: object) -> dict[str, float]:
    found = _mapping("start", StructureError, "from row name to value, start={'units!R': 1.0}", value)
    return {row: _number(row, number) for row, number in found.items()}


def _number(row: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not isfinite(number):
        raise StructureError(f"start: {row!r} = {value!r} is not a finite number")
    return number


def _bounds(value: object) -> dict[str, str]:
    found = _mapping("bounds", StructureError, "from row name to code, bounds={'units!R': 'F'}", value)
    for row, code in found.items():
        if code not in ("F", "P", "U"):
            raise StructureError(f"bounds: {row!r} = {code!r}; the codes are 'P' (positive definite), 'U' (unbounded), 'F' (fixed)")
    return found


def _equal(value: object) -> tuple[tuple[str, ...], ...]:
    if not isinstance(value, list | tuple) or not all(_is_group(group) for group in value):
        given = repr(value)[:60] if isinstance(value, list | tuple) else type(value).__name__
        raise StructureError(f"equal must be a list of groups, each a list of row names, equal=[['a', 'b']], not {given}")
    return tuple(tuple(sorted(group) if isinstance(group, set) else group) for group in value)


def _is_group(value: object) -> bool:
    return isinstance(value, list | tuple | set) and all(isinstance(row, str) for row in value)


def _control(value: object) -> Control:
    if not isinstance(value, Control):
        raise VcmodelError(f"control must be a vcmodel.Control, not {type(value).__name__}; e.g. control=Control(max_iterations=50)")
    return value


@dataclass(frozen=True, kw_only=True)
class FitOptions:
    """The options of a fit, checked; a new one is a field here, an argument of the public functions and a flag of the command line.

    Each field has in its metadata ``check``, which makes the value of what a user gave, and ``job`` or ``model``: the type of the option
    in that table of a job file.

    Attributes
    ----------
    known : mapping
        Relationships by the name used in ``vm(f, name)``.
    weights : str or None
        Column of weights.
    start : mapping of str to float
        Starting values by row name.
    bounds : mapping of str to str
        Codes by row name.
    equal : tuple of tuples of str
        Groups of row names held equal.
    missing : str
        ``drop`` or ``zero``: records whose level of a random term is unknown.
    control : Control
    """

    known: Mapping[str, object] = field(default_factory=dict, metadata={"check": _known})
    weights: str | None = field(default=None, metadata={"check": _weights, "job": str})
    start: Mapping[str, float] = field(default_factory=dict, metadata={"check": _start, "model": dict})
    bounds: Mapping[str, str] = field(default_factory=dict, metadata={"check": _bounds, "model": dict})
    equal: tuple[tuple[str, ...], ...] = field(default=(), metadata={"check": _equal, "model": list})
    missing: Unknown = field(default="drop", metadata={"check": choice, "model": str})
    control: Control = field(default_factory=Control, metadata={"check": _control, "job": dict})

    @classmethod
    def of(cls, **given: Any) -> FitOptions:
        """The options as a user gives them; None stands for the default.

        Raises
        ------
        VcmodelError
            An option of another kind than the documented one.
        """
        checks = {item.name: item.metadata["check"] for item in fields(cls)}
        return cls(**{name: checks[name](value) for name, value in given.items() if value is not None})

    @classmethod
    def job_types(cls, table: str) -> dict[str, type]:
        """The options that a table of a job file may hold, ``"job"`` or ``"model"``, and the types of their values."""
        return {item.name: item.metadata[table] for item in fields(cls) if table in item.metadata}

    def settings(self) -> dict[str, Any]:
        """All but the relationships, in the types of JSON."""
        values = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "known"}
        return values | {"control": vars(self.control)}
