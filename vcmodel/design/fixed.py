"""The fixed matrix X over the observed cells, its column names and terms.

formulaic evaluates the terms on the rows, sparse; this module spreads them over the traits. With several responses the bare ``trait``
plays the part of the intercept: the columns of ``trait:x`` are those of ``x`` beside an intercept, once per trait.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from formulaic import Formula
from formulaic.errors import FormulaicError
from numpy.typing import NDArray
from scipy import sparse

from vcmodel.design.conditions import meets, observed
from vcmodel.design.levels import factor_of, is_number
from vcmodel.errors import DataError, choices, row_list
from vcmodel.formula.terms import Condition, FixedTerm, condition_label

if TYPE_CHECKING:
    from vcmodel.design.frame import Frame
    from vcmodel.spec import ModelSpec


@dataclass(frozen=True, eq=False)
class FixedDesign:
    """The fixed part as columns.

    Attributes
    ----------
    matrix : (N, p) csc
        Rows are the cells of the frame; columns in formula order, aliased ones included.
    names : tuple of str
        The p column names.
    terms : tuple of (str, int array)
        Text and columns of each term in formula order, one entry per level of an ``at()``.
    notes : tuple of str
        Levels of an ``at()`` without an observation.
    """

    matrix: sparse.csc_matrix
    names: tuple[str, ...]
    terms: tuple[tuple[str, NDArray[np.int64]], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Block:
    """Columns of one term over the rows of a table."""

    names: tuple[str, ...]
    matrix: sparse.csr_matrix


def build_fixed(spec: ModelSpec, frame: Frame) -> FixedDesign:
    """The fixed columns of `spec` over the cells of `frame`.

    Raises
    ------
    DataError
        A level that is not in the data, a column that cannot be evaluated or is not finite.
    """
    expanded = [observed(term, _expanded(term, frame), "fixed", frame) for term in spec.fixed]
    terms = [single for singles, _ in expanded for single in singles]
    notes = tuple(note for _, found in expanded for note in found)
    blocks: dict[int, tuple[tuple[str, ...], sparse.csc_matrix]] = {}
    trait_alone = any(term.by_trait and term.rest == "1" and not term.conditions for term in terms)
    common = [term.rest for term in terms if not term.by_trait and not term.conditions]
    for group in _groups(terms):
        first = terms[group[0]]
        cells = np.flatnonzero(meets(first.conditions, frame))
        rows = np.unique(frame.row[cells])
        rests = [terms[i].rest for i in group]
        beside = trait_alone or "1" in common if not first.conditions else _spanned(first, terms)
        if first.by_trait and not first.conditions:
            beside = trait_alone
        columns = tuple(dict.fromkeys(name for i in group for name in terms[i].columns))
        evaluated = _evaluate(rests, beside, frame.table, rows, columns, frame.row_number)
        place = np.full(frame.n_rows, -1, dtype=np.int64)
        place[rows] = np.arange(rows.size)
        for i in group:
            block = evaluated[terms[i].rest]
            skip = 1 if first.by_trait and not first.conditions and terms[i].rest in common else 0
            blocks[i] = _spread(block, terms[i], cells, place, frame, skip)
    return replace(_assembled(terms, blocks, frame.y.size), notes=notes)


def _assembled(terms: Sequence[FixedTerm], blocks: dict[int, tuple[tuple[str, ...], sparse.csc_matrix]], n_cells: int) -> FixedDesign:
    names: list[str] = []
    entries: list[tuple[str, NDArray[np.int64]]] = []
    for i, term in enumerate(terms):
        own, _ = blocks[i]
        entries.append((term.text, np.arange(len(names), len(names) + len(own))))
        names += own
    matrices = [blocks[i][1] for i in range(len(terms))]
    matrix = sparse.csc_matrix(sparse.hstack(matrices)) if matrices else sparse.csc_matrix((n_cells, 0))
    matrix.eliminate_zeros()
    matrix.sort_indices()
    return FixedDesign(matrix, tuple(names), tuple(entries))


def _expanded(term: FixedTerm, frame: Frame) -> list[FixedTerm]:
    """The term for each combination of condition levels, each condition with one level."""
    result = [term]
    for position, condition in enumerate(term.conditions):
        present = frame.cell_factor(condition.factor).labels
        for level in condition.levels or ():
            if level not in present:
                menu = choices(level, present, "levels")
                raise DataError(f"{condition_label(condition)} in `fixed`: {condition.factor} has no level {level!r}; {menu}")
        grown = []
        for item in result:
            for level in condition.levels or present:
                conditions = list(item.conditions)
                conditions[position] = Condition(condition.factor, (level,))
                grown.append(replace(item, conditions=tuple(conditions)))
        result = grown
    if len(result) == 1:
        return result
    return [replace(item, text=":".join(_prefix(item) + ([item.rest] if item.rest != "1" else []))) for item in result]


def _prefix(term: FixedTerm) -> list[str]:
    return [condition_label(condition) for condition in term.conditions] + (["trait"] if term.by_trait else [])


def _groups(terms: Sequence[FixedTerm]) -> list[list[int]]:
    """Terms that are evaluated together because their contrasts depend on each other: same conditions, same use of ``trait``."""
    groups: dict[object, list[int]] = {}
    for i, term in enumerate(terms):
        groups.setdefault((frozenset(term.conditions), term.by_trait), []).append(i)
    return list(groups.values())


def _spanned(term: FixedTerm, terms: Sequence[FixedTerm]) -> bool:
    """Whether other terms already give every level of the conditions a mean of its own, so that factors need contrasts."""
    if any(other.rest == "1" and other.conditions == term.conditions and other.by_trait == term.by_trait for other in terms):
        return True
    columns = {condition.factor for condition in term.conditions} - {"trait"}
    per_trait = term.by_trait or any(condition.factor == "trait" for condition in term.conditions)
    wanted = columns or {"1"}
    for other in terms:
        parts = set(other.rest.split(":")) if other.rest != "1" else {"1"}
        plain = {part[2:-1] if part.startswith("C(") else part.strip("`") for part in parts}
        if not other.conditions and plain == wanted and other.by_trait == per_trait and not (other.covariates and columns):
            return True
    return False


def _evaluate(
    rests: Sequence[str], beside: bool, table: pd.DataFrame, rows: NDArray[np.int64], columns: Sequence[str], number: Callable[[int], int]
) -> dict[str, _Block]:
    """The columns of each term over `rows`, factors coded by contrasts where lower terms (`beside`: an intercept) span them."""
    wanted = [rest for rest in rests if rest != "1"]
    blocks = {"1": _Block(("",), sparse.csr_matrix(np.ones((rows.size, 1))))}
    if not wanted:
        return blocks
    prepared = pd.DataFrame({name: _prepared(table[name].iloc[rows]) for name in columns})
    try:
        formula = Formula(f"{int(beside)} + {' + '.join(wanted)}")
        with np.errstate(all="ignore"):  # log(0) is refused below, with its row
            result = formula.get_model_matrix(prepared, context={"sqrt": np.sqrt}, output="sparse", na_action="ignore")
        keys = {rest: _key(rest) for rest in wanted}
    except (FormulaicError, ValueError, TypeError, ArithmeticError) as problem:
        raise DataError(f"`fixed`: {' + '.join(wanted)} cannot be evaluated: {problem}") from None
    matrix = sparse.csc_matrix(result.__wrapped__)
    names = result.model_spec.column_names
    _refuse_broken(matrix, names, rows, number)
    found = {frozenset(map(str, term.factors)): place for term, place in result.model_spec.term_slices.items()}
    for rest in wanted:
        place = found[keys[rest]]
        blocks[rest] = _Block(tuple(names[place]), sparse.csr_matrix(matrix[:, place]))
    return blocks


def _key(rest: str) -> frozenset[str]:
    (term,) = Formula(f"0 + {rest}")
    return frozenset(map(str, term.factors))


def _prepared(column: pd.Series) -> pd.Series:
    """Text and categories by our level order; integral floats as integers, so that C(x) labels them so."""
    if not is_number(column):
        factor = factor_of(column)
        return pd.Series(pd.Categorical.from_codes(factor.codes, list(factor.labels)), index=column.index)
    if pd.api.types.is_bool_dtype(column.dtype) and not column.isna().any():
        return column.astype(bool)
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    whole = bool(np.all(np.abs(values) < 2**53) and np.all(values == np.round(values)))
    return pd.Series(values.astype(np.int64) if whole else values, index=column.index)


def _refuse_broken(matrix: sparse.csc_matrix, names: Sequence[str], rows: NDArray[np.int64], number: Callable[[int], int]) -> None:
    broken = np.flatnonzero(~np.isfinite(matrix.data))
    if broken.size == 0:
        return
    column = int(np.searchsorted(matrix.indptr, broken[0], side="right")) - 1
    own = broken[broken < matrix.indptr[column + 1]]
    where = np.array([number(int(row)) - 1 for row in rows[np.unique(matrix.indices[own])]])
    raise DataError(f"`fixed`: {names[column]} is not a finite number in {row_list(where)}: correct the values it is computed from")


def _spread(
    block: _Block, term: FixedTerm, cells: NDArray[np.int64], place: NDArray[np.int64], frame: Frame, skip: int
) -> tuple[tuple[str, ...], sparse.csc_matrix]:
    """The columns over the cells, once per trait (but the first `skip`) when the term has ``trait`` as a factor."""
    at = [condition_label(condition) for condition in term.conditions]
    entries = block.matrix[place[frame.row[cells]]].tocoo()
    rows = cells[entries.row]
    if not term.by_trait:
        names = tuple(":".join([*at, *([name] if name else [])]) or "Intercept" for name in block.names)
        shape = (frame.y.size, len(names))
        return names, sparse.csc_matrix((entries.data, (rows, entries.col)), shape=shape)
    traits = frame.responses[skip:]
    names = tuple(":".join([f"trait_{trait}", *at, *([name] if name else [])]) for name in block.names for trait in traits)
    own = frame.trait[rows] - skip
    inside = own >= 0
    columns = entries.col[inside].astype(np.int64) * len(traits) + own[inside]
    shape = (frame.y.size, len(names))
    return names, sparse.csc_matrix((entries.data[inside], (rows[inside], columns)), shape=shape)
