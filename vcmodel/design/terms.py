"""The numerical side of a random term: incidence, levels, relationship and structure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, reduce
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from vcmodel.design.conditions import meets
from vcmodel.design.incidence import FactorColumns, khatri_rao
from vcmodel.design.magnitudes import refuse_extreme
from vcmodel.design.matching import Directory, matched, nearly
from vcmodel.design.relationship import Relationship, as_relationship
from vcmodel.errors import DataError, RelationshipError, StructureError, choices
from vcmodel.spec import FactorSpec, TermSpec, expand_condition
from vcmodel.structures import registry
from vcmodel.structures.kronecker import KroneckerStructure
from vcmodel.text import few, plural

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
    relationship : Relationship
        K over the q levels of the identity and known factors.
    basis : (k, k) array or None
        M, where the incidence is that of u' with u = (M kron I) u' the effects as written (:mod:`vcmodel.design.orthonormal`).
    """

    spec: TermSpec
    structure: KroneckerStructure
    incidence: sparse.csr_matrix
    relationship: Relationship
    basis: np.ndarray | None = None

    @property
    def label(self) -> str:
        """The ASReml-style label."""
        return self.spec.label

    @property
    def n_levels(self) -> int:
        """q, the number of relationship levels."""
        return len(self.relationship.labels)

    @property
    def n_columns(self) -> int:
        """m, the levels of the vector b the equations solve for."""
        return self.relationship.n_columns

    @cached_property
    def solved_incidence(self) -> sparse.csr_matrix:
        """Z (I kron F) of a sparse F (N, k * m): the incidence of what the equations solve for."""
        root = self.relationship.root
        if root is None:
            return self.incidence
        return sparse.csr_matrix(self.incidence @ sparse.kron(sparse.identity(self.structure.size), root, format="csr"))


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


def structured(factors: Sequence[FactorSpec], frame: Frame, active: np.ndarray) -> tuple[list[Structure], sparse.csr_matrix]:
    """The structures over the levels present among the active cells, and the columns (N, k) of their products of levels."""
    parts: list[Structure] = []
    values = FactorColumns.ones(active.size).within(active).values
    for item in factors:
        columns = level_columns(item, frame, active)
        parts.append(registry.build(item.structure, item.factor, columns.labels, *item.arguments))
        values = khatri_rao(values, columns.values)
    return parts, values


def level_columns(item: FactorSpec, frame: Frame, active: np.ndarray) -> FactorColumns:
    """An indicator of the levels that a factor has among the active cells."""
    return FactorColumns.indicator(frame.cell_factor(item.factor)).within(active).seen()


def combined(factors: Sequence[FactorSpec], frame: Frame, active: np.ndarray) -> FactorColumns:
    """The combinations of the independent ones of `factors` that occur among the active cells; one column without any such factor."""
    columns = [level_columns(item, frame, active) for item in factors if item.role == "identity"]
    return reduce(FactorColumns.joined, columns) if columns else FactorColumns.ones(active.size).within(active)


def known_relationship(item: FactorSpec, known: Mapping[str, object]) -> Relationship:
    """The relationship that a known factor asks for."""
    if item.relationship not in known:
        raise RelationshipError(
            f"{item.label}: no relationship named {item.relationship!r} was given; pass known={{{item.relationship!r}: ...}} "
            f"(on the command line --known {item.relationship}=FILE:pedigree, in a job [known.{item.relationship}])"
            + (f" ({choices(item.relationship, known, 'names given')})" if known else "")
        )
    return as_relationship(known[item.relationship], item.relationship)


def related(item: FactorSpec, column: str, columns: FactorColumns, relationship: Relationship) -> FactorColumns:
    """The columns of a factor (of the data column `column`) as columns of the levels of its relationship."""
    places = matched(Directory(relationship.labels), columns.labels)
    absent = [label for label, place in zip(columns.labels, places, strict=True) if place < 0]
    if absent:
        twin = nearly(absent[0], relationship.labels)
        raise RelationshipError(
            f"{item.label}: {plural(len(absent), 'level')} {few(absent, 5)} of column {column!r} not found in relationship "
            f"{item.relationship!r}"
            + (f", where {twin!r} is another label than {absent[0]!r}: spell them alike, or" if twin is not None else ";")
            + " add them to it (an individual of unknown parents needs a pedigree row only), or remove their rows"
        )
    return columns.among(places, relationship.labels)


