"""``--known NAME=FILE:KIND``: relationships from files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from vcmodel.errors import DataError, RelationshipError, choices

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vcmodel.design.relationship import Relationship

KINDS = ("pedigree", "covariance", "precision", "markers")
FORM = "write NAME=FILE:KIND, e.g. A=pedigree.csv:pedigree, A=ped.csv:pedigree:animal,father,mother, K=kinship.csv:covariance"
# the file may have colons in its name: the kind is what stands behind the last one that a kind follows
ENTRY = re.compile(rf"(?P<name>[^=]*)=(?P<file>.+):(?P<kind>{'|'.join(KINDS)})(?::(?P<options>[^:]*))?", re.DOTALL)


def load_known(entries: Iterable[str]) -> dict[str, Relationship]:
    """The relationships by name.

    Raises
    ------
    RelationshipError
        An entry of another form, or a file that is no such relationship.
    """
    found: dict[str, Relationship] = {}
    for entry in entries:
        match = ENTRY.fullmatch(entry)
        if match is None:
            kind = entry.rsplit(":", 1)[-1]
            hint = choices(kind, KINDS, "kinds") if "=" in entry and ":" in entry else FORM
            raise RelationshipError(f"--known {entry!r} cannot be read: {hint}" + ("" if hint == FORM else f"; {FORM}"))
        name = match["name"].strip()
        if not name.isidentifier():
            raise RelationshipError(f"--known {entry!r}: {name!r} is not a name that vm(factor, name) can use: letters, digits and _")
        if name in found:
            raise RelationshipError(f"--known: the name {name!r} is given twice")
        try:
            found[name] = _relationship(Path(match["file"]), match["kind"], match["options"])
        except (RelationshipError, DataError) as problem:
            raise RelationshipError(f"--known {name}: {problem}") from None
    return found


def _relationship(path: Path, kind: str, options: str | None) -> Relationship:
    from vcmodel.design.relationship import Pedigree, Relationship
    from vcmodel.tables.reading import read_table

    table = read_table(path)
    if kind == "pedigree":
        columns = [name.strip() for name in options.split(",")] if options else ["id", "sire", "dam"]
        if len(columns) != 3:
            raise RelationshipError(f"a pedigree takes three columns, pedigree:id,sire,dam, not {options!r}")
        return Relationship.from_pedigree(Pedigree(table, id=columns[0], sire=columns[1], dam=columns[2]))
    if table.shape[1] < 2:
        raise RelationshipError(f"{path.name!r} has one column: the first must hold the labels, the others the numbers")
    matrix = table.set_index(table.columns[0])
    if kind == "markers":
        ploidy = options or "2"
        if not ploidy.isdecimal():
            raise RelationshipError(f"markers take the ploidy as a number, markers:2, not {options!r}")
        return Relationship.from_markers(matrix, ploidy=int(ploidy))
    if options:
        raise RelationshipError(f"{kind} takes no options, but {options!r} was given")
    return Relationship.from_covariance(matrix) if kind == "covariance" else Relationship.from_precision(matrix)
