"""The functions of the fixed part and the arguments they take after the column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vcmodel.errors import choices

MOST_COLUMNS = 200  # of one spline: far beyond any use, and a matrix that fits into memory


@dataclass(frozen=True)
class Option:
    """An argument of a function.

    Attributes
    ----------
    name : str
    kind : str
        ``"whole"``, ``"number"``, ``"flag"``, ``"numbers"`` (a list) or ``"word"``.
    lowest, highest : int
        Limits of a whole number.
    words : tuple of str
        What a word may be.
    """

    name: str
    kind: str
    lowest: int = 0
    highest: int = 0
    words: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        """What the argument may be, in words."""
        if self.kind == "whole":
            return f"a whole number from {self.lowest} to {self.highest}"
        if self.kind == "numbers":
            return f"a list of 1 to {MOST_COLUMNS} numbers"
        return {"number": "a number", "flag": "True or False"}.get(self.kind) or " or ".join(map(repr, self.words))

    def read(self, value: object) -> object:
        """The value as the function takes it; None when it is not allowed."""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if self.kind == "flag":
            return value if isinstance(value, bool) else None
        if self.kind == "word":
            return value if value in self.words else None
        if self.kind == "number":
            return float(value) if number else None  # type: ignore[arg-type]
        if self.kind == "numbers":
            items = [value] if number else value
            if not isinstance(items, list) or not 1 <= len(items) <= MOST_COLUMNS:
                return None
            return [float(item) for item in items] if all(isinstance(item, int | float) for item in items) else None
        whole = number and float(value).is_integer() and self.lowest <= value <= self.highest  # type: ignore[arg-type,operator]
        return int(value) if whole else None  # type: ignore[call-overload,no-any-return]


_RANGE = (Option("lower_bound", "number"), Option("upper_bound", "number"))
_BEYOND = Option("extrapolation", "word", words=("raise", "clip", "zero", "extend"))
_CUBIC = (
    *(Option("df", "whole", 1, MOST_COLUMNS), Option("knots", "numbers")),
    *(*_RANGE, Option("constraints", "word", words=("center",)), _BEYOND),
)
_B_SPLINE = (
    *(Option("df", "whole", 1, MOST_COLUMNS), Option("knots", "numbers"), Option("degree", "whole", 0, 10)),
    *(Option("include_intercept", "flag"), *_RANGE, _BEYOND),
)

ELEMENTWISE = ("log", "log2", "log10", "exp", "exp2", "exp10", "sqrt")
STANDARDISING: dict[str, tuple[Option, ...]] = {
    "center": (),
    "scale": (Option("center", "flag"), Option("scale", "flag"), Option("ddof", "whole", 0, 1)),
    "standardize": (Option("center", "flag"), Option("rescale", "flag"), Option("ddof", "whole", 0, 1)),
}
BASES: dict[str, tuple[Option, ...]] = {
    "poly": (Option("degree", "whole", 1, 20), Option("raw", "flag")),
    "bs": _B_SPLINE,
    "cr": _CUBIC,
    "cs": _CUBIC,
    "cc": _CUBIC,
}
OPTIONS: dict[str, tuple[Option, ...]] = {
    **dict.fromkeys(("C", "factor", "I", *ELEMENTWISE), ()),
    **STANDARDISING,
    **BASES,
}


@dataclass(frozen=True)
class Computed:
    """Arithmetic given where a plain number is wanted, which no argument takes."""

    text: str

    def __repr__(self) -> str:
        return self.text


class ArgumentProblem(ValueError):
    """An argument that a function does not take; the message says what it takes."""


def options(function: str, positional: Sequence[object], named: Sequence[tuple[str, object]]) -> tuple[tuple[str, object], ...]:
    """The further arguments of `function` by name, checked.

    >>> options("poly", [2], [("raw", True)])
    (('degree', 2), ('raw', True))

    Raises
    ------
    ArgumentProblem
        An argument the function has not, one given twice, or a value it does not take.
    """
    menu = OPTIONS[function]
    if len(positional) > len(menu):
        raise ArgumentProblem(f"{function}() takes at most {len(menu)} further arguments: {', '.join(item.name for item in menu)}")
    given = [(item.name, value) for item, value in zip(menu, positional, strict=False)] + list(named)
    known = {item.name: item for item in menu}
    found: dict[str, object] = {}
    for name, value in given:
        if name not in known:
            raise ArgumentProblem(f"{function}() has no argument {name!r}: {choices(name, known, 'arguments')}")
        if name in found:
            raise ArgumentProblem(f"argument {name!r} of {function}() stands twice")
        if value is None:
            continue
        found[name] = known[name].read(value)
        if found[name] is None:
            shown = repr(value)
            raise ArgumentProblem(f"{name} of {function}() is {known[name].allowed}, not {shown[:40]}")
    _consistent(function, found)
    return tuple(found.items())


def _consistent(function: str, found: dict[str, object]) -> None:
    """Refuses splines whose arguments contradict each other or say too little."""
    if "df" in found and "knots" in found:
        raise ArgumentProblem(f"{function}() takes df or knots, not both")
    if function in ("cr", "cs", "cc") and not found.keys() & {"df", "knots"}:
        raise ArgumentProblem(f"{function}() needs df or knots: {function}(x, df=4)")
    least = int(function != "cc" and "constraints" not in found) + 1 if function in ("cr", "cs", "cc") else 1
    if function == "bs":
        least = int(found.get("degree", 3)) + int(bool(found.get("include_intercept", False)))  # type: ignore[call-overload]
    if "df" in found and found["df"] < least:  # type: ignore[operator]
        raise ArgumentProblem(f"df of {function}() is at least {least} here, not {found['df']}")
