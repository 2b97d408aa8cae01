"""Pedigrees: order, inbreeding and the sparse inverse of the numerator relationship matrix."""

from __future__ import annotations

from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from vcmodel.design.matching import code_texts
from vcmodel.design.mendelian import NONE
from vcmodel.design.parentage import parents_first, read_parentage
from vcmodel.errors import DataError, RelationshipError, choices
from vcmodel.linalg import _kernels
from vcmodel.tables.as_written import read_texts

if TYPE_CHECKING:
    from collections.abc import Iterable


class Pedigree:
    """The pedigree behind a relationship matrix A.

    Rows may stand in any order; parents without a row of their own are added as founders (unrelated, not inbred). A parent is unknown
    when it is missing (None, NaN, NA), empty, or one of the usual codes (0, -9, -999, NA, ``.``, ``?``, UNK, NULL ..., in any case, with
    blanks around it, as number or text) and no individual of that name has a row. Columns may spell an individual differently: 7, "7",
    7.0 and "7.0" are one; "007" and "7" are two. A parent may be used as sire and as dam, also of the same offspring (selfing).

    Parameters
    ----------
    table : DataFrame or path of a CSV
        One row per individual. A row that repeats another exactly counts once, and a note says so; two rows that give one individual
        different parents are an error.
    id, sire, dam : str
        Names of the columns; `sire` or `dam` may be None where only the other parent is known.
    missing : iterable, optional
        Further codes for an unknown parent: ``missing=[9999]``.

    Attributes
    ----------
    labels : tuple of str
        The n individuals, parents before offspring.
    parents : (n, 2) int array
        Positions of sire and dam in `labels`; -1 for unknown.
    notes : tuple of str
        What was taken as unknown, how often, and what was added.

    Raises
    ------
    RelationshipError
        A missing column or identifier, two different rows for one individual, an individual among its own ancestors.

    Warns
    -----
    ModelWarning
        One parent without a row of its own is sire and dam of nearly all of the first generation: a code for unknown, as it seems.

    Examples
    --------
    >>> table = pd.DataFrame({"id": ["d", "c"], "sire": ["a", "a"], "dam": ["c", "b"]})
    >>> pedigree = Pedigree(table)
    >>> pedigree.labels
    ('a', 'b', 'c', 'd')
    >>> pedigree.inbreeding
    array([0.  , 0.  , 0.  , 0.25])
    """

    def __init__(
        self,
        table: pd.DataFrame | str | PathLike[str],
        id: str = "id",
        sire: str | None = "sire",
        dam: str | None = "dam",
        *,
        missing: Iterable[object] | None = None,
    ) -> None:
        try:
            frame = read_texts(table)
        except DataError as problem:
            raise RelationshipError(f"pedigree: {problem}") from None
        sides = [name for name in (sire, dam) if name]
        if not sides:
            raise RelationshipError("pedigree: neither sire nor dam is given; name the column of at least one parent")
        for argument, name in (("id", id), ("sire", sire), ("dam", dam)):
            if not isinstance(name, str | None) or (name is None and argument == "id"):
                raise RelationshipError(f"pedigree: {argument} must be the name of a column, not {name!r}")
            if name and name not in frame.columns:
                hint = "" if argument == "id" else f"; where no {argument} is known, {argument}=None"
                raise RelationshipError(
                    f"pedigree: no column {name!r} (the {argument}s); name the columns with id=, sire=, dam={hint}; "
                    f"{choices(name, frame.columns, 'columns')}"
                )
        if len({id, *sides}) < 1 + len(sides):
            raise RelationshipError(f"pedigree: id, sire and dam need different columns, not {id!r}, {sire!r}, {dam!r}")
        codes = code_texts(missing, "pedigree")
        parentage = read_parentage(frame[id], [frame[name] for name in sides], codes)
        order = parents_first(parentage)
        place = np.empty(len(order) + 1, dtype=np.int64)
        place[order] = np.arange(len(order))
        place[-1] = -1  # where an unknown parent points
        self.labels: tuple[str, ...] = tuple(parentage.names[i] for i in order)
        self.parents: NDArray[np.int64] = place[parentage.parents[order]]
        self.parents.flags.writeable = False
        self.notes: tuple[str, ...] = tuple(parentage.notes)

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        founders = int(np.sum(np.all(self.parents < 0, axis=1)))
        return f"Pedigree: {len(self)} individuals, {founders} founders, mean inbreeding {self.inbreeding.mean():.4g}"

    @property
    def inbreeding(self) -> NDArray[np.float64]:
        """Inbreeding coefficients F (n,); the diagonal of A is 1 + F.

        References
        ----------
        Meuwissen, T. H. E., Luo, Z. (1992). Computing inbreeding coefficients in large populations. Genet. Sel. Evol. 24, 305-313.
        Colleau, J.-J. (2002). An indirect approach to the extensive calculation of relationship coefficients. Genet. Sel. Evol. 34,
        409-421.
        """
        return self._coefficients[0]

    @property
    def mendelian(self) -> NDArray[np.float64]:
        """Mendelian sampling variances (n,) in units of the additive variance: A = T diag(mendelian) T'."""
        return self._coefficients[1]

    def precision(self) -> sparse.csc_matrix:
        """A^-1 (n, n) with both triangles.

        Raises
        ------
        RelationshipError
            Individuals without Mendelian variance: A has no inverse.

        References
        ----------
        Henderson, C. R. (1976). A simple method for computing the inverse of a numerator relationship matrix. Biometrics 32, 69-83.
        Quaas, R. L. (1976). Computing the diagonal elements and inverse of a large numerator relationship matrix. Biometrics 32,
        949-953.
        """
        n = len(self)
        fixed = np.flatnonzero(self.mendelian < NONE)
        if fixed.size:
            raise RelationshipError(
                f"pedigree: {self.labels[fixed[0]]!r} ({fixed.size} in all) has no Mendelian variance, its parents being fixed lines, so "
                "that A has no inverse; Relationship.from_pedigree gives A in coordinates that have one"
            )
        weight = 1.0 / self.mendelian
        # each individual adds w t t', t = 1 for itself and -1/2 for each known parent; selfing adds twice to one parent
        members = np.column_stack([np.arange(n), self.parents])
        share = np.array([1.0, -0.5, -0.5])
        rows, columns, values = [], [], []
        for a in range(3):
            for b in range(3):
                known = (members[:, a] >= 0) & (members[:, b] >= 0)
                rows.append(members[known, a])
                columns.append(members[known, b])
                values.append(share[a] * share[b] * weight[known])
        triplets = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
        inverse = sparse.coo_matrix(triplets, shape=(n, n)).tocsc()
        inverse.sort_indices()
        return inverse

    def logdet(self) -> float:
        """log|A|; minus infinity where a Mendelian variance is zero."""
        with np.errstate(divide="ignore"):
            return float(np.log(self.mendelian).sum())

    @cached_property
    def _coefficients(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        sire, dam = (np.ascontiguousarray(self.parents[:, j], dtype=np.int32) for j in (0, 1))
        inbreeding, mendelian = _kernels.inbreeding(sire, dam)
        inbreeding.flags.writeable = mendelian.flags.writeable = False
        return inbreeding, mendelian
