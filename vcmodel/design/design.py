"""The design of a fit: response, fixed matrix, random terms and residual sections as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from vcmodel.design.fixed import FixedDesign, build_fixed, centre
from vcmodel.design.frame import Frame
from vcmodel.design.residual import Section, build_residual
from vcmodel.design.terms import DesignTerm, build_term, expand
from vcmodel.errors import DataError
from vcmodel.linalg.rank import dependent_columns
from vcmodel.spec import ModelSpec

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
    notes: tuple[str, ...]

    @property
    def fixed_names(self) -> tuple[str, ...]:
        """Names of the kept fixed columns."""
        return tuple(self.fixed.names[i] for i in self.kept)

    @property
    def dropped_names(self) -> tuple[str, ...]:
        """Names of the fixed columns that are linear combinations of earlier ones."""
        gone = set(range(len(self.fixed.names))) - set(self.kept.tolist())
        return tuple(self.fixed.names[i] for i in sorted(gone))


def _independent(x: sparse.csc_matrix) -> np.ndarray:
    """Positions of the leftmost independent columns of x, whose columns have unit norm."""
    if x.shape[1] == 0:
        return np.zeros(0, dtype=np.int64)
    dropped = dependent_columns(sparse.csc_matrix(x.T @ x))
    return np.flatnonzero(~dropped)


def build_design(spec: ModelSpec, frame: Frame, known: Mapping[str, object] | None = None) -> Design:
    """The design of `spec` on the cells of `frame`.

    Raises
    ------
    DataError
        Also when no degree of freedom is left for the residual.
    """
    fixed = build_fixed(spec, frame)
    centred = centre(fixed)
    kept = _independent(centred.matrix)
    if kept.size >= frame.y.size:
        raise DataError(
            f"{frame.y.size} observations and {kept.size} independent fixed coefficients leave no degree of freedom for the variances; simplify fixed"
        )
    # centring uses an earlier 0/1 column, which is kept or itself a combination of kept ones: see FixedDesign
    raw = sparse.csc_matrix(fixed.matrix[:, kept])
    x, transform, log_det = _centre_kept(fixed, kept)
    root = frame.weight_root
    scale = sparse.diags(root)
    relationships = known or {}
    terms = tuple(build_term(item, frame, relationships) for term in spec.random for item in expand(term, frame))
    sections = build_residual(spec.residual, frame)
    notes = list(frame.notes)
    gone = [fixed.names[i] for i in range(len(fixed.names)) if i not in set(kept.tolist())]
    if gone:
        shown = ", ".join(gone[:8]) + (f", … ({len(gone)} in all)" if len(gone) > 8 else "")
        notes.append(f"fixed: dropped as linear combinations of earlier columns: {shown}")
    return Design(
        spec, frame, fixed, kept, frame.y * root, sparse.csc_matrix(scale @ x), transform, log_det, raw, root, terms, sections, tuple(notes)
    )


def _centre_kept(fixed: FixedDesign, kept: np.ndarray) -> tuple[sparse.csc_matrix, sparse.csc_matrix, float]:
    """The kept columns centred and scaled, the transform T and log|det T|."""
    result = centre(fixed, kept)
    return result.matrix, result.transform, result.log_det
