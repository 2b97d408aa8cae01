"""The fixed matrix X over the observed cells, its column names and terms, and the internal centring.

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

from vcmodel.design.levels import factor_of, is_number, row_list
from vcmodel.errors import DataError, choices
from vcmodel.formula.terms import Condition, FixedTerm, condition_label

if TYPE_CHECKING:
    from vcmodel.design.frame import Frame
    from vcmodel.spec import ModelSpec

_SPARSE_SHARE = 0.25  # a column on less of an indicator's support has a cosine with it below 1/2: centring would only fill it in
_CONSTANT = 1e-11  # norm left after centring, relative to before, that is rounding: ten thousand times the unit roundoff and more


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
    """

    matrix: sparse.csc_matrix
    names: tuple[str, ...]
    terms: tuple[tuple[str, NDArray[np.int64]], ...]


@dataclass(frozen=True, eq=False)
class Centred:
    """Columns centred and scaled to unit norm.

    Attributes
    ----------
    matrix : (N, p) csc
        X' = X T.
    transform : (p, p) csc
        T; coefficients are beta = T beta'.
    log_det : float
        log|det T|.
    """

    matrix: sparse.csc_matrix
    transform: sparse.csc_matrix
    log_det: float


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
    terms = [single for term in spec.fixed for single in _expanded(term, frame)]
    blocks: dict[int, tuple[tuple[str, ...], sparse.csc_matrix]] = {}
    trait_alone = any(term.by_trait and term.rest == "1" and not term.conditions for term in terms)
    common = [term.rest for term in terms if not term.by_trait and not term.conditions]
    for group in _groups(terms):
        first = terms[group[0]]
        cells = _meeting(first.conditions, frame)
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
    return _assembled(terms, blocks, frame.y.size)


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


def _meeting(conditions: Sequence[Condition], frame: Frame) -> NDArray[np.int64]:
    """Positions of the cells that meet every condition."""
    active = np.ones(frame.y.size, dtype=bool)
    for condition in conditions:
        factor = frame.cell_factor(condition.factor)
        active &= np.isin(factor.codes, [factor.labels.index(level) for level in condition.levels or ()])
    return np.flatnonzero(active)


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


def centre(design: FixedDesign, kept: NDArray[np.int64] | None = None) -> Centred:
    """The columns `kept` (default all) centred and scaled, so that the mixed-model equations are well conditioned in any units.

    A column that is not 0/1 loses its mean over the support of the 0/1 column with the smallest support that contains its own: the
    intercept, or ``trait_bden`` for ``trait_bden:x``. A column without variation there becomes exactly zero (it is aliased). Then
    every nonzero column is scaled to unit norm. T = (I + N) D with N nilpotent, so log|det T| is that of the scales D.
    """
    x = design.matrix if kept is None else sparse.csc_matrix(design.matrix[:, kept])
    n_columns = x.shape[1]
    size = np.diff(x.indptr)
    norm = np.sqrt(np.asarray(x.multiply(x).sum(axis=0), dtype=np.float64)).ravel()
    column = np.repeat(np.arange(n_columns), size)
    indicator = np.ones(n_columns, dtype=bool)
    indicator[column[x.data != 1.0]] = False
    indicator &= size > 0
    numeric = np.flatnonzero(~indicator & (size > 0))
    base = _smallest_support(x, size, numeric, np.flatnonzero(indicator))
    centred = numeric[base >= 0]
    base = base[base >= 0]
    total = np.asarray(x[:, centred].sum(axis=0), dtype=np.float64).ravel()
    nilpotent = sparse.csc_matrix((-total / size[base], (base, centred)), shape=(n_columns, n_columns))
    shift = sparse.csc_matrix(sparse.identity(n_columns, format="csc") + nilpotent)
    shifted = sparse.csc_matrix(x @ shift)
    left = np.sqrt(np.asarray(shifted.multiply(shifted).sum(axis=0), dtype=np.float64)).ravel()
    constant = left <= _CONSTANT * norm
    scale = np.where(constant, 1.0, 1.0 / np.where(constant, 1.0, left))
    diagonal = sparse.diags(scale, format="csc")
    keep = sparse.diags((~constant).astype(np.float64), format="csc")
    matrix = sparse.csc_matrix(shifted @ diagonal @ keep)
    matrix.eliminate_zeros()
    matrix.sort_indices()
    return Centred(matrix, sparse.csc_matrix(shift @ diagonal), float(np.log(scale).sum()))


def _smallest_support(
    x: sparse.csc_matrix, size: NDArray[np.int64], numeric: NDArray[np.int64], indicator: NDArray[np.int64]
) -> NDArray[np.int64]:
    """For each numeric column the 0/1 column to centre it on, or -1."""
    best = np.full(numeric.size, -1, dtype=np.int64)
    if numeric.size == 0 or indicator.size == 0:
        return best
    pattern = sparse.csc_matrix(x[:, numeric])
    pattern.data = np.ones_like(pattern.data)
    common = sparse.coo_matrix(x[:, indicator].T @ pattern)  # rows shared by each 0/1 and each numeric column
    contains = common.data == size[numeric][common.col]
    candidate, target = indicator[common.row[contains]], common.col[contains]
    near = size[numeric][target] >= _SPARSE_SHARE * size[candidate]
    candidate, target = candidate[near], target[near]
    order = np.lexsort((candidate, size[candidate], target))  # smallest support first, then formula order
    first = np.r_[True, np.diff(target[order]) != 0] if order.size else np.zeros(0, dtype=bool)
    best[target[order][first]] = candidate[order][first]
    return best
