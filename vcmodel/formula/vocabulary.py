"""The closed list of function names a formula may use, per part of the model."""

from __future__ import annotations

import vcmodel.structures.registry as registry
from vcmodel.errors import choices
from vcmodel.formula.columns import DESIGN_FUNCTIONS
from vcmodel.formula.foreign import WRAPPERS, function_here
from vcmodel.formula.functions import OPTIONS

IDENTITY = ("id", "idv", "ide")
KNOWN = ("vm", "ped", "giv")
DIAGONAL = "idh"  # another name of diag
FIXED_FUNCTIONS = tuple(OPTIONS)

# Words of the language that this version knows but cannot fit yet; a structure leaves the list by entering the registry.
_CORRELATIONS_TO_COME = ("ieuc", "sph", "cir")
_STRUCTURES_TO_COME = ("fa", "rr", *(base + suffix for base in _CORRELATIONS_TO_COME for suffix in ("", "v", "h")))
_FUNCTIONS_TO_COME = ("and", "spl", "dev", "pol", "leg", "mbf", "grp", "con")


def structure_names() -> tuple[str, ...]:
    """The covariance structures that can be fitted, as written in formulas."""
    return tuple(name for name in registry.names() if name not in (*IDENTITY, DIAGONAL))


def available(part: str) -> tuple[str, ...]:
    """The functions that may stand in a part of the model: "fixed", "random" or "residual"."""
    if part == "fixed":
        return ("at", *FIXED_FUNCTIONS)
    shared = (*IDENTITY, DIAGONAL, *structure_names(), "at")
    return (*shared, "dsum") if part == "residual" else (*shared, *KNOWN, "lin", *DESIGN_FUNCTIONS, "str")


def refusal(function: str, part: str, inside: str = "") -> str:
    """Why `function` of `inside` cannot stand in `part`, and what can; only for functions outside :func:`available`."""
    menu = available(part)
    elsewhere = {other: available(other) for other in ("fixed", "random", "residual") if other != part}
    if part == "fixed" and function == "lin":
        return "lin() is for `random`: in `fixed` a numeric column is a covariate already, write its name"
    if part == "fixed" and function in (*_FUNCTIONS_TO_COME, "cbind"):
        return _to_come(function, menu) if function != "cbind" else "cbind() joins responses and stands left of `~`"
    if part == "fixed" and function in elsewhere["random"] + elsewhere["residual"]:
        return f"{function}() describes a covariance: it belongs in `random` or `residual`, not in `fixed`"
    if part != "fixed" and function in (*_FUNCTIONS_TO_COME, *_STRUCTURES_TO_COME):
        return _to_come(function, menu)
    if function == "dsum":
        return "dsum() splits the residual: it belongs in `residual`; in `random` write at(f):x for one term per level of f"
    if function in ("lin", "str", *KNOWN):
        return f"{function}() belongs in `random`, not in `residual`"
    if function in ("C", "factor"):
        return f"{function}() is not needed in `{part}`: every bare name is a factor there"
    if function in FIXED_FUNCTIONS:
        return f"{function}() belongs in `fixed`; make a column of it to use it as lin(x) in `random`"
    if part == "fixed" and function_here(function, inside):
        return f"{function}() is not available: {function_here(function, inside)}"
    if function == "as.factor":
        return f"{function}() is not needed in `{part}`: every bare name is a factor there, write {inside.strip()}"
    if function in WRAPPERS:
        return f"{function}() is sommer's and cannot stand here: write factors and structures joined by `:`, us(env):g"
    tail = function.rsplit(".", 1)[-1]
    if tail != function and tail in menu:
        return f"unknown function {function!r}: write {tail}()"
    return f"unknown function {function!r}: {choices(function, menu, f'functions of `{part}`')}"


def _to_come(function: str, menu: tuple[str, ...]) -> str:
    return f"{function}() is not available yet; what is: {', '.join(menu)}"
