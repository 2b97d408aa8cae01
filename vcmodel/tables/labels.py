"""Labels of levels: how a value becomes one, their order, and those that look alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np

# a number with a decimal point, as programs write it
NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
# letters and marks of other scripts that print like these, after case folding
_TWINS = (
    str.maketrans(
        # Cyrillic, Greek, a dotless i
        "\u0430\u0432\u0435\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445\u0456\u0458\u0455"
        "\u03b1\u03b2\u03b5\u03b6\u03b7\u03b9\u03ba\u03bc\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7\u0131",
        "abekmhopctyxijsabezhikmvoptuxi",
    )
    | dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-")
    | dict.fromkeys(map(ord, "\u2018\u2019\u02bc`\u00b4"), "'")
)
# the letter O among digits
_LETTER_O = re.compile(r"(?<=[0-9])o|o(?=[0-9])")
# a whole number with zeros that do not change it: 01, 1.0
_WHOLE = re.compile(r"0*([0-9]+?)(?:\.0*)?")


def label(value: object) -> str:
    """The label of a value: integral floats are integers before they become labels.

    >>> label(2.0), label(2.5), label("x")
    ('2', '2.5', 'x')
    """
    if isinstance(value, float | np.floating):
        return str(int(value)) if float(value).is_integer() else str(float(value))
    return str(value)


def level_order(labels: Iterable[str]) -> list[str]:
    """Numeric order when all labels are numbers, else lexicographic.

    >>> level_order(["10", "9", "1"]), level_order(["b10", "b9"])
    (['1', '9', '10'], ['b10', 'b9'])
    """
    labels = list(labels)
    if all(NUMBER.fullmatch(item) for item in labels):
        return sorted(labels, key=lambda item: (float(item), item))
    return sorted(labels)


def lookalikes(labels: Sequence[str]) -> list[tuple[tuple[str, ...], str]]:
    """Groups of labels that look alike, each with what its members differ in, in the order of the labels.

    >>> lookalikes(["G01", "g01", "G02", "G 02"])
    [(('G01', 'g01'), 'case'), (('G02', 'G 02'), 'blanks')]
    """
    groups: dict[str, list[str]] = {}
    for item in dict.fromkeys(labels):
        groups.setdefault(_appearance(item), []).append(item)
    return [(tuple(group), _difference(group)) for group in groups.values() if len(group) > 1]


def _appearance(text: str) -> str:
    """What is left of a label without case, blanks and the differences between characters that look the same."""
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) not in ("Cf", "Cc", "Mn") or c.isspace())
        text = unicodedata.normalize("NFC", text)
    text = "".join(text.casefold().split()).translate(_TWINS)
    return _without_zeros(_LETTER_O.sub("0", text))


def _without_zeros(text: str) -> str:
    """A whole number without zeros that do not change it; other labels as they are.

    >>> [_without_zeros(text) for text in ("01", "1.0", "G01", "1.10", "0")]
    ['1', '1', 'G01', '1.10', '0']
    """
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text


def _difference(group: Sequence[str]) -> str:
    """The first explanation that makes the labels one."""

    def same(change: object) -> bool:
        return len({change(item) for item in group}) == 1  # type: ignore[operator]

    def unspaced(text: str) -> str:
        return "".join(text.split())

    if same(str.casefold):
        return "case"
    if same(unspaced):
        return "blanks"
    if same(lambda item: unspaced(item).casefold()):
        return "case and blanks"
    if same(_without_zeros):
        return "zeros"
    return "characters that look the same"
