"""Labels of individuals across tables: how one is spelled, and which spellings are the same."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vcmodel.design.levels import label
from vcmodel.errors import RelationshipError

if TYPE_CHECKING:
    from numpy.typing import NDArray

# a whole number as a column of floats shows it, because of a missing value in it
_WHOLE = re.compile(r"([-+]?[0-9]+)\.0*")


def canonical(text: str) -> str:
    """The spelling by which labels of different tables are compared: no blanks at the ends, whole numbers without a fraction.

    >>> [canonical(text) for text in ("12", "12.0", " a ", "001", "1.10")]
    ['12', '12', 'a', '001', '1.10']
    """
    text = text.strip()
    whole = _WHOLE.fullmatch(text) if "." in text else None
    return whole[1] if whole else text


class Directory:
    """The places of labels, found by any of their spellings: as they are, or by the :func:`canonical` one where that is unambiguous.

    >>> find = Directory(["1", "2.0", "a", "3", "3.0"])
    >>> find("1.0"), find("2"), find("3"), find("3."), find("b")
    (0, 1, 3, None, None)
    """

    def __init__(self, labels: Iterable[str]) -> None:
        self._exact = {name: place for place, name in enumerate(labels)}
        self._loose: dict[str, int | None] = {}

    def __call__(self, text: str) -> int | None:
        """The place of a label; None when there is none, or more than one that it may mean."""
        place = self._exact.get(text)
        if place is not None:
            return place
        if not self._loose:
            for name, place in self._exact.items():
                key = canonical(name)
                self._loose[key] = None if key in self._loose else place
        return self._loose.get(canonical(text))

    def twins(self) -> list[tuple[str, str]]:
        """Pairs of labels that differ in spelling only."""
        first: dict[str, str] = {}
        return [(first[key], name) for name in self._exact if first.setdefault(key := canonical(name), name) != name]


def nearly(text: str, labels: Iterable[str]) -> str | None:
    """The first of the labels that differs from `text` in leading zeros or case only.

    >>> nearly("7", ["007", "8"]), nearly("A1", ["a1"]), nearly("x", ["y"])
    ('007', 'a1', None)
    """
    key = folded(text)
    return next((name for name in labels if folded(name) == key), None)


def folded(text: str) -> str:
    """A label without case and leading zeros."""
    return canonical(text).casefold().lstrip("0")


def spelled(values: pd.Series | pd.Index, what: str) -> tuple[NDArray[np.int64], list[str]]:
    """Codes (n,) of a column of identifiers, -1 where missing or blank, and the distinct texts in order of appearance.

    Raises
    ------
    RelationshipError
        Entries that name nothing, such as lists; the message begins with `what`.
    """
    if isinstance(values, pd.MultiIndex):
        raise RelationshipError(f"{what}: the labels have {values.nlevels} levels; give one text or number per individual")
    try:
        raw, uniques = pd.factorize(values, use_na_sentinel=True)
    except TypeError:
        entry = next(item for item in values if isinstance(item, Collection | Mapping) and not isinstance(item, str | bytes | tuple))
        raise RelationshipError(f"{what}: {entry!r:.60} is a {type(entry).__name__}; identifiers are texts or numbers") from None
    place: dict[str, int] = {}
    table = np.full(len(uniques) + 1, -1, dtype=np.int64)
    for i, item in enumerate(uniques):
        text = label(item).strip()
        if text:
            table[i] = place.setdefault(text, len(place))
    return table[raw], list(place)


def code_texts(missing: object, what: str) -> tuple[str, ...]:
    """Codes for what is unknown, given as numbers or as text, as text.

    Raises
    ------
    RelationshipError
        Something that is no list of them.
    """
    if missing is None:
        return ()
    if isinstance(missing, str) or not isinstance(missing, Iterable):
        raise RelationshipError(f"{what}: missing takes a list of codes: missing=[{missing!r}]")
    return tuple(label(code).strip() for code in missing)


def matched(find: Directory, texts: Iterable[str]) -> NDArray[np.int64]:
    """Places (n,) of the texts, -1 where there is none."""
    places = (find(text) for text in texts)
    return np.array([-1 if place is None else place for place in places], dtype=np.int64)