def relationship_levels(
    factors: Sequence[FactorSpec], frame: Frame, active: np.ndarray, known: Mapping[str, object]
) -> tuple[Relationship, sparse.csr_matrix]:
    """The relationship over the q levels of the unstructured factors, and the columns (N, q) of these."""
    matched = [item for item in factors if item.role == "known"]
    if len(matched) > 1:
        raise StructureError(
            f"{' and '.join(item.label for item in matched)} in one term: at most one known relationship per term is available"
        )
    identity = combined(factors, frame, active)
    if not matched:
        return Relationship.identity(identity.labels), identity.values
    item = matched[0]
    columns = level_columns(item, frame, active)
    relationship = known_relationship(item, known)
    own = related(item, item.factor, columns, relationship)
    return relationship.crossed(identity.labels), khatri_rao(identity.values, own.values)


def covariate(spec: TermSpec, frame: Frame) -> np.ndarray:
    """The product (N,) of the covariates ``lin(x)`` of a term; ones without any."""
    value = np.ones(frame.y.size)
    for name in spec.covariates:
        with np.errstate(over="ignore"):  # refused on the next line
            value = value * frame.covariate(name)[frame.row]
        refuse_extreme(value[np.isfinite(value)], f"lin({name}) in {spec.text!r}")
    return value


def product_structure(spec_text: str, parts: Sequence[Structure]) -> KroneckerStructure:
    """The Kronecker product of the structures; one variance is added when none of them carries one."""
    carrying = [part for part in parts if part.carries_variance]
    if len(carrying) > 1:
        raise StructureError(f"{spec_text!r}: more than one factor carries variances; make all but one a correlation structure (corg, cor)")
    return KroneckerStructure(tuple(parts), scaled=not carrying)


def weighted(frame: Frame, spec: TermSpec, values: sparse.csr_matrix) -> sparse.csr_matrix:
    """Columns (N, n) of a term times its covariates, on the weighted scale."""
    # entries stay where the covariate is zero: the pattern says which levels a cell meets, whatever the origin
    by_cell = covariate(spec, frame) * frame.weight_root
    return sparse.csr_matrix((values.data * np.repeat(by_cell, np.diff(values.indptr)), values.indices, values.indptr), shape=values.shape)


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
    parts, by_structure = structured([item for item in spec.factors if item.role == "structure"], frame, active)
    relationship, by_level = relationship_levels([item for item in spec.factors if item.role != "structure"], frame, active, known)
    z = weighted(frame, spec, khatri_rao(by_structure, by_level))
    return _term(spec, product_structure(spec.text, parts), z, relationship)


def _term(spec: TermSpec, structure: KroneckerStructure, incidence: sparse.csr_matrix, relationship: Relationship) -> DesignTerm:
    if incidence.nnz == 0:
        raise DataError(f"{spec.text!r} in `random`: no record has a known level of it; leave the term out")
    return DesignTerm(spec, structure, incidence, relationship)


def _build_str(spec: TermSpec, frame: Frame, known: Mapping[str, object]) -> DesignTerm:
    """``str(~ a + b, ~ us(2):vm(a, K))``: one structure over consecutive terms that share the levels of the last factor."""
    shared = [item for item in spec.factors if item.role != "structure"]
    parts = [
        registry.build(item.structure, "", tuple(member.label for member in spec.members), *item.arguments)
        for item in spec.factors
        if item.role == "structure"
    ]
    if any(len(member.factors) != len(shared) for member in spec.members):
        raise StructureError(
            f"{spec.text!r}: every term of str() must have the same number of factors as the second formula has after its first one"
        )
    if len(shared) != 1:
        raise StructureError(f"{spec.text!r}: the second formula of str() takes one structure and one factor, e.g. us(2):id(subject)")
    item = shared[0]
    own = [member.factors[0].factor for member in spec.members]
    factors = {column: frame.cell_factor(column) for column in own}
    if item.role == "known":
        relationship = known_relationship(item, known)
        columns = {column: related(item, column, FactorColumns.indicator(factor), relationship) for column, factor in factors.items()}
    else:
        relationship = Relationship.identity(tuple(dict.fromkeys(label for column in own for label in factors[column].labels)))
        index = {label: i for i, label in enumerate(relationship.labels)}
        columns = {
            column: FactorColumns.indicator(factor).among(np.array([index[label] for label in factor.labels]), relationship.labels)
            for column, factor in factors.items()
        }
    pieces = [
        weighted(frame, member, columns[column].within(meets(member.conditions, frame)).values)
        for member, column in zip(spec.members, own, strict=True)
    ]
    z = sparse.csr_matrix(sparse.hstack(pieces, format="csr"))
    return _term(spec, product_structure(spec.text, parts), z, relationship)
