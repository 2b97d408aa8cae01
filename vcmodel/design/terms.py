"""The numerical side of a random term: incidence, levels, relationship and structure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, reduce
from math import prod
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from vcmodel.design.conditions import meets, single_conditions
from vcmodel.design.magnitudes import refuse_extreme
from vcmodel.design.matching import Directory, matched, nearly
from vcmodel.design.relationship import Relationship, as_relationship
from vcmodel.errors import DataError, RelationshipError, StructureError, choices
from vcmodel.incidence import FactorColumns, columns_at, khatri_rao
from vcmodel.spec import FactorSpec, IdentityFactor, KnownFactor, StructuredFactor, TermSpec, of_kind
from vcmodel.structures import registry
from vcmodel.structures.kronecker import KroneckerStructure
from vcmodel.structures.range_parameter import RangeParameter
from vcmodel.structures.separable import SeparableStructure, worth_separating
from vcmodel.text import counted, few, plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vcmodel.design.frame import Frame
    from vcmodel.spec import Condition
    from vcmodel.structures.base import Structure
    from vcmodel.structures.sparse_inverse import SparseInverse


@dataclass(frozen=True)
class DesignTerm:
    """A random term u ~ N(0, Sigma (k, k) kron K (q, q)) of N observed cells.

    K is the product of the sparse parts of the structure, if it has any, and of the relationship.

    Attributes
    ----------
    spec : TermSpec
        The term, every ``at`` condition at one level.
    structure : KroneckerStructure or SeparableStructure
        Sigma over the k product levels of the structured factors, those of sparse parts left out.
    incidence : (N, k * q) csr
        Z on the weighted scale; column i * q + l is Sigma-level i, level l of K.
    relationship : Relationship
        Over the levels of the identity and known factors; these vary fastest among the q of K.
    basis : (k, k) array or None
        M, where the incidence is that of u' with u = (M kron I) u' the effects as written (:mod:`vcmodel.design.orthonormal`).
    """

    spec: TermSpec
    structure: KroneckerStructure | SeparableStructure
    incidence: sparse.csr_matrix
    relationship: Relationship
    basis: np.ndarray | None = None

    @property
    def label(self) -> str:
        """The ASReml-style label."""
        return self.spec.label

    @property
    def inverses(self) -> tuple[SparseInverse, ...]:
        """Inverses of the sparse parts of the structure."""
        return self.structure.inverses if isinstance(self.structure, SeparableStructure) else ()

    @cached_property
    def n_places(self) -> int:
        """Combinations of the levels of the sparse parts; 1 without any."""
        return prod(inverse.order for inverse in self.inverses)

    @property
    def n_levels(self) -> int:
        """q, the number of levels of K."""
        return self.n_places * len(self.relationship.labels)

    @property
    def n_columns(self) -> int:
        """m, the levels of the vector b the equations solve for."""
        return self.n_places * self.relationship.n_columns

    @cached_property
    def root(self) -> np.ndarray | sparse.csr_matrix | None:
        """F (q, m), where the effects are F b; None where they are b. Dense only without sparse parts."""
        root = self.relationship.root
        if root is None or not self.inverses:
            return root
        return sparse.csr_matrix(sparse.kron(sparse.identity(self.n_places), root))

    @property
    def dense_root(self) -> np.ndarray | None:
        """F where it is dense, so that every record meets every column of it."""
        return self.root if isinstance(self.root, np.ndarray) else None

    @property
    def whole(self) -> KroneckerStructure:
        """The matrix over the levels of all structured factors, as written."""
        return self.structure.whole if isinstance(self.structure, SeparableStructure) else self.structure

    def as_written(self, values: np.ndarray) -> np.ndarray:
        """Values (k, q) of the effects by the levels of the whole structure and those of the relationship."""
        by_level = values.reshape(-1, len(self.relationship.labels))
        return self.structure.as_written(by_level) if isinstance(self.structure, SeparableStructure) else by_level

    @property
    def diagonal(self) -> np.ndarray:
        """K_ll (q,)."""
        return np.tile(self.relationship.diagonal, self.n_places)

    @cached_property
    def solved_incidence(self) -> sparse.csr_matrix:
        """Z (I kron F) of a sparse F (N, k * m): the incidence of what the equations solve for."""
        if self.root is None:
            return self.incidence
        return sparse.csr_matrix(self.incidence @ sparse.kron(sparse.identity(self.structure.size), self.root, format="csr"))


def expand(spec: TermSpec, frame: Frame) -> list[TermSpec]:
    """The independent terms an ``at()`` stands for: one per level, each condition with exactly one level."""
    return [spec.at(conditions) for conditions in single_conditions(spec, "random", frame)]


def structured(
    factors: Iterable[StructuredFactor], frame: Frame, active: np.ndarray, conditions: Sequence[Condition]
) -> tuple[list[Structure], sparse.csr_matrix]:
    """The structures over the levels present among the active cells, and the columns (N, k) of their products of levels.

    A structure whose levels have an order has also those without an active cell that :meth:`Frame.every_level` finds under `conditions`,
    so that the neighbours of a level are its neighbours in the field.
    """
    parts: list[Structure] = []
    values = FactorColumns.ones(active.size).within(active).values
    for item in factors:
        columns = active_columns(item, frame, active)
        if item.ordered:
            every = item.source.every_level(frame, conditions)
            place = {label: i for i, label in enumerate(every)}
            columns = columns.among(np.array([place[label] for label in columns.labels], dtype=np.int64), every)
        parts.append(registry.build(item.structure, item.factor, columns.labels, *item.arguments, positions=columns.positions))
        _refuse_one_place(item, parts[-1], conditions)
        values = khatri_rao(values, columns.values)
    return parts, values


def _refuse_one_place(item: StructuredFactor, structure: Structure, conditions: Sequence[Condition]) -> None:
    """Refuses a structure of distances without any, in all of the data, or along one of its axes.

    Raises
    ------
    DataError
    """
    if not structure.metric:
        return
    if structure.size == 1 and not conditions:
        raise DataError(f"{item.text}: all records stand at one place, {structure.levels[0]}, so that there is no distance: leave it out")
    directions = [one for one in structure.parameters if isinstance(one, RangeParameter)]
    flat = [one.suffix.removesuffix(".pow") for one in directions if one.most == 0.0]
    if flat:
        raise DataError(f"{item.text}: {flat[0]} is the same at all places, so that it has no distances: use the other coordinate alone")


def active_columns(item: FactorSpec, frame: Frame, active: np.ndarray) -> FactorColumns:
    """Those columns of a factor that have an entry among the active cells."""
    return item.matrix(frame).within(active).seen()


def combined(factors: Iterable[FactorSpec], frame: Frame, active: np.ndarray) -> FactorColumns:
    """The combinations of the independent ones of `factors` that occur among the active cells; one column without any such factor."""
    columns = [active_columns(item, frame, active) for item in of_kind(factors, IdentityFactor)]
    return reduce(FactorColumns.joined, columns) if columns else FactorColumns.ones(active.size).within(active)


def known_relationship(item: KnownFactor, known: Mapping[str, object]) -> Relationship:
    """The relationship that a known factor asks for."""
    if item.relationship not in known:
        raise RelationshipError(
            f"{item.label}: no relationship named {item.relationship!r} was given; pass known={{{item.relationship!r}: ...}} "
            f"(on the command line --known {item.relationship}=FILE:pedigree, in a job [known.{item.relationship}])"
            + (f" ({choices(item.relationship, known, 'names given')})" if known else "")
        )
    return as_relationship(known[item.relationship], item.relationship)


def related(item: KnownFactor, column: str, columns: FactorColumns, relationship: Relationship) -> FactorColumns:
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
    identity = combined(factors, frame, active)
    related_factors = of_kind(factors, KnownFactor)
    if not related_factors:
        return Relationship.identity(identity.labels), identity.values
    (item,) = related_factors  # the formula has at most one
    relationship = known_relationship(item, known)
    own = related(item, item.factor, active_columns(item, frame, active), relationship)
    return relationship.crossed(identity.labels), khatri_rao(identity.values, own.values)


def covariate(spec: TermSpec, frame: Frame) -> np.ndarray:
    """The product (N,) of the covariates ``lin(x)`` of a term; ones without any."""
    value = np.ones(frame.y.size)
    for name in spec.covariates:
        with np.errstate(over="ignore"):  # refused on the next line
            value = value * frame.cell_numbers(name)
        refuse_extreme(value[np.isfinite(value)], f"lin({name}) in {spec.text!r}")
    return value


def product_structure(parts: Sequence[Structure]) -> KroneckerStructure:
    """The Kronecker product of the structures; one variance is added when none of them carries one."""
    return KroneckerStructure(tuple(parts), scaled=not any(part.carries_variance for part in parts))


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
    parts, by_structure = structured(of_kind(spec.factors, StructuredFactor), frame, active, spec.conditions)
    relationship, by_level = relationship_levels(spec.factors, frame, active, known)
    structure = product_structure(parts)
    if not worth_separating(structure):
        return _term(spec, structure, weighted(frame, spec, khatri_rao(by_structure, by_level)), relationship)
    separable = SeparableStructure(structure)
    z = weighted(frame, spec, khatri_rao(columns_at(by_structure, separable.level(np.arange(structure.size))), by_level))
    return _term(spec, separable, z, relationship)


def _term(
    spec: TermSpec, structure: KroneckerStructure | SeparableStructure, incidence: sparse.csr_matrix, relationship: Relationship
) -> DesignTerm:
    if incidence.nnz == 0:
        raise DataError(f"{spec.text!r} in `random`: no record has a known level of it; leave the term out")
    return DesignTerm(spec, structure, incidence, relationship)


def _build_str(spec: TermSpec, frame: Frame, known: Mapping[str, object]) -> DesignTerm:
    """``str(~ a + b, ~ us(2):vm(a, K))``: one structure over consecutive terms that share the levels of the last factor."""
    (shape,) = of_kind(spec.factors, StructuredFactor)
    (shared,) = (item for item in spec.factors if item is not shape)
    if any(len(member.factors) != 1 for member in spec.members):
        raise StructureError(
            f"{spec.text!r}: every term of str() must have the same number of factors as the second formula has after its first one"
        )
    structure = registry.build(shape.structure, "", tuple(member.label for member in spec.members), *shape.arguments)
    own = [member.factors[0].matrix(frame) for member in spec.members]
    _require_shared_levels(spec, shared, list(dict.fromkeys(label for item in own for label in item.labels)), frame)
    if isinstance(shared, KnownFactor):
        relationship = known_relationship(shared, known)
        own = [related(shared, member.factors[0].factor, item, relationship) for member, item in zip(spec.members, own, strict=True)]
    else:
        relationship = Relationship.identity(tuple(dict.fromkeys(label for item in own for label in item.labels)))
        index = {label: i for i, label in enumerate(relationship.labels)}
        own = [item.among(np.array([index[label] for label in item.labels]), relationship.labels) for item in own]
    pieces = [
        weighted(frame, member, item.within(meets(member.conditions, frame)).values) for member, item in zip(spec.members, own, strict=True)
    ]
    return _term(spec, product_structure([structure]), sparse.csr_matrix(sparse.hstack(pieces, format="csr")), relationship)


def _require_shared_levels(spec: TermSpec, shared: FactorSpec, labels: Sequence[str], frame: Frame) -> None:
    """Refuses a second formula of str() over other levels than those `labels` of its terms.

    Raises
    ------
    StructureError
    """
    own = list(dict.fromkeys(member.factors[0].factor for member in spec.members))
    if shared.factor in own:
        return
    remedy = f"write {shared.text.replace(shared.source.written, own[0], 1)}"
    if shared.factor.isdigit():
        if int(shared.factor) != len(labels):
            found = counted(len(labels), "level")
            raise StructureError(f"{spec.text!r}: {shared.text}, but its terms have {found} together: {remedy}")
    elif shared.factor not in frame.table.columns:
        raise StructureError(f"{spec.text!r}: {shared.text} is of no factor of its terms, {few(own)}: {remedy}")
    elif set(frame.cell_factor(shared.factor).labels) != set(labels):
        raise StructureError(f"{spec.text!r}: {shared.factor} has other levels than {few(own)}, which its terms are over: {remedy}")
