"""Missing values in the columns a model uses: which rows are left out, and which stay without an effect from a random term."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vcmodel.design.levels import factor_of, label
from vcmodel.design.matching import Directory
from vcmodel.errors import VcmodelError, choices
from vcmodel.tables.missing import is_unknown
from vcmodel.text import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vcmodel.design.variables import Use
    from vcmodel.spec import Condition

# what becomes of a record whose level of a random term is unknown
Unknown = Literal["drop", "zero"]


def choice(missing: str) -> Unknown:
    """`missing`, if it is one of the choices.

    Raises
    ------
    VcmodelError
    """
    for known in get_args(Unknown):
        if missing == known:
            return known
    raise VcmodelError(
        f"missing = {missing!r}: {choices(str(missing), get_args(Unknown), 'choices')} ('drop' leaves out records whose level of a random "
        "term is unknown, 'zero' keeps them without an effect from that term); codes for missing values are an option of vc.read"
    )


def unknown_as_missing(table: pd.DataFrame, uses: tuple[Use, ...], known: Mapping[str, object]) -> tuple[pd.DataFrame, list[str]]:
    """The table with codes for an unknown individual (0, unknown, ...) made missing, and a note on each.

    They are looked for in the columns over a known relationship, and are codes where it has no such level.
    """
    notes = []
    for use in uses:
        if use.relationship not in known:
            continue
        factor = factor_of(table[use.column])
        individual = Directory(_levels(known[use.relationship]))
        codes = [code for code, name in enumerate(factor.labels) if is_unknown(name) and individual(name) is None]
        if codes:
            unknown = np.isin(factor.codes, codes)
            column = table[use.column]
            # an integer column keeps its numbers beside missing ones
            column = column.astype("Int64") if pd.api.types.is_integer_dtype(column.dtype) else column
            table = table.assign(**{use.column: column.mask(unknown)})
            named = ", ".join(repr(factor.labels[code]) for code in codes)
            notes.append(f"{use.column}: {named} ({int(unknown.sum())} rows) taken as unknown: {use.relationship} has no such level")
    return table, notes


def _levels(relationship: object) -> list[str]:
    """The levels of a relationship in any of its forms; none of what is refused later."""
    if isinstance(relationship, pd.DataFrame):
        return [label(item) for item in relationship.index]
    return list(getattr(relationship, "labels", ()))


def rows_lacking(
    table: pd.DataFrame, uses: tuple[Use, ...], observed: NDArray[np.bool_], responses: tuple[str, ...], missing: Unknown
) -> tuple[NDArray[np.bool_], list[str]]:
    """Rows (n,) to leave out because an observed cell needs a value that is missing, and notes that count them and those kept."""
    dropped, needed = np.zeros(len(table), dtype=bool), np.zeros(len(table), dtype=bool)
    lacking: dict[str, NDArray[np.bool_]] = {}
    spared: dict[tuple[str, str], NDArray[np.bool_]] = {}
    for use in uses:
        if use.part == "residual":
            continue
        absent = table[use.column].isna().to_numpy()
        if not absent.any():
            continue
        absent = absent & rows_meeting(table, use.conditions, observed, responses)
        level = use.part == "random" and use.kind == "factor"
        if level and missing == "zero":
            key = (use.term, use.column)
            spared[key] = spared.get(key, np.zeros(len(table), dtype=bool)) | absent
            continue
        if not level:
            needed |= absent
        lacking[use.column] = lacking.get(use.column, np.zeros(len(table), dtype=bool)) | absent
        dropped |= absent
    notes = []
    if dropped.any():
        counts = ", ".join(f"{name} ({int(rows.sum())})" for name, rows in lacking.items() if rows.any())
        total = int(dropped.sum())
        lone = int(np.sum(dropped & ~needed))
        remedy = (
            f"; missing='zero' (--missing-levels zero) keeps {lone if lone < total else 'those'} of an unknown level of a random term, "
            "without an effect from that term"
        )
        notes.append(f"{counted(total, 'row')} with an observed response dropped for missing values in {counts}" + remedy * (lone > 0))
    for (term, column), rows in spared.items():
        count = int(np.sum(rows & ~dropped))
        if count:
            notes.append(f"{term}: {counted(count, 'row')} with an unknown {column} kept, without an effect from this term")
    return dropped, notes


def rows_meeting(
    table: pd.DataFrame, conditions: tuple[Condition, ...], observed: NDArray[np.bool_], responses: tuple[str, ...]
) -> NDArray[np.bool_]:
    """Rows (n,) with an observed cell that meets all conditions."""
    cells = observed
    rows = np.ones(len(table), dtype=bool)
    for condition in conditions:
        if condition.levels is None:
            continue
        if condition.factor == "trait":
            wanted = np.array([name in condition.levels for name in responses])
            cells = cells & wanted
        else:
            factor = factor_of(table[condition.factor])
            codes = [code for code, label in enumerate(factor.labels) if label in condition.levels]
            rows &= np.isin(factor.codes, codes)
    return rows & cells.any(axis=1)
