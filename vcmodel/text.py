"""Words of messages and notes: lists that stop after a few, counts with their noun."""

from __future__ import annotations

from collections.abc import Sequence


def few(names: Sequence[str], most: int = 8) -> str:
    """A list of names for a message, cut after `most`.

    >>> few(["a", "b", "c"], 2)
    'a, b, … (3 in all)'
    """
    return ", ".join(names[:most]) + (f", … ({len(names)} in all)" if len(names) > most else "")


def plural(n: int, noun: str) -> str:
    """The noun for `n` of it.

    >>> plural(1, "row"), plural(0, "row")
    ('row', 'rows')
    """
    return noun if n == 1 else f"{noun}s"


def counted(n: int, noun: str) -> str:
    """A count with its noun.

    >>> counted(1, "row"), counted(2, "row")
    ('1 row', '2 rows')
    """
    return f"{n} {plural(n, noun)}"
