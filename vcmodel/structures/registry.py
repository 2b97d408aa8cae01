"""The closed list of structures: what parser, reports, docs and law tests read. A new structure is one class and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, NamedTuple

from vcmodel.errors import StructureError, choices
from vcmodel.structures.antedependence import Antedependence
from vcmodel.structures.autoregressive import (
    Autoregressive,
    AutoregressiveHeterogeneous,
    AutoregressiveHomogeneous,
    AutoregressiveOrder2,
    AutoregressiveOrder2Heterogeneous,
    AutoregressiveOrder2Homogeneous,
    AutoregressiveOrder3,
    AutoregressiveOrder3Heterogeneous,
    AutoregressiveOrder3Homogeneous,
    DoubleRoot,
    DoubleRootHeterogeneous,
    DoubleRootHomogeneous,
    DoubleRootOrder3,
    DoubleRootOrder3Heterogeneous,
    DoubleRootOrder3Homogeneous,
)
from vcmodel.structures.banded import Banded, BandedHeterogeneous, BandedHomogeneous
from vcmodel.structures.banded_cholesky import BandedCholesky
from vcmodel.structures.base import Structure
from vcmodel.structures.diagonal import Diagonal
from vcmodel.structures.general import General, GeneralHeterogeneous, GeneralHomogeneous
from vcmodel.structures.identity import Identity, IdentityVariance
from vcmodel.structures.kronecker import KroneckerStructure
from vcmodel.structures.metric import METRIC
from vcmodel.structures.moving_averages import (
    AutoregressiveMovingAverage,
    AutoregressiveMovingAverageHeterogeneous,
    AutoregressiveMovingAverageHomogeneous,
    MovingAverage,
    MovingAverageHeterogeneous,
    MovingAverageHomogeneous,
    MovingAverageOrder2,
    MovingAverageOrder2Heterogeneous,
    MovingAverageOrder2Homogeneous,
)
from vcmodel.structures.separable import SeparableStructure
from vcmodel.structures.uniform import Uniform, UniformHeterogeneous, UniformHomogeneous
from vcmodel.structures.unstructured import Unstructured

STRUCTURES: dict[str, type[Structure]] = {
    "id": Identity,
    "idv": IdentityVariance,
    "diag": Diagonal,
    "idh": Diagonal,
    "us": Unstructured,
    "cor": Uniform,
    "corv": UniformHomogeneous,
    "corh": UniformHeterogeneous,
    "corg": General,
    "corgv": GeneralHomogeneous,
    "corgh": GeneralHeterogeneous,
    "ar1": Autoregressive,
    "ar1v": AutoregressiveHomogeneous,
    "ar1h": AutoregressiveHeterogeneous,
    "ar2": AutoregressiveOrder2,
    "ar2v": AutoregressiveOrder2Homogeneous,
    "ar2h": AutoregressiveOrder2Heterogeneous,
    "ar3": AutoregressiveOrder3,
    "ar3v": AutoregressiveOrder3Homogeneous,
    "ar3h": AutoregressiveOrder3Heterogeneous,
    "sar": DoubleRoot,
    "sarv": DoubleRootHomogeneous,
    "sarh": DoubleRootHeterogeneous,
    "sar2": DoubleRootOrder3,
    "sar2v": DoubleRootOrder3Homogeneous,
    "sar2h": DoubleRootOrder3Heterogeneous,
    "ma1": MovingAverage,
    "ma1v": MovingAverageHomogeneous,
    "ma1h": MovingAverageHeterogeneous,
    "ma2": MovingAverageOrder2,
    "ma2v": MovingAverageOrder2Homogeneous,
    "ma2h": MovingAverageOrder2Heterogeneous,
    "arma": AutoregressiveMovingAverage,
    "armav": AutoregressiveMovingAverageHomogeneous,
    "armah": AutoregressiveMovingAverageHeterogeneous,
    "corb": Banded,
    "corbv": BandedHomogeneous,
    "corbh": BandedHeterogeneous,
    "ante": Antedependence,
    "chol": BandedCholesky,
    **{found.name: found for found in METRIC},
}

# made by formulas that do not name them
PRODUCTS: dict[str, type[Structure]] = {found.name: found for found in (KroneckerStructure, SeparableStructure)}


class MenuRow(NamedTuple):
    """One line of the menu: names (aliases included), number of parameters for w levels, what it is."""

    names: tuple[str, ...]
    parameters: str
    summary: str


def names() -> tuple[str, ...]:
    """Names that formulas may call, aliases included."""
    return tuple(STRUCTURES)


def canonical(name: str) -> str:
    """The name under which a structure reports itself.

    >>> canonical("idh")
    'diag'
    """
    return structure_class(name).name


def structure_class(name: str) -> type[Structure]:
    """The class registered under `name`.

    Raises
    ------
    StructureError
        There is none; the message lists the menu.
    """
    if name not in STRUCTURES:
        raise StructureError(f"unknown covariance structure {name!r}; {choices(name, STRUCTURES, 'structures')}")
    return STRUCTURES[name]


def completed(name: str, arguments: tuple[int | float | str, ...]) -> tuple[int | float | str, ...]:
    """The further arguments, those that are not written at the end with their defaults."""
    found = structure_class(name)
    lacking = len(found.arguments) - len(arguments)
    return (*arguments, *found.defaults[-lacking:]) if 0 < lacking <= len(found.defaults) else arguments


def check_arguments(name: str, factor: str, *arguments: int | float | str) -> type[Structure]:
    """The class registered under `name`, its further arguments checked as far as that is possible before the levels are known.

    Raises
    ------
    StructureError
        Unknown name, wrong number of further arguments, or arguments it cannot have.
    """
    found = structure_class(name)
    written = f"{name}({', '.join(map(str, (factor, *arguments)))})"
    if len(arguments) != len(found.arguments):
        raise StructureError(f"{written} has the wrong number of arguments; write {name}({', '.join((factor, *found.arguments))})")
    try:
        found.check_arguments(*arguments)
    except StructureError as problem:
        raise StructureError(f"{written}: {problem}") from None
    return found


def build(
    name: str, factor: str, levels: tuple[str, ...], *arguments: int | float | str, positions: tuple[tuple[float, ...], ...] = ()
) -> Structure:
    """The structure `name` over `levels` of `factor`, which stand at `positions` if it is one of distances.

    Raises
    ------
    StructureError
        Unknown name, wrong number of further arguments, no levels or repeated ones.
    """
    arguments = completed(name, arguments)
    found = check_arguments(name, factor, *arguments)
    levels = tuple(levels)
    if not levels:
        raise StructureError(f"{name}({factor}): the factor {factor!r} has no levels in the data; remove the term or check the column")
    if len(set(levels)) < len(levels):
        repeated = next(level for place, level in enumerate(levels) if level in levels[:place])
        raise StructureError(f"{name}({factor}): the level {repeated!r} occurs twice; level labels must differ")
    given: dict[str, Any] = dict(zip(found.arguments, arguments, strict=True))
    if found.metric:
        given["positions"] = positions
    return found(factor, levels, **given)  # type: ignore[call-arg]


def menu() -> tuple[MenuRow, ...]:
    """All structures, one row each, in registry order."""
    unique = dict.fromkeys(STRUCTURES.values())
    return tuple(MenuRow(tuple(name for name, held in STRUCTURES.items() if held is found), found.count, found.summary) for found in unique)


def described(structure: Structure) -> dict[str, Any]:
    """A structure in the types of JSON: its class, and its fields with the structures among them described in turn."""
    values = {item.name: getattr(structure, item.name) for item in fields(structure)}  # type: ignore[arg-type]
    return {"name": structure.name, **{name: _plain(value) for name, value in values.items()}}


def restored(description: Mapping[str, Any]) -> Structure:
    """The structure that :func:`described` gave this description."""
    values = {name: _original(value) for name, value in description.items() if name != "name"}
    found = PRODUCTS.get(description["name"]) or structure_class(description["name"])
    return found(**values)


def _plain(value: Any) -> Any:
    if isinstance(value, Structure):
        return described(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _original(value: Any) -> Any:
    if isinstance(value, Mapping):
        return restored(value)
    return tuple(_original(item) for item in value) if isinstance(value, list) else value
