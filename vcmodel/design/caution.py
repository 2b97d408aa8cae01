"""What can be fitted but is seldom meant, each with the line to write in its place.

Every caution is a note of the fit; what is hardly ever meant is a Python warning too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vcmodel.design.levels import is_number
from vcmodel.design.text_columns import fractions_as_text, levels_for_unknown
from vcmodel.design.variables import column_uses, reserved_in_use
from vcmodel.formula.columns import Levels
from vcmodel.formula.tokens import tokenize
from vcmodel.formula.tree import INTERCEPT_WORDS, RESERVED, backquoted
from vcmodel.spec import IdentityFactor, KnownFactor, StructuredFactor, of_kind
from vcmodel.structures import registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from vcmodel.design.frame import Frame
    from vcmodel.spec import FactorSpec, ModelSpec, TermSpec

# distinct values up to which whole numbers that do not count from 0 or 1 may well be codes
FEW_CODES = 12


@dataclass(frozen=True)
class Caution:
    """A sentence for the notes.

    Attributes
    ----------
    text : str
    warns : bool
        Whether it is a :class:`vcmodel.ModelWarning` too.
    """

    text: str
    warns: bool = True


def seldom_meant(spec: ModelSpec, frame: Frame) -> Iterator[Caution]:
    """Cautions about columns, relationships and terms; others are in :mod:`vcmodel.design.sharing` and :mod:`vcmodel.design.neighbours`."""
    yield from _reserved_columns(spec, frame)
    yield from _intercept_columns(spec, frame)
    yield from _text_columns(spec, frame)
    yield from _codes(spec, frame)
    yield from _unused_relationships(spec)
    yield from _one_record_a_level(spec, frame)
    yield from _same_effects(spec, frame)


def _reserved_columns(spec: ModelSpec, frame: Frame) -> Iterator[Caution]:
    """A column ``trait`` or ``units``, which no formula can mean."""
    used = reserved_in_use(spec)
    for name in RESERVED:
        column = backquoted(name)
        if column not in frame.table.columns:
            continue
        remedy = f"rename the column, or write {column}, to use it"
        levels = frame.table[column].nunique()
        if name in used:
            # the residual has units without being asked
            warns = name == "trait" or any(item.factor == "units" for term in spec.random for item in term.factors)
            meaning = "the responses" if name == "trait" else "the rows"
            yield Caution(f"the data have a column {name!r}, but {name} in a formula means {meaning}: {remedy}", warns)
        elif name == "trait" and len(frame.responses) == 1 and levels > 1 and all(use.column != column for use in column_uses(spec)):
            yield Caution(
                f"the data have a column 'trait' with {levels} levels, which the model leaves out: a table with a row per trait needs a "
                f"factor for them; {remedy}, since trait in a formula means the responses"
            )


def _intercept_columns(spec: ModelSpec, frame: Frame) -> Iterator[Caution]:
    """A column ``mu``, which in a formula means the intercept."""
    for name in set(INTERCEPT_WORDS) & set(frame.table.columns) - {use.column for use in column_uses(spec)}:
        if any(token.kind == "name" and token.text == name for token in tokenize(spec.fixed_text)):
            yield Caution(
                f"the data have a column {name!r}, but {name} in a formula means the intercept: rename the column, or write "
                f"{backquoted(name)}, to use it"
            )


def _text_columns(spec: ModelSpec, frame: Frame) -> Iterator[Caution]:
    """Labels such as NA, and numbers, that a table has as text."""
    for name, levels, missing_in_files in levels_for_unknown(frame.table, column_uses(spec)):
        shown = ", ".join(map(repr, levels))
        yield Caution(
            f"column {name!r}: {shown} {'are levels' if len(levels) > 1 else 'is a level'} like any other: where that stands for an "
            f"unknown value, make it missing, read={{'missing': {levels!r}}}",
            warns=missing_in_files,
        )
    for name, count in fractions_as_text(frame.table, column_uses(spec)):
        if count <= FEW_CODES:
            continue  # treatments: 0, 0.2, 0.4
        yield Caution(
            f"fixed: {name!r} is text that reads as {count} distinct numbers and is taken as a factor: write C({name}) if that is meant; "
            f"for a covariate convert it, data[{name!r}] = pd.to_numeric(data[{name!r}])"
        )


def _codes(spec: ModelSpec, frame: Frame) -> Iterator[Caution]:
    """Whole numbers that repeat, as a covariate by their type only: numbers of blocks or varieties as much as years and ages."""
    declared = {name for term in spec.fixed for name in term.covariates} | {name for term in spec.random for name in term.covariates}
    declared |= {name for term in spec.random for member in term.members for name in member.covariates}
    for name in dict.fromkeys(use.column for use in column_uses(spec) if use.kind == "bare"):
        values = _whole_values(frame.table[name])
        if values is None or not 2 <= values.size < frame.n_rows or (values.size == 2 and values[0] == 0 and values[1] == 1):
            # different in every row: no factor; 0 and 1: the same model either way
            continue
        counted = values[0] in (0, 1) and values[-1] - values[0] == values.size - 1
        few_codes = values[0] >= 0 and values.size <= FEW_CODES  # a negative number is no code
        yield Caution(
            f"fixed: {name!r} has {values.size} distinct whole numbers and is taken as a covariate: write C({name}) if they are codes of a "
            f"factor, I({name}) if they are amounts",
            # two values span the same columns as covariate and as factor
            warns=name not in declared and values.size > 2 and (counted or few_codes),
        )


def _whole_values(column: pd.Series) -> NDArray[np.float64] | None:
    """The distinct values in order if all are whole numbers; None for text, true/false and fractions."""
    if not is_number(column) or column.dtype == bool or str(column.dtype) == "boolean":
        return None
    values = np.unique(column.dropna().to_numpy(dtype=np.float64))
    return values if np.all(values == np.round(values)) else None


def _unused_relationships(spec: ModelSpec) -> Iterator[Caution]:
    """Relationships inside str() that its second formula, which gives the covariance, does not have."""
    for term in spec.random:
        if not term.members:
            continue
        structure, factor = term.factors
        own = factor.relationship if isinstance(factor, KnownFactor) else None
        known = [item for member in term.members for item in of_kind(member.factors, KnownFactor)]
        for name, item in {item.relationship: item for item in reversed(known)}.items():
            if name != own:
                yield Caution(
                    f"{term.text}: the second formula alone gives the covariance, {factor.text} in it "
                    + (f"uses {own!r}" if own is not None else "means independent levels")
                    + f" and {name!r} is not used: write ~ {structure.text}:{item.text}"
                )


def _one_record_a_level(spec: ModelSpec, frame: Frame) -> Iterator[Caution]:
    """Independent effects with a level for every row, beside a residual of the rows."""
    if spec.residual.section is not None or frame.weights is not None:
        return
    residual = spec.residual.alternatives[0].factors
    if not any(item.factor == "units" for item in residual):
        return
    if any(item.factor == "trait" and not _own_variances(item, spec.responses) for item in residual):
        return
    for term in spec.random:
        own = [item for item in term.factors if item.factor != "trait"]
        if term.members or term.conditions or term.covariates or not all(isinstance(item, IdentityFactor) for item in own):
            continue
        if any(item.factor == "units" or not isinstance(item.source, Levels) for item in own):
            continue
        if _groups(own, frame).max() + 1 == frame.n_rows:
            yield Caution(
                f"{term.text}: every level has a single row, so that its variance cannot be told from the residual variance: leave the "
                "term out, or give it a relationship, vm()"
            )


def _own_variances(item: FactorSpec, responses: tuple[str, ...]) -> bool:
    """Whether every trait has a variance of its own."""
    if not isinstance(item, StructuredFactor):
        return False
    parameters = registry.build(item.structure, item.factor, responses, *item.arguments).parameters
    return sum(parameter.kind in ("variance", "precision") for parameter in parameters) == len(responses)


def _same_effects(spec: ModelSpec, frame: Frame) -> Iterator[Caution]:
    """Two random terms over other columns that group the cells alike."""
    seen: dict[object, TermSpec] = {}
    for term in spec.random:
        own = of_kind(term.factors, IdentityFactor)
        structured = of_kind(term.factors, StructuredFactor)
        if term.members or len(own) + len(structured) < len(term.factors) or not all(isinstance(item.source, Levels) for item in own):
            continue
        structures = tuple(sorted((item.structure, item.factor) for item in structured))
        key = (structures, tuple(sorted(term.covariates)), frozenset(term.conditions), _groups(own, frame).tobytes())
        twin = seen.setdefault(key, term)
        if twin is not term:
            yield Caution(
                f"{twin.text} and {term.text} group the records alike, and their variances cannot be told apart: leave one of them out"
            )


def _groups(factors: Sequence[FactorSpec], frame: Frame) -> NDArray[np.int64]:
    """Which combination of levels every cell has (N,), numbered in order of appearance: the same for factors that group the cells alike."""
    codes = np.zeros(frame.y.size, dtype=np.int64)
    for item in factors:
        factor = frame.cell_factor(item.factor)
        codes = pd.factorize(codes * (len(factor.labels) + 1) + factor.codes + 1)[0]
    return codes
