"""Known relationship matrices K of ``vm(factor, K)``: from a pedigree, a covariance, a precision, triplets or markers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from os import PathLike

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import linalg, sparse

from vcmodel.design import mendelian
from vcmodel.design.matching import code_texts
from vcmodel.design.pedigree import Pedigree
from vcmodel.design.symmetric import labels_of, real_numbers, sparse_symmetric, symmetric
from vcmodel.design.triplets import is_inverse, read_triplets
from vcmodel.errors import RelationshipError
from vcmodel.linalg.cholesky import SparseCholesky
from vcmodel.linalg.connected import connected_levels
from vcmodel.memory import require_memory
from vcmodel.tables.numbers import is_number
from vcmodel.text import counted, few

Array = NDArray[np.float64]

CONDITION = 1e10  # from here on the inverse keeps fewer than six digits: K is used through a factor
RANK = 1e-10  # share of the largest below which a direction counts as empty
NEGATIVE = 1e-6  # a negative eigenvalue up to this share of the largest is rounding of the entries
SINGULAR = 1e-13  # smallest squared pivot, relative to its diagonal entry, of a precision that is not singular


@dataclass(frozen=True, eq=False)
class Relationship:
    """A relationship matrix K (q, q) in the form the equations use: its precision, or a root when it is singular.

    K = F P^-1 F', where F or P not given is the identity. The equations solve for the m columns of F.

    Attributes
    ----------
    labels : tuple of str
        The q levels.
    precision : (m, m) csc_matrix or None
        P, both triangles: K^-1 when there is no root.
    root : (q, m) array or csr_matrix or None
        F; sparse where some levels are combinations of others (:mod:`vcmodel.design.mendelian`).
    logdet : float
        -log|P|.
    diagonal : (q,) array
        K_ii.
    notes : tuple of str
        What was found out about K.
    """

    labels: tuple[str, ...]
    precision: sparse.csc_matrix | None
    root: Array | sparse.csr_matrix | None
    logdet: float
    diagonal: Array
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        form = f"precision with {self.precision.nnz} nonzeros" if self.precision is not None else f"factor of rank {self.n_columns}"
        return f"Relationship: {len(self.labels)} levels, {form}, mean diagonal {self.diagonal.mean():.4g}"

    @property
    def n_columns(self) -> int:
        """m, the levels of the vector b the equations solve for: q, or the columns of the root."""
        return len(self.labels) if self.root is None else self.root.shape[1]

    @property
    def dense_root(self) -> Array | None:
        """F where it is dense, so that every record meets every column of it."""
        return self.root if isinstance(self.root, np.ndarray) else None

    @classmethod
    def identity(cls, labels: tuple[str, ...]) -> Relationship:
        """K = I over independent levels."""
        return cls(labels, None, None, 0.0, np.ones(len(labels)))

    def crossed(self, labels: tuple[str, ...]) -> Relationship:
        """I kron K over independent combinations of other factors, called `labels`; K itself where there are no other factors."""
        n = len(labels)
        if labels == ("",):
            return self
        each = sparse.identity(n, format="csr")
        precision = None if self.precision is None else sparse.csc_matrix(sparse.kron(each, self.precision))
        root: Array | sparse.csr_matrix | None = None
        if isinstance(self.root, np.ndarray):
            require_memory(
                8.0 * n * n * self.root.size,
                f"a dense or singular relationship over {n:,} independent combinations of other factors",
                "give a relationship that is not singular, so that it has a sparse or invertible precision",
            )
            root = np.kron(each.toarray(), self.root)
        elif self.root is not None:
            root = sparse.csr_matrix(sparse.kron(each, self.root))
        every = tuple(f"{other}:{own}" for other in labels for own in self.labels)
        return replace(self, labels=every, precision=precision, root=root, logdet=n * self.logdet, diagonal=np.tile(self.diagonal, n))

    @classmethod
    def from_covariance(cls, matrix: pd.DataFrame) -> Relationship:
        """The relationship with covariance matrix K.

        A well-conditioned K is inverted. A singular or nearly singular one is kept as it is, through a factor; nothing is added to it.

        Parameters
        ----------
        matrix : (q, q) DataFrame
            The same labels on rows and columns, in any order.

        Raises
        ------
        RelationshipError
            Labels that differ or repeat, entries that are missing or not symmetric, a negative eigenvalue.
        """
        values, labels, notes = symmetric(matrix, "covariance")
        if not np.any(values):
            raise RelationshipError("covariance: every entry is zero; give the relationships of the levels")
        inverse = _inverse(values)
        if inverse is None:
            root, found = _root(values)
            return cls(labels, None, root, 0.0, values.diagonal().copy(), (*notes, *found))
        precision, logdet = inverse
        return cls(labels, precision, None, logdet, values.diagonal().copy(), notes)

    @classmethod
    def from_precision(
        cls,
        matrix: pd.DataFrame | sparse.spmatrix | sparse.sparray | tuple[object, Sequence[object]],
        labels: Sequence[object] | None = None,
    ) -> Relationship:
        """The relationship with inverse `matrix`.

        Parameters
        ----------
        matrix : (q, q) DataFrame, or sparse matrix, or (sparse matrix, labels)
            Both triangles. A DataFrame has the same labels on rows and columns.
        labels : sequence, optional
            The levels of a sparse matrix.

        Raises
        ------
        RelationshipError
            As for :meth:`from_covariance`, and when the matrix is not positive definite.
        """
        if isinstance(matrix, tuple) and len(matrix) == 2:
            matrix, labels = matrix
        if isinstance(matrix, pd.DataFrame):
            values, names, notes = symmetric(matrix, "precision")
            precision = sparse.csc_matrix(values)
        elif sparse.issparse(matrix):
            if labels is None:
                raise RelationshipError("precision: a sparse matrix needs its labels: from_precision(matrix, labels)")
            precision, names, notes = sparse_symmetric(matrix, labels, "precision")
        else:
            raise RelationshipError(f"precision: give a labelled DataFrame or a sparse matrix and its labels, not {type(matrix).__name__}")
        # a pattern with the whole diagonal; one without it is not positive definite, but that is for the factorisation to say
        diagonal = sparse.coo_matrix((np.zeros(len(names)), (np.arange(len(names)),) * 2), shape=precision.shape)
        triplets = sparse.tril(precision, format="coo")
        lower = sparse.coo_matrix(
            (
                np.concatenate([triplets.data, diagonal.data]),
                (np.concatenate([triplets.row, diagonal.row]), np.concatenate([triplets.col, diagonal.col])),
            ),
            shape=precision.shape,
        ).tocsc()
        lower.sort_indices()
        cholesky = SparseCholesky(lower)
        if not cholesky.refactor(lower.data) or cholesky.pivot_ratio(lower.data) < SINGULAR:
            raise RelationshipError(
                "precision: the matrix is not positive definite, so it has no covariance; give the covariance with "
                "from_covariance (which may be singular), or remove levels whose information is zero or duplicated"
            )
        return cls(names, precision, None, -cholesky.logdet(), cholesky.selected_inverse()[lower.indptr[:-1]].copy(), notes)

    @classmethod
    def from_markers(cls, markers: pd.DataFrame, ploidy: int = 2, *, missing: Iterable[object] | None = None) -> Relationship:
        """The genomic relationship of lines, G = ZZ'/(ploidy sum p(1 - p)) with Z the centred allele counts.

        Parameters
        ----------
        markers : (lines, markers) DataFrame
            Allele counts 0 .. `ploidy`, lines as index. A missing count takes the mean of its marker.
        ploidy : int
            Copies of each chromosome: 2 for diploids; 1 for 0/1 scores of inbred lines.
        missing : iterable, optional
            Codes for a missing count: ``missing=[-9]``.

        Raises
        ------
        RelationshipError
            Counts that are not numbers between 0 and `ploidy`, no marker that varies, repeated lines.

        References
        ----------
        VanRaden, P. M. (2008). Efficient methods to compute genomic predictions. J. Dairy Sci. 91, 4414-4423 (method 1).
        """
        if not isinstance(markers, pd.DataFrame):
            raise RelationshipError(f"markers: give a DataFrame with lines as index and markers as columns, not {type(markers).__name__}")
        if not isinstance(ploidy, int | np.integer) or ploidy < 1:
            raise RelationshipError(f"markers: ploidy is {ploidy!r}, it must be a whole number of at least 1")
        labels = labels_of(markers.index, "markers")
        markers = _without_codes(markers, code_texts(missing, "markers"))
        try:
            counts = real_numbers(markers, "markers")
        except (TypeError, ValueError):
            text = next((name for name in markers.columns if not pd.api.types.is_numeric_dtype(markers[name])), markers.columns[0])
            raise RelationshipError(
                f"markers: column {text!r} is not numeric; make the line names the index (set_index) and code alleles as counts"
            ) from None
        wrong = np.argwhere((counts < 0) | (counts > ploidy))
        if len(wrong):
            line, marker = wrong[0]
            value = f"{counts[line, marker]:g}"
            code = f", or if {value} means missing, say so: missing=[{value}], --missing {value}, missing in [read] of a job"
            raise RelationshipError(
                f"markers: line {labels[line]!r} has {value} at marker {markers.columns[marker]!r}, not a count between 0 and ploidy = "
                f"{ploidy}; recode, or set ploidy{code if counts[line, marker] < 0 else ''}"
            )
        gaps = np.isnan(counts)
        seen = ~gaps.all(axis=0)
        counts, gaps = counts[:, seen], gaps[:, seen]
        notes = [] if seen.all() else [f"{int((~seen).sum())} markers without any count left out"]
        centred = counts - np.nanmean(counts, axis=0) if counts.size else counts
        frequency = np.nanmean(counts, axis=0) / ploidy if counts.size else np.zeros(0)
        if gaps.any():
            centred[gaps] = 0.0
            notes.append(f"{int(gaps.sum())} missing marker counts ({100 * gaps.mean():.2g} %) replaced by the mean of their marker")
        scale = ploidy * float(np.sum(frequency * (1.0 - frequency)))
        if not scale > 0.0:
            raise RelationshipError("markers: no marker varies between the lines; check the coding of the alleles")
        covariance = pd.DataFrame(centred @ centred.T / scale, index=labels, columns=labels)
        result = cls.from_covariance(covariance)
        return replace(result, notes=(*notes, *result.notes))

    @classmethod
    def triplets(cls, table: pd.DataFrame | str | PathLike[str], labels: object = None, inverse: bool = False) -> Relationship:
        """The relationship whose matrix is written as row, column and value of its entries.

        Parameters
        ----------
        table : DataFrame or path
            Three columns: row, column, value, in this order or named so; or GCTA's four, with the number of markers in the third. A file
            may be without a header. One triangle or both, in any order; an entry that is not there is zero.
        labels : sequence or path of a file, optional
            The levels, where rows and columns are positions in them, counted from 1 (or from 0 throughout); a file has one in a line, or
            two fields of which the second counts, as GCTA's ``.grm.id``.
        inverse : bool
            Whether the entries are those of the inverse; a file named ``.giv`` always holds the inverse.

        Raises
        ------
        RelationshipError
            Positions without labels, unknown labels, entries that are missing, conflict or lack a diagonal, triangles that differ, and
            as for :meth:`from_covariance` and :meth:`from_precision`.

        Examples
        --------
        >>> table = pd.DataFrame({"row": ["a", "b", "b"], "column": ["a", "a", "b"], "value": [1.0, 0.5, 1.0]})
        >>> Relationship.triplets(table)
        Relationship: 2 levels, precision with 4 nonzeros, mean diagonal 1
        """
        found = read_triplets(table, labels)
        q = len(found.labels)
        if inverse or is_inverse(table):
            result = cls.from_precision(found.matrix, found.labels)
        else:
            require_memory(
                32.0 * q * q, f"triplets: a relationship matrix of {q:,} levels", "give its inverse where that is sparse (inverse=True)"
            )
            result = cls.from_covariance(pd.DataFrame(found.matrix.toarray(), index=found.labels, columns=found.labels))
        return replace(result, notes=(*found.notes, *result.notes))

    @classmethod
    def from_pedigree(cls, pedigree: Pedigree) -> Relationship:
        """The numerator relationship matrix A of a pedigree, through its sparse inverse.

        An individual without Mendelian variance (an offspring of fixed lines) is the mean of its parents, and those of very little are
        their mean and a deviation: see :mod:`vcmodel.design.mendelian`.
        """
        diagonal = 1.0 + pedigree.inbreeding
        if pedigree.mendelian.min() >= mendelian.SMALL:
            return cls(pedigree.labels, pedigree.precision(), None, pedigree.logdet(), diagonal, pedigree.notes)
        found = mendelian.coordinates(pedigree.parents, pedigree.mendelian)
        fixed = [pedigree.labels[i] for i in np.flatnonzero(pedigree.mendelian < mendelian.NONE)]
        notes = pedigree.notes
        if fixed:
            notes = (*notes, f"without Mendelian variance, both parents being fixed, and so the mean of their parents: {few(fixed, 3)}")
        return cls(pedigree.labels, found.precision, found.weights, found.logdet, diagonal, notes)


def _without_codes(markers: pd.DataFrame, missing: Iterable[object]) -> pd.DataFrame:
    """The markers with NaN for the codes, which may be given as numbers or as text."""
    if isinstance(missing, str | int | float):
        raise RelationshipError(f"markers: missing takes a list of codes: missing=[{missing!r}]")
    codes = [str(code).strip() for code in missing]
    numbers = [float(code) for code in codes if is_number(code)]
    return markers.mask(markers.isin([*codes, *numbers])) if codes else markers


def as_relationship(obj: object, name: str) -> Relationship:
    """The relationship given as ``known[name]``: a Relationship, a Pedigree, or a labelled DataFrame (a covariance).

    Raises
    ------
    RelationshipError
        Anything else, or a matrix that is no covariance; the message begins with the name.
    """
    try:
        if isinstance(obj, Relationship):
            return obj
        if isinstance(obj, Pedigree):
            return Relationship.from_pedigree(obj)
        if isinstance(obj, pd.DataFrame):
            return Relationship.from_covariance(obj)
    except RelationshipError as problem:
        raise RelationshipError(f"known[{name!r}]: {problem}") from None
    hint = ""
    if hasattr(obj, "shape"):
        hint = ": a bare array has no labels, wrap it in a DataFrame with the levels as index and columns"
    elif isinstance(obj, str | PathLike):
        hint = f": for a file, Pedigree({str(obj)!r}), Relationship.triplets({str(obj)!r}), or pandas.read_csv(..., index_col=0)"
    raise RelationshipError(
        f"known[{name!r}] is a {type(obj).__name__}; give a Pedigree, a Relationship, or a labelled DataFrame with the covariances{hint}"
    )


def _inverse(values: Array) -> tuple[sparse.csc_matrix, float] | None:
    """K^-1 and log|K|; None when K is not positive definite or too near to singular.

    The pattern joins the levels that are connected in K: that of K^-1 for a matrix of independent groups, full otherwise.
    """
    root, info = linalg.lapack.dpotrf(values, lower=1)
    if info != 0:
        return None
    norm = float(np.abs(values).sum(axis=0).max())
    reciprocal, info = linalg.lapack.dpocon(root, norm, uplo="L")
    if info != 0 or not reciprocal * CONDITION > 1.0:
        return None
    logdet = 2.0 * float(np.log(root.diagonal()).sum())
    inverse, _ = linalg.lapack.dpotri(root, lower=1)
    lower = np.tril(inverse)
    inverse = lower + np.tril(lower, -1).T
    group = connected_levels(values)
    if not group.any():
        q = len(values)
        start, row = np.arange(0, q * q + 1, q), np.tile(np.arange(q), q)
        return sparse.csc_matrix((inverse.T.ravel(), row, start), shape=(q, q)), logdet
    row, column = np.nonzero(group[:, None] == group[None, :])
    precision = sparse.coo_matrix((inverse[row, column], (row, column)), shape=values.shape).tocsc()
    precision.sort_indices()
    return precision, logdet


def _root(values: Array) -> tuple[Array, tuple[str, ...]]:
    """F (q, m) with K = FF', and a note; pivoted Cholesky, or eigenvalues where that leaves a remainder.

    References
    ----------
    Higham, N. J. (2002). Accuracy and Stability of Numerical Algorithms, 2nd ed., section 10.3. SIAM.
    """
    q = len(values)
    size = float(np.abs(values).max())
    packed, pivots, rank, _ = linalg.lapack.dpstrf(values, tol=RANK * size, lower=1)
    if rank > 0:
        root = np.empty((q, rank))
        root[pivots - 1] = np.tril(packed)[:, :rank]
        rest = pivots[rank:] - 1
        # K - FF' is zero but for this block, so that the block also bounds every negative eigenvalue
        remainder = values[np.ix_(rest, rest)] - root[rest] @ root[rest].T
        if remainder.size == 0 or np.abs(remainder).sum(axis=0).max() <= 10 * RANK * size * max(1, len(rest)):
            return root, (_rank_note(rank, q),)
    eigenvalues, vectors = linalg.eigh(values)
    least, largest = float(eigenvalues[0]), float(np.abs(eigenvalues).max())
    if least < -NEGATIVE * largest:
        count = int(np.sum(eigenvalues < -NEGATIVE * largest))
        raise RelationshipError(
            f"covariance: {counted(count, 'negative eigenvalue')}, the smallest {least:.6g} against a largest of "
            f"{eigenvalues[-1]:.6g}: no covariance matrix has one; check how the matrix was computed (pairwise deletion and few digits "
            "are usual causes)"
        )
    keep = eigenvalues > RANK * largest
    notes = [_rank_note(int(keep.sum()), q)]
    if least < -RANK * largest:
        notes.append(f"negative eigenvalues down to {least:.3g} (largest {largest:.3g}) are taken for rounding of the entries")
    return vectors[:, keep] * np.sqrt(eigenvalues[keep]), tuple(notes)


def _rank_note(rank: int, q: int) -> str:
    if rank == q:
        return f"the relationship matrix of {q} levels is nearly singular: used through a factor, not its inverse"
    return f"the relationship matrix of {q} levels has rank {rank}: used through a factor, without an inverse"
