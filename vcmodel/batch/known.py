"""The relationships of a job, read once and shared by all its fits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from vcmodel.batch.job import JobError, KnownEntry
from vcmodel.errors import VcmodelError

if TYPE_CHECKING:
    from vcmodel.design.relationship import Relationship


def load_known(entries: Iterable[KnownEntry]) -> dict[str, Relationship]:
    """The relationships by name, in the form the equations use.

    Raises
    ------
    JobError
        A file that is no pedigree or matrix, with the name of the table in the job.
    """
    found = {}
    for entry in entries:
        try:
            found[entry.name] = _relationship(entry)
        except VcmodelError as problem:
            raise JobError(f"[known.{entry.name}]: {problem}") from None
    return found


def _relationship(entry: KnownEntry) -> Relationship:
    from vcmodel.design.relationship import Pedigree, Relationship
    from vcmodel.tables.reading import read_table

    table = read_table(entry.path)
    if entry.kind == "pedigree":
        return Relationship.from_pedigree(Pedigree(table, id=entry.id, sire=entry.sire, dam=entry.dam))
    if table.shape[1] < 2:
        raise JobError(f"{entry.path.name!r} has {table.shape[1]} column; the first must hold the labels, the others the numbers")
    matrix = table.set_index(table.columns[0])
    if entry.kind == "markers":
        return Relationship.from_markers(matrix, ploidy=entry.ploidy)
    matrix.columns = pd.Index([_label(name) for name in matrix.columns])
    return Relationship.from_covariance(matrix) if entry.kind == "covariance" else Relationship.from_precision(matrix)


def _label(name: object) -> object:
    """A column's name as the reader would have read it as an entry: `101` stands for the label 101 of the first column."""
    text = str(name)
    return int(text) if text.isdecimal() and str(int(text)) == text else text
