"""The fixed matrix X over the observed cells, its column names and terms.

The terms are evaluated on the rows, sparse, and spread over the traits. With several responses the bare ``trait`` plays the part of the
intercept: the columns of ``trait:x`` are those of ``x`` beside an intercept, once per trait.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from vcmodel.design.coding import coded_terms
from vcmodel.design.conditions import meets, observed, single_conditions
from vcmodel.design.functions import evaluated
from vcmodel.design.intercepts import all_factors, kept_means, means_missing
from vcmodel.design.magnitudes import COLUMN, refuse_extreme
from vcmodel.errors import DataError, row_list
from vcmodel.formula.conditions import condition_label
from vcmodel.formula.terms import FixedTerm

if TYPE_CHECKING:
    from vcmodel.design.frame import Frame
    from vcmodel.spec import ModelSpec


@dataclass(frozen=True, eq=False)
class FixedColumns:
    """The columns of one fixed term.

    Attributes
    ----------
    text : str
        As written; ``"1"`` for the intercept.
    factors : frozenset of str
        What the term is a product of, ``trait`` and conditions included; none for the intercept.
    columns : int array
        Their places in the matrix, aliased ones included.
    traits : int array
        The response that each of them is of, by its place; -1 for a column of several.
    """

    text: str
    factors: frozenset[str]
    columns: NDArray[np.int64]
    traits: NDArray[np.int64]

    def within(self, other: FixedColumns) -> bool:
        """Whether `other` is an interaction that contains this term, so that testing this one beside it would mean nothing."""
        return self.factors < other.factors


@dataclass(frozen=True, eq=False)
class FixedDesign:
    """The fixed part as columns.

    Attributes
    ----------
    matrix : (N, p) csc
        Rows are the cells of the frame; columns in formula order, aliased ones included.
    names : tuple of str
        The p column names.
    terms : tuple of FixedColumns
        In formula order, one per level of an ``at()``.
    notes : tuple of str
        Levels of an ``at()`` without an observation, and traits without an intercept.
    """

    matrix: sparse.csc_matrix
    names: tuple[str, ...]
    terms: tuple[FixedColumns, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Block:
    """Columns of one term over the rows of a table."""

    names: tuple[str, ...]
    matrix: sparse.csr_matrix


class _Spread(NamedTuple):
    """Columns of one term over the cells, and the response that each is of (-1: of several)."""

    names: tuple[str, ...]
    matrix: sparse.csc_matrix
    traits: NDArray[np.int64]


def build_fixed(spec: ModelSpec, frame: Frame) -> FixedDesign:
    """The fixed columns of `spec` over the cells of `frame`.

    Raises
    ------
    DataError
        A level that is not in the data, a column that cannot be evaluated or is not finite.
    """
    written = kept_means(spec.fixed, frame)
    expanded = [observed(term, _expanded(term, frame), "fixed", frame) for term in written]
    terms = [single for singles, _ in expanded for single in singles]
    notes = (*(note for _, found in expanded for note in found), *means_missing(written, frame))
    blocks: dict[int, _Spread] = {}
    trait_alone = any(term.by_trait and not term.parts and not term.conditions for term in terms)
    intercept = any(term.is_intercept for term in terms)
    common = [term.rest for term in terms if not term.by_trait and not term.conditions]
    for group in _groups(terms):
        first = terms[group[0]]
        cells = np.flatnonzero(meets(first.conditions, frame))
        rows = np.unique(frame.row[cells])
        beside = trait_alone or intercept if not first.conditions else _spanned(first, terms, frame)
        if first.by_trait and not first.conditions:
            beside = trait_alone
        blocks_of = _evaluate([terms[i] for i in group], beside, frame, rows)
        place = np.full(frame.n_rows, -1, dtype=np.int64)
        place[rows] = np.arange(rows.size)
        for i in group:
            block = blocks_of[terms[i].rest]
            skip = 1 if first.by_trait and not first.conditions and terms[i].rest in common else 0
            blocks[i] = _spread(block, terms[i], cells, place, frame, skip)
    return replace(_assembled(terms, blocks, frame.y.size), notes=notes)


def _assembled(terms: Sequence[FixedTerm], blocks: dict[int, _Spread], n_cells: int) -> FixedDesign:
    names: list[str] = []
    entries: list[FixedColumns] = []
    for i, term in enumerate(terms):
        own = blocks[i].names
        factors = frozenset([*_prefix(term), *map(str, term.parts)])
        columns = np.arange(len(names), len(names) + len(own))
        entries.append(FixedColumns(term.text, factors, columns, blocks[i].traits))
        names += own
    matrices = [blocks[i].matrix for i in range(len(terms))]
    matrix = sparse.csc_matrix(sparse.hstack(matrices)) if matrices else sparse.csc_matrix((n_cells, 0))
    matrix.eliminate_zeros()
    matrix.sort_indices()
    return FixedDesign(matrix, tuple(names), tuple(entries))


def _expanded(term: FixedTerm, frame: Frame) -> list[FixedTerm]:
    """The term for each combination of condition levels, each condition with one level."""
    result = [replace(term, conditions=conditions) for conditions in single_conditions(term, "fixed", frame)]
    if len(result) == 1:
        return result
    return [replace(item, text=":".join(_prefix(item) + [str(part) for part in item.parts])) for item in result]


def _prefix(term: FixedTerm) -> list[str]:
    return [condition_label(condition) for condition in term.conditions] + (["trait"] if term.by_trait else [])


def _groups(terms: Sequence[FixedTerm]) -> list[list[int]]:
    """Terms that are evaluated together because their contrasts depend on each other: same conditions, same use of ``trait``."""
    groups: dict[object, list[int]] = {}
    for i, term in enumerate(terms):
        groups.setdefault((frozenset(term.conditions), term.by_trait), []).append(i)
    return list(groups.values())


def _spanned(term: FixedTerm, terms: Sequence[FixedTerm], frame: Frame) -> bool:
    """Whether other terms already give every level of the conditions a mean of its own, so that factors need contrasts."""
    if any(not other.parts and other.conditions == term.conditions and other.by_trait == term.by_trait for other in terms):
        return True
    columns = {condition.factor for condition in term.conditions} - {"trait"}
    per_trait = term.by_trait or any(condition.factor == "trait" for condition in term.conditions)
    for other in terms:
        plain = set(other.bare) | set(other.factors)
        if not other.conditions and plain == columns and other.by_trait == per_trait and all_factors(other, frame):
            return True
    return False


def _evaluate(terms: Sequence[FixedTerm], beside: bool, frame: Frame, rows: NDArray[np.int64]) -> dict[str, _Block]:
    """The columns of each term over `rows`, factors coded by contrasts where lower terms (`beside`: an intercept) span them."""
    blocks = {"1": _Block(("",), sparse.csr_matrix(np.ones((rows.size, 1))))}
    wanted = {term.rest: tuple(str(part) for part in term.parts) for term in terms if term.parts}
    if not wanted:
        return blocks
    columns = {name: frame.table[name].iloc[rows] for term in terms for name in term.columns}
    parts = {str(part): evaluated(part, columns) for part in {str(item): item for term in terms for item in term.parts}.values()}
    found = coded_terms(list(wanted.values()), parts, beside)
    for rest, (names, matrix) in zip(wanted, found, strict=True):
        _refuse_broken(sparse.csc_matrix(matrix), names, rows, frame.row_number)
        blocks[rest] = _Block(names, matrix)
    return blocks


def _refuse_broken(matrix: sparse.csc_matrix, names: Sequence[str], rows: NDArray[np.int64], number: Callable[[int], int]) -> None:
    broken = np.flatnonzero(~np.isfinite(matrix.data))
    if broken.size == 0:
        peak = abs(matrix).max(axis=0).toarray().ravel()
        for j in np.flatnonzero((peak > COLUMN) | ((peak > 0.0) & (peak < 1.0 / COLUMN))):
            refuse_extreme(peak[[j]], f"`fixed`: {names[int(j)]}", COLUMN)
        return
    column = int(np.searchsorted(matrix.indptr, broken[0], side="right")) - 1
    own = broken[broken < matrix.indptr[column + 1]]
    where = np.array([number(int(row)) - 1 for row in rows[np.unique(matrix.indices[own])]])
    raise DataError(f"`fixed`: {names[column]} is not a finite number in {row_list(where)}: correct the values it is computed from")


def _spread(block: _Block, term: FixedTerm, cells: NDArray[np.int64], place: NDArray[np.int64], frame: Frame, skip: int) -> _Spread:
    """The columns over the cells, once per trait (but the first `skip`) when the term has ``trait`` as a factor."""
    at = [condition_label(condition) for condition in term.conditions]
    entries = block.matrix[place[frame.row[cells]]].tocoo()
    rows = cells[entries.row]
    if not term.by_trait:
        names = tuple(":".join([*at, *([name] if name else [])]) or "Intercept" for name in block.names)
        shape = (frame.y.size, len(names))
        return _Spread(names, sparse.csc_matrix((entries.data, (rows, entries.col)), shape=shape), np.full(len(names), _trait(term, frame)))
    traits = frame.responses[skip:]
    names = tuple(":".join([f"trait_{trait}", *at, *([name] if name else [])]) for name in block.names for trait in traits)
    own = frame.trait[rows] - skip
    inside = own >= 0
    columns = entries.col[inside].astype(np.int64) * len(traits) + own[inside]
    shape = (frame.y.size, len(names))
    matrix = sparse.csc_matrix((entries.data[inside], (rows[inside], columns)), shape=shape)
    return _Spread(names, matrix, np.tile(np.arange(skip, len(frame.responses)), len(block.names)))


def _trait(term: FixedTerm, frame: Frame) -> int:
    """The response that a term without ``trait`` as a factor is of; -1 where it is of several."""
    named = [condition.levels for condition in term.conditions if condition.factor == "trait"]
    if named and named[0]:
        return frame.responses.index(named[0][0])
    return 0 if len(frame.responses) == 1 else -1
