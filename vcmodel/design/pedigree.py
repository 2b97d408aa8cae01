"""Pedigrees: order, inbreeding and the sparse inverse of the numerator relationship matrix."""

from __future__ import annotations

from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from vcmodel.design.levels import label
from vcmodel.errors import DataError, RelationshipError, choices, row_list
from vcmodel.linalg import _kernels
from vcmodel.tables.reading import read_table

if TYPE_CHECKING:
    from collections.abc import Iterable

# spellings of an unknown parent, besides missing values and empty text, unless an individual has that name
UNKNOWN = ("0", "NA", "*", ".")


class Pedigree:
    """The pedigree behind a relationship matrix A.

    Rows may stand in any order; parents without a row of their own are added as founders (unrelated, not inbred). A parent is unknown
    when it is missing (None, NaN, NA), empty, or one of ``0 NA * .`` and no individual has that name. Numbers without a fraction are
    whole numbers before they become labels: 7.0 and 7 are the individual "7". A parent may be used as sire and as dam, also of the same
    offspring (selfing).

    Parameters
    ----------
    table : DataFrame or path of a CSV
        One row per individual. A row that repeats another exactly counts once, and a note says so; two rows that give one individual
        different parents are an error.
    id, sire, dam : str
        Names of the columns.

    Attributes
    ----------
    labels : tuple of str
        The n individuals, parents before offspring.
    parents : (n, 2) int array
        Positions of sire and dam in `labels`; -1 for unknown.
    notes : tuple of str
        What was added or taken for something.

    Raises
    ------
    RelationshipError
        A missing column or identifier, two different rows for one individual, an individual among its own ancestors.

    Examples
    --------
    >>> table = pd.DataFrame({"id": ["d", "c"], "sire": ["a", "a"], "dam": ["c", "b"]})
    >>> pedigree = Pedigree(table)
    >>> pedigree.labels
    ('a', 'b', 'c', 'd')
    >>> pedigree.inbreeding
    array([0.  , 0.  , 0.  , 0.25])
    """

    def __init__(self, table: pd.DataFrame | str | PathLike[str], id: str = "id", sire: str = "sire", dam: str = "dam") -> None:
        try:
            frame = read_table(table)
        except DataError as problem:
            raise RelationshipError(f"pedigree: {problem}") from None
        for name, role in ((id, "id"), (sire, "sire"), (dam, "dam")):
            if name not in frame.columns:
                raise RelationshipError(
                    f"pedigree: no column {name!r} (the {role}s); name the columns with id=, sire=, dam=; "
                    f"{choices(name, frame.columns, 'columns')}"
                )
        if len({id, sire, dam}) < 3:
            raise RelationshipError(f"pedigree: id, sire and dam need three different columns, not {id!r}, {sire!r}, {dam!r}")
        names, parents, notes = _read(frame[id], frame[sire], frame[dam])
        order = _parents_first(names, parents)
        place = np.empty(len(names) + 1, dtype=np.int64)
        place[order] = np.arange(len(names))
        place[-1] = -1  # where an unknown parent points
        self.labels: tuple[str, ...] = tuple(names[i] for i in order)
        self.parents: NDArray[np.int64] = place[parents[order]]
        self.parents.flags.writeable = False
        self.notes: tuple[str, ...] = tuple(notes)

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

        References
        ----------
        Henderson, C. R. (1976). A simple method for computing the inverse of a numerator relationship matrix. Biometrics 32, 69-83.
        Quaas, R. L. (1976). Computing the diagonal elements and inverse of a large numerator relationship matrix. Biometrics 32,
        949-953.
        """
        n = len(self)
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
        """log|A|."""
        return float(np.log(self.mendelian).sum())

    @cached_property
    def _coefficients(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        sire, dam = (np.ascontiguousarray(self.parents[:, j], dtype=np.int32) for j in (0, 1))
        inbreeding, mendelian = _kernels.inbreeding(sire, dam)
        inbreeding.flags.writeable = mendelian.flags.writeable = False
        return inbreeding, mendelian


def _texts(column: pd.Series) -> NDArray[np.object_]:
    """Labels (n,) of a column; None where it is missing or blank."""
    codes, uniques = pd.factorize(column, use_na_sentinel=True)
    # whole numbers in a column of mixed types: 7.0 beside "x"
    names = [None if isinstance(item, str) and not item.strip() else label(item) for item in uniques]
    return np.array([*names, None], dtype=object)[codes]


def _read(ids: pd.Series, sires: pd.Series, dams: pd.Series) -> tuple[list[str], NDArray[np.int64], list[str]]:
    """Names in order of appearance (own rows first), positions of the parents with len(names) for unknown, and notes."""
    own, fathers, mothers = _texts(ids), _texts(sires), _texts(dams)
    if len(own) == 0:
        raise RelationshipError("pedigree: the table has no rows")
    blank = np.flatnonzero(own == None)  # noqa: E711  (elementwise)
    if blank.size:
        raise RelationshipError(f"pedigree: no identifier in {row_list(blank)}: give every individual a name in column {ids.name!r}")
    notes = []
    named = set(own)
    absent = {text for text in UNKNOWN if text not in named}
    spelled = sorted(absent & ({*fathers, *mothers}))
    if spelled:
        notes.append(f"{', '.join(map(repr, spelled))} in columns {sires.name!r} and {dams.name!r} is taken as an unknown parent")
    for side in (fathers, mothers):
        side[np.isin(side.astype(str), spelled)] = None

    rows: dict[str, int] = {}
    repeats = 0
    for i, name in enumerate(own):
        first = rows.setdefault(name, i)
        if first != i:
            if (fathers[first], mothers[first]) != (fathers[i], mothers[i]):
                raise RelationshipError(
                    f"pedigree: individual {name!r} has different parents in rows {first + 1} and {i + 1}: keep the right one of the rows"
                )
            repeats += 1
        if name in (fathers[i], mothers[i]):
            raise RelationshipError(f"pedigree: row {i + 1} names individual {name!r} as its own parent: correct its sire or dam")
    if repeats:
        notes.append(f"{repeats} repeated identical row{'s' if repeats > 1 else ''} counted once")
    keep = np.fromiter(rows.values(), dtype=np.int64)
    place = {name: i for i, name in enumerate(rows)}
    for name in (*fathers, *mothers):
        if name is not None:
            place.setdefault(name, len(place))
    if len(place) > len(rows):
        added = len(place) - len(rows)
        notes.append(f"{added} parent{'s' if added > 1 else ''} without a row of their own added as founders")
    both = {*fathers} & {*mothers} - {None}
    if both:
        shown = _some(sorted(both), 3)
        notes.append(f"{len(both)} individual{'s are' if len(both) > 1 else ' is'} used both as sire and as dam: {shown}")
    n = len(place)
    parents = np.full((n, 2), n, dtype=np.int64)
    for j, side in enumerate((fathers, mothers)):
        parents[: len(rows), j] = [n if side[i] is None else place[side[i]] for i in keep]
    return list(place), parents, notes


def _parents_first(names: list[str], parents: NDArray[np.int64]) -> NDArray[np.int64]:
    """Order (n,) by generations, as given within a generation; `parents` has n for unknown."""
    n = len(names)
    placed = np.zeros(n + 1, dtype=bool)
    placed[n] = True
    waiting = np.arange(n)
    generations = []
    while waiting.size:
        ready = placed[parents[waiting]].all(axis=1)
        if not ready.any():
            raise RelationshipError(
                f"pedigree: individuals are their own ancestors: {' <- '.join(map(repr, _cycle(names, parents, placed, int(waiting[0]))))} "
                "(each a parent of the one before it); correct a sire or dam of one of them"
            )
        generations.append(waiting[ready])
        placed[waiting[ready]] = True
        waiting = waiting[~ready]
    return np.concatenate(generations)


def _cycle(names: list[str], parents: NDArray[np.int64], placed: NDArray[np.bool_], start: int) -> list[str]:
    """Members of a cycle, first and last the same: every individual not placed has a parent not placed, so walking up must return."""
    seen: dict[int, int] = {}
    path: list[int] = []
    at = start
    while at not in seen:
        seen[at] = len(path)
        path.append(at)
        at = int(next(p for p in parents[at] if not placed[p]))
    return [names[i] for i in (*path[seen[at] :], at)]


def _some(items: Iterable[str], most: int) -> str:
    items = list(items)
    more = f", ... ({len(items)} in all)" if len(items) > most else ""
    return ", ".join(items[:most]) + more
