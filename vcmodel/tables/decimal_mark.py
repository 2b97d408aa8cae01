"""The decimal mark of a file, from what its columns say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vcmodel.tables.options import ReadOptions


@dataclass(frozen=True)
class Evidence:
    """What a column says about the decimal mark of its file.

    Attributes
    ----------
    mark : str
        ``"."``, ``","``, or empty when the column has neither.
    certain : bool
        False when the mark may stand between thousands too: three digits follow it everywhere.
    uneven : bool
        Of an uncertain mark: whether other numbers have none, so that some numbers would be a thousand times too small.
    unlikely : bool
        Of an uncertain mark: whether nobody would write decimals like that, 4.380 beside 680, or 1.134 beside 939.
    example : str
    """

    mark: str = ""
    certain: bool = False
    uneven: bool = False
    unlikely: bool = False
    example: str = ""


@dataclass(frozen=True)
class Decision:
    """The decimal mark of a file.

    Attributes
    ----------
    mark : str
    thousands : str or None
        As asked for.
    why : str
        ``as in column 'y' (51,33)``; empty when nothing decides.
    open : tuple of str
        Marks, ``.`` or ``,``, that may be decimal or thousands marks and are not guessed at.
    """

    mark: str
    thousands: str | None = None
    why: str = ""
    open: tuple[str, ...] = ()


def decided(columns: Iterable[tuple[str, Evidence]], separator: str, options: ReadOptions) -> Decision:
    """The decimal mark of a file from what its columns say."""
    thousands = options.thousands
    if options.decimal is not None:
        return Decision(options.decimal, thousands, "as asked for")
    if thousands in (",", "."):
        return Decision("." if thousands == "," else ",", thousands, "since the other mark was named for thousands")
    certain: dict[str, str] = {}
    unsure: dict[str, list[Evidence]] = {".": [], ",": []}
    for name, evidence in columns:
        if evidence.certain:
            certain.setdefault(evidence.mark, f"as in column {name!r} ({evidence.example})")
        elif evidence.mark:
            unsure[evidence.mark].append(evidence)
    if certain:
        # semicolons separate where the comma is the decimal mark
        mark = "," if "," in certain and (len(certain) == 1 or separator == ";") else "."
        return Decision(mark, thousands, certain[mark], (mark,) if any(item.unlikely for item in unsure[mark]) else ())
    if unsure["."] and unsure[","]:
        return Decision(".", thousands, open=(".", ","))
    if unsure["."]:
        # where semicolons separate, a point may well stand between thousands
        sure = separator != ";" and not any(item.uneven for item in unsure["."])
        return Decision(".", thousands, open=() if sure else (".",))
    if unsure[","]:
        sure = separator == ";" and not any(item.uneven for item in unsure[","])
        return Decision("," if sure else ".", thousands, "since semicolons separate the columns" if sure else "", () if sure else (",",))
    return Decision(".", thousands)
