"""Relationships from files, as the command line and jobs name them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vcmodel.errors import DataError, RelationshipError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pandas as pd

    from vcmodel.design.relationship import Relationship

KINDS = ("pedigree", "covariance", "precision", "triplets", "markers")


@dataclass(frozen=True)
class KnownFile:
    """A file with a relationship.

    Attributes
    ----------
    name : str
        As in ``vm(factor, name)``.
    kind : str
        One of `KINDS`.
    path : Path
    id, sire, dam : str
        Columns of a pedigree; an empty `sire` or `dam` where that parent is not known.
    ploidy : int
        Of markers.
    labels : tuple of str, Path or None
        Of triplets whose rows and columns are positions.
    inverse : bool
        Whether triplets are entries of the inverse.
    """

    name: str
    kind: str
    path: Path
    id: str = "id"
    sire: str = "sire"
    dam: str = "dam"
    ploidy: int = 2
    labels: tuple[str, ...] | Path | None = None
    inverse: bool = False

    def load(self, missing: Iterable[str] = ()) -> Relationship:
        """The relationship; `missing` are codes for unknown parents and missing markers, beside the usual ones.

        Raises
        ------
        RelationshipError, DataError
            A file that cannot be read or is no such relationship.
        """
        from vcmodel.design.pedigree import Pedigree
        from vcmodel.design.relationship import Relationship

        if self.kind == "pedigree":
            return Relationship.from_pedigree(Pedigree(self.path, self.id, self.sire or None, self.dam or None, missing=missing))
        if self.kind == "triplets":
            return Relationship.triplets(self.path, self.labels, self.inverse)
        if self.kind == "markers":
            return Relationship.from_markers(self._labelled(missing), ploidy=self.ploidy)
        form = Relationship.from_covariance if self.kind == "covariance" else Relationship.from_precision
        try:
            return form(self._labelled(missing))
        except (RelationshipError, DataError) as problem:
            if "triplets" not in str(problem) and self._has_triplets():
                raise RelationshipError(
                    f"{problem}. The file looks like triplets (row, column and value of each entry), which the kind triplets reads"
                ) from None
            raise

    def _labelled(self, missing: Iterable[str]) -> pd.DataFrame:
        """The table with the labels of its first column, as they are written, as index."""
        import pandas as pd

        from vcmodel.tables.as_written import read_texts
        from vcmodel.tables.reading import read

        table = read(self.path, missing=list(missing)).table
        if table.shape[1] < 2:
            raise RelationshipError(f"{self.path.name!r} has one column: the first must hold the labels, the others the numbers")
        texts = read_texts(self.path).iloc[:, 0]
        return table.iloc[:, 1:].set_axis(pd.Index(texts, dtype=object), axis=0)

    def _has_triplets(self) -> bool:
        from vcmodel.design.triplets import read_triplets

        try:
            read_triplets(self.path)
        except RelationshipError as problem:
            return "are positions" in str(problem)
        return True


def load_known(files: Iterable[KnownFile], missing: Iterable[str] = (), where: str = "{}") -> dict[str, Relationship]:
    """The relationships by name, each file read once.

    Raises
    ------
    RelationshipError
        A file that is no such relationship; the message begins with its name, put into `where`.
    """
    codes = tuple(missing)
    found = {}
    for file in files:
        try:
            found[file.name] = file.load(codes)
        except (RelationshipError, DataError) as problem:
            raise RelationshipError(f"{where.format(file.name)}: {problem}") from None
    return found
