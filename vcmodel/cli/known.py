"""``--known NAME=FILE:KIND``: relationships from files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vcmodel.errors import RelationshipError, choices

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vcmodel.design.known import KnownFile
    from vcmodel.design.relationship import Relationship

FORM = "write NAME=FILE:KIND, e.g. A=pedigree.csv:pedigree, A=ped.csv:pedigree:animal,father,mother, K=kinship.csv:covariance"


def load_known(entries: Iterable[str], missing: Iterable[str] = ()) -> dict[str, Relationship]:
    """The relationships by name; `missing` are the codes given with ``--missing``.

    Raises
    ------
    RelationshipError
        An entry of another form, or a file that is no such relationship.
    """
    from vcmodel.design import known

    files: dict[str, KnownFile] = {}
    for entry in entries:
        file = known_file(entry)
        if file.name in files:
            raise RelationshipError(f"--known: the name {file.name!r} is given twice")
        files[file.name] = file
    return known.load_known(files.values(), missing, "--known {}")


def known_file(entry: str) -> KnownFile:
    """What an entry ``NAME=FILE:KIND`` or ``NAME=FILE:KIND:OPTIONS`` means."""
    from vcmodel.design.known import KINDS, KnownFile

    # the file may have colons in its name: the kind is what stands behind the last one that a kind follows
    match = re.fullmatch(rf"(?P<name>[^=]*)=(?P<file>.+):(?P<kind>{'|'.join(KINDS)})(?::(?P<options>[^:]*))?", entry, re.DOTALL)
    if match is None:
        kind = entry.rsplit(":", 1)[-1]
        hint = choices(kind, KINDS, "kinds") if "=" in entry and ":" in entry else FORM
        raise RelationshipError(f"--known {entry!r} cannot be read: {hint}" + ("" if hint == FORM else f"; {FORM}"))
    name = match["name"].strip()
    if not name.isidentifier():
        raise RelationshipError(f"--known {entry!r}: {name!r} is not a name that vm(factor, name) can use: letters, digits and _")
    try:
        options = _options(match["kind"], [text.strip() for text in (match["options"] or "").split(",")] if match["options"] else [])
    except RelationshipError as problem:
        raise RelationshipError(f"--known {name}: {problem}") from None
    return KnownFile(name, match["kind"], Path(match["file"]), **options)


def _options(kind: str, given: list[str]) -> dict[str, Any]:
    """The fields of a KnownFile that the options of its kind set."""
    if not given:
        return {}
    text = ",".join(given)
    if kind == "pedigree":
        if len(given) == 2:
            return {"id": given[0], "sire": "", "dam": given[1]}
        if len(given) != 3:
            raise RelationshipError(f"a pedigree takes three columns, pedigree:id,sire,dam, or two, pedigree:id,parent, not {text!r}")
        return dict(zip(("id", "sire", "dam"), given, strict=True))
    if kind == "markers":
        if not text.isdecimal():
            raise RelationshipError(f"markers take the ploidy as a number, markers:2, not {text!r}")
        return {"ploidy": int(text)}
    if kind == "triplets":
        labels = [item for item in given if item and item != "inverse"]
        if len(labels) > 1:
            raise RelationshipError(f"triplets take a file of labels and the word inverse, triplets:labels.txt,inverse, not {text!r}")
        return {"labels": Path(labels[0]) if labels else None, "inverse": "inverse" in given}
    raise RelationshipError(f"{kind} takes no options, but {text!r} was given")
