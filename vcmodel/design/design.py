"""The design of a fit: response, fixed matrix, random terms and residual sections as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from vcmodel.design.caution import Caution, seldom_meant
from vcmodel.design.conditions import observed
from vcmodel.design.fixed import FixedDesign, build_fixed
from vcmodel.design.frame import Frame
from vcmodel.design.independent import Independent, independent
from vcmodel.design.neighbours import seldom_meant_of_neighbours
from vcmodel.design.relationship import Relationship, as_relationship
from vcmodel.design.residual import Section, build_residual
from vcmodel.design.sharing import shared_by_traits
from vcmodel.design.size import refuse_too_large
from vcmodel.design.terms import DesignTerm, build_term, expand
from vcmodel.errors import DataError
from vcmodel.spec import KnownFactor, ModelSpec, of_kind
from vcmodel.text import few

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Design:
    """Everything the equations need, and the labels the results need. All rows are observed cells (N), scaled by sqrt(weight).

    Attributes
    ----------
    y : (N,) array
        Response times `weight_root`.
    x : (N, p) csc
        Kept fixed columns, centred and scaled (`transform`), times `weight_root`.
    transform : (p, p) sparse
        T with x = weight_root * fixed_matrix T: coefficients are beta = T beta', and log|X'V^-1X| differs by -2 log|det T|.
    fixed_matrix : (N, p) csc
        The kept columns as reported, unweighted.
    cautions : tuple of Caution
        What may not be meant.
    notes : tuple of str
        What was done to the data, and what each name was taken for.
    """

    spec: ModelSpec
    frame: Frame
    fixed: FixedDesign
    kept: np.ndarray
    y: np.ndarray
    x: sparse.csc_matrix
    transform: sparse.csc_matrix
    log_det_transform: float
    fixed_matrix: sparse.csc_matrix
    weight_root: np.ndarray
    terms: tuple[DesignTerm, ...]
    sections: tuple[Section, ...]
    cautions: tuple[Caution, ...]
    notes: tuple[str, ...]

    @property
    def fixed_names(self) -> tuple[str, ...]:
        """Names of the kept fixed columns."""
        return tuple(self.fixed.names[i] for i in self.kept)


def build_design(spec: ModelSpec, frame: Frame, known: Mapping[str, object] | None = None) -> Design:
    """The design of `spec` on the cells of `frame`.

    Raises
    ------
    DataError
        Also when no degree of freedom is left for the residual.
    """
    refuse_too_large(spec, frame)
    fixed = build_fixed(spec, frame)
    chosen = independent(fixed)
    kept, centred = chosen.kept, chosen.centred
    n = frame.y.size
    if kept.size >= n:
        raise DataError(f"{n} observations and {kept.size} independent fixed coefficients leave nothing for the variances; simplify fixed")
    relationships = _relationships(spec, known or {})
    expanded = [observed(term, expand(term, frame), "random", frame) for term in spec.random]
    root = frame.weight_root
    return Design(
        spec=spec,
        frame=frame,
        fixed=fixed,
        kept=kept,
        y=frame.y * root,
        x=sparse.csc_matrix(sparse.diags(root) @ centred.matrix),
        transform=centred.transform,
        log_det_transform=centred.log_det,
        fixed_matrix=sparse.csc_matrix(fixed.matrix[:, kept]),
        weight_root=root,
        terms=tuple(build_term(item, frame, relationships) for terms, _ in expanded for item in terms),
        sections=build_residual(spec.residual, frame),
        cautions=(*shared_by_traits(spec, frame), *seldom_meant(spec, frame), *seldom_meant_of_neighbours(spec, frame)),
        notes=(
            *frame.notes,
            *fixed.notes,
            *_dropped_notes(fixed, chosen),
            *(note for _, notes in expanded for note in notes),
            *(f"known {name}: {note}" for name, item in relationships.items() for note in item.notes),
        ),
    )


def _relationships(spec: ModelSpec, known: Mapping[str, object]) -> dict[str, Relationship]:
    """The relationships the model asks for, as far as they were given; each made once, however many terms use it."""
    factors = [item for term in spec.random for single in (term, *term.members) for item in single.factors]
    names = dict.fromkeys(item.relationship for item in of_kind(factors, KnownFactor) if item.relationship in known)
    return {name: as_relationship(known[name], name) for name in names}


def _dropped_notes(fixed: FixedDesign, chosen: Independent) -> list[str]:
    """What is said about the fixed columns left out."""
    gone = np.setdiff1d(np.arange(len(fixed.names)), chosen.kept)
    exact, blurred = (
        [fixed.names[i] for i in columns] for columns in (np.setdiff1d(gone, chosen.blurred), np.intersect1d(gone, chosen.blurred))
    )
    result = []
    if exact:
        result.append(f"fixed: dropped as linear combinations of earlier columns: {few(exact)}")
    if blurred:
        result.append(
            f"fixed: dropped, since within the rounding of their numbers they are linear combinations of earlier columns: {few(blurred)}; "
            "if that is not meant, subtract a constant near the mean from the covariate first"
        )
    return result
