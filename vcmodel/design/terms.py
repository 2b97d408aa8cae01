"""The numerical side of a random term: incidence, levels, relationship and structure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from vcmodel.design.conditions import meets
from vcmodel.design.matching import Directory, matched, nearly
from vcmodel.design.relationship import Relationship, as_relationship
from vcmodel.errors import DataError, RelationshipError, StructureError, choices
from vcmodel.memory import require_memory
from vcmodel.spec import FactorSpec, TermSpec, expand_condition
from vcmodel.structures import registry
from vcmodel.structures.kronecker import KroneckerStructure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vcmodel.design.frame import Frame
    from vcmodel.structures.base import Structure


@dataclass(frozen=True)
class DesignTerm:
    """A random term u ~ N(0, Sigma (k, k) kron K (q, q)) of N observed cells.

    Attributes
    ----------
    spec : TermSpec
        The term, every ``at`` condition at one level.
    structure : KroneckerStructure
        Sigma over the k product levels of the structured factors.
    incidence : (N, k * q) csr
        Z on the weighted scale; column i * q + l is Sigma-level i, relationship level l.
    levels : tuple of str
        The q labels of the identity and known factors.
    precision : (q, q) csc or None
        K^-1; None is the identity, or K = factor factor'.
    factor : (q, m) array or None
        For a dense or singular K.
    logdet : float
        log|K|, 0 in factor form.
    diagonal : (q,) array
        K_ll, for reliabilities.
    """

    spec: TermSpec
    structure: KroneckerStructure
    incidence: sparse.csr_matrix
    levels: tuple[str, ...]
    precision: sparse.csc_matrix | None
    factor: np.ndarray | None
    logdet: float
    diagonal: np.ndarray

    @property
    def label(self) -> str:
        """The ASReml-style label."""
        return self.spec.label

    @property
    def n_levels(self) -> int:
        """q, the number of relationship levels."""
        return len(self.levels)

    @property
    def n_columns(self) -> int:
        """Levels of the vector b the equations solve for: q, or the columns of the factor of K."""
        return self.n_levels if self.factor is None else self.factor.shape[1]


@dataclass(frozen=True)
class _Known:
    """The relationship over the levels of a term."""

    labels: tuple[str, ...]
    precision: sparse.csc_matrix | None
    factor: np.ndarray | None
    logdet: float
    diagonal: np.ndarray


def expand(spec: TermSpec, frame: Frame) -> list[TermSpec]:
    """The independent terms an ``at()`` stands for: one per level, each condition with exactly one level."""
    for position, condition in enumerate(spec.conditions):
        levels = condition.levels
        present = frame.cell_factor(condition.factor).labels
        if levels is None:
            levels = present
        for level in levels:
            if level not in present:
                raise DataError(
                    f"at({condition.factor}, {level!r}) in {spec.text!r}: no such level in the data; {choices(level, present, 'levels')}"
                )
        if condition.levels is None or len(levels) > 1:
            return [term for level in levels for term in expand(expand_condition(spec, position, level), frame)]
    return [spec]


def structured(factors: Sequence[FactorSpec], frame: Frame, active: np.ndarray) -> tuple[list[Structure], np.ndarray]:
    """The structures over the levels present among the active cells, and the product code of every cell (-1 where inactive)."""
    parts: list[Structure] = []
    code = np.zeros(active.size, dtype=np.int64)
    for item in factors:
        factor = frame.cell_factor(item.factor)
        present = np.unique(factor.codes[active])
        position = np.full(len(factor.labels), -1)
        position[present] = np.arange(present.size)
        parts.append(registry.build(item.structure, item.factor, tuple(factor.labels[i] for i in present), *item.arguments))
        code = code * present.size + position[factor.codes]
    return parts, np.where(active, code, -1)


def combined(columns: Sequence[tuple[np.ndarray, tuple[str, ...]]], active: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """The observed combinations of several factors: code of every cell (-1 where inactive) and labels joined by ``:``."""
    code = np.zeros(active.size, dtype=np.int64)
    for codes, labels in columns:
        code = code * len(labels) + codes
    present, inverse = np.unique(code[active], return_inverse=True)
    result = np.full(active.size, -1, dtype=np.int64)
    result[active] = inverse
    sizes = [len(labels) for _, labels in columns]
    parts = np.unravel_index(present, sizes) if columns else ()
    names = [":".join(columns[j][1][index] for j, index in enumerate(combination)) for combination in zip(*parts, strict=True)]
    return result, tuple(names) if columns else ("",)


def match(item: FactorSpec, labels: Sequence[str], known: Mapping[str, object]) -> tuple[Relationship, np.ndarray]:
    """The relationship a known factor asks for, and the position of each factor label in it."""
    if item.relationship not in known:
        raise RelationshipError(
            f"{item.label}: no relationship named {item.relationship!r} was given; pass known={{{item.relationship!r}: ...}} "
            f"(on the command line --known {item.relationship}=FILE:pedigree, in a job [known.{item.relationship}])"
            + (f" ({choices(item.relationship, known, 'names given')})" if known else "")
        )
    relationship = as_relationship(known[item.relationship], item.relationship)
    places = matched(Directory(relationship.labels), labels)
    absent = [label for label, place in zip(labels, places, strict=True) if place < 0]
    if absent:
        shown = ", ".join(absent[:5]) + (f", … ({len(absent)} in all)" if len(absent) > 5 else "")
        twin = nearly(absent[0], relationship.labels)
        raise RelationshipError(
            f"{item.label}: level{'s' if len(absent) > 1 else ''} {shown} of column {item.factor!r} not found in relationship "
            f"{item.relationship!r}"
            + (f", where {twin!r} is another label than {absent[0]!r}: spell them alike, or" if twin is not None else ";")
            + " add them to it (an individual of unknown parents needs a pedigree row only), or remove their rows"
        )
    return relationship, places


def _crossed(identity: tuple[str, ...], relationship: Relationship) -> _Known:
    """K = I kron K0 over the observed identity combinations."""
    n = len(identity)
    if n == 1 and identity[0] == "":
        return _Known(relationship.labels, relationship.precision, relationship.factor, relationship.logdet, relationship.diagonal)
    labels = tuple(f"{a}:{b}" for a in identity for b in relationship.labels)
    precision = None if relationship.precision is None else sparse.csc_matrix(sparse.kron(sparse.identity(n), relationship.precision))
    if relationship.factor is not None:
        require_memory(
            8.0 * n * n * relationship.factor.size,
            f"a dense or singular relationship over {n:,} independent combinations of other factors",
            "give a relationship that is not singular, so that it has a sparse or invertible precision",
        )
    factor = None if relationship.factor is None else np.kron(np.eye(n), relationship.factor)
    return _Known(labels, precision, factor, n * relationship.logdet, np.tile(relationship.diagonal, n))


def relationship_levels(
    factors: Sequence[FactorSpec], frame: Frame, active: np.ndarray, known: Mapping[str, object], columns: Mapping[str, str] | None = None
) -> tuple[_Known, np.ndarray]:
    """The relationship over the unstructured factors and the level of every cell (-1 where inactive).

    `columns` replaces the column of a factor: in ``str(~ a + b, ~ us(2):vm(a, K))`` the term b brings its own column.
    """
    replaced = columns or {}
    identity = [item for item in factors if item.role == "identity"]
    matched = [item for item in factors if item.role == "known"]
    if len(matched) > 1:
        raise StructureError(
            f"{' and '.join(item.label for item in matched)} in one term: at most one known relationship per term is available"
        )
    picked = [frame.cell_factor(replaced.get(item.factor, item.factor)) for item in identity]
    code, labels = combined([(factor.codes, factor.labels) for factor in picked], active)
    if not matched:
        n = len(labels)
        return _Known(labels, None, None, 0.0, np.ones(n)), code
    factor = frame.cell_factor(replaced.get(matched[0].factor, matched[0].factor))
    used = np.unique(factor.codes[active])
    relationship, found = match(matched[0], [factor.labels[i] for i in used], known)
    position = np.full(len(factor.labels), -1, dtype=np.int64)
    position[used] = found
    level = np.where(active, code * len(relationship.labels) + position[factor.codes], -1)
    return _crossed(labels, relationship), level


def covariate(spec: TermSpec, frame: Frame) -> np.ndarray:
    """The product (N,) of the covariates ``lin(x)`` of a term; ones without any."""
    value = np.ones(frame.y.size)
    for name in spec.covariates:
        value = value * frame.covariate(name)[frame.row]
    return value


def product_structure(spec_text: str, parts: Sequence[Structure]) -> KroneckerStructure:
    """The Kronecker product of the structures; one variance is added when none of them carries one."""
    carrying = [part for part in parts if part.carries_variance]
    if len(carrying) > 1:
        raise StructureError(f"{spec_text!r}: more than one factor carries variances; make all but one a correlation structure (corg, cor)")
    return KroneckerStructure(tuple(parts), scaled=not carrying)


def _incidence(frame: Frame, pieces: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]], n_sigma: int, n_levels: int) -> sparse.csr_matrix:
    """Z (N, k * q) from (Sigma level, relationship level, value) per cell; levels of -1 leave the cell out."""
    root = frame.weight_root
    rows, columns, values = [], [], []
    for sigma, level, value in pieces:
        cell = np.flatnonzero((sigma >= 0) & (level >= 0))
        rows.append(cell)
        columns.append(sigma[cell] * n_levels + level[cell])
        values.append(value[cell] * root[cell])
    shape = (frame.y.size, n_sigma * n_levels)
    return sparse.csr_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=shape)


def build_term(spec: TermSpec, frame: Frame, known: Mapping[str, object]) -> DesignTerm:
    """The numerical term of `spec` (conditions expanded, see :func:`expand`).

    Raises
    ------
    DataError, RelationshipError, StructureError
        See the functions above.
    """
    if spec.members:
        return _build_str(spec, frame, known)
    active = meets(spec.conditions, frame)
    parts, sigma = structured([item for item in spec.factors if item.role == "structure"], frame, active)
    relation, level = relationship_levels([item for item in spec.factors if item.role != "structure"], frame, active, known)
    structure = product_structure(spec.text, parts)
    z = _incidence(frame, [(sigma, level, covariate(spec, frame))], structure.size, len(relation.labels))
    return DesignTerm(spec, structure, z, relation.labels, relation.precision, relation.factor, relation.logdet, relation.diagonal)


def _build_str(spec: TermSpec, frame: Frame, known: Mapping[str, object]) -> DesignTerm:
    """``str(~ a + b, ~ us(2):vm(a, K))``: one structure over consecutive terms that share the levels of the last factor."""
    shared = [item for item in spec.factors if item.role != "structure"]
    parts = [
        registry.build(item.structure, "", tuple(member.label for member in spec.members), *item.arguments)
        for item in spec.factors
        if item.role == "structure"
    ]
    own_columns = [[item.factor for item in member.factors] for member in spec.members]
    if any(len(columns) != len(shared) for columns in own_columns):
        raise StructureError(
            f"{spec.text!r}: every term of str() must have the same number of factors as the second formula has after its first one"
        )
    everyone = np.zeros(frame.y.size, dtype=bool)
    for member in spec.members:
        everyone |= meets(member.conditions, frame)
    label_sets = []
    for position, item in enumerate(shared):
        found: list[str] = []
        for columns in own_columns:
            found += [label for label in frame.cell_factor(columns[position]).labels if label not in set(found)]
        label_sets.append((item, found))
    if len(shared) != 1:
        raise StructureError(f"{spec.text!r}: the second formula of str() takes one structure and one factor, e.g. us(2):id(subject)")
    item, labels = label_sets[0]
    if item.role == "known":
        relationship, places = match(item, labels, known)
        relation = _crossed(("",), relationship)
        index = dict(zip(labels, places.tolist(), strict=True))
    else:
        relation = _Known(tuple(labels), None, None, 0.0, np.ones(len(labels)))
        index = {label: i for i, label in enumerate(labels)}
    pieces = []
    for i, member in enumerate(spec.members):
        active = meets(member.conditions, frame)
        factor = frame.cell_factor(own_columns[i][0])
        table = np.array([index[label] for label in factor.labels], dtype=np.int64)
        level = np.where(active, table[factor.codes], -1)
        pieces.append((np.full(level.size, i), level, covariate(member, frame)))
    structure = product_structure(spec.text, parts)
    z = _incidence(frame, pieces, structure.size, len(relation.labels))
    return DesignTerm(spec, structure, z, relation.labels, relation.precision, relation.factor, relation.logdet, relation.diagonal)
