"""How a table is to be read, where the reader is to be told."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vcmodel.errors import DataError, choices

if TYPE_CHECKING:
    from typing import Self

# in the order in which separators are preferred when several fit equally well
SEPARATORS = {"\t": "tab", ";": "semicolon", ",": "comma", "|": "bar", " ": "blank"}
DECIMALS = {".": "point", ",": "comma"}
# a blank stands for no-break and narrow ones too, an apostrophe for the typographic one
THOUSANDS = {",": "comma", ".": "point", " ": "blank", "'": "apostrophe"}
TYPES = ("text", "number", "factor")
_MEANINGS = {"separator": SEPARATORS, "decimal": DECIMALS, "thousands": THOUSANDS}


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    r"""What is not to be recognised but as told; what is not given is recognised.

    Parameters
    ----------
    separator : str, optional
        ``","``, ``";"``, ``"\t"``, ``"|"``, or a blank for any number of them; also by name: ``"semicolon"``.
    decimal : str, optional
        ``"."`` or ``","``.
    thousands : str, optional
        Mark between groups of three digits: ``","``, ``"."``, a blank or ``"'"``.
    encoding : str, optional
        As Python names it.
    skip : int or sequence of int, optional
        How many lines before the column names are left out, or which lines of the file, counted from 1: ``skip=3``, ``skip=[2, 154]``
        for a row of units and a footer. 0 leaves nothing out, also nothing that looks like a title, a row of units or a footer.
    comment : str, optional
        Lines that begin with it are left out; an empty text: there are none.
    missing : sequence of str, or mapping from columns to such sequences
        Codes of a missing value beside empty, NA, ``.`` and ``*``: ``["-9"]``, or ``{"yield": ["0"]}`` for one column; the column ``""``
        stands for all.
    types : mapping
        What a column is, by name: ``"text"`` as written, ``"number"``, or ``"factor"`` (levels also where a number would be a covariate).

    Examples
    --------
    >>> ReadOptions(skip=2, missing=["-9"], types={"block": "text"}).given()
    {'skip': 2, 'missing': {'': ('-9',)}, 'types': {'block': 'text'}}
    """

    separator: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    encoding: str | None = None
    skip: int | tuple[int, ...] | None = None
    comment: str | None = None
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, menu in _MEANINGS.items():
            object.__setattr__(self, name, _mark(name, getattr(self, name), menu))
        for name in ("encoding", "comment"):
            if not isinstance(getattr(self, name), str | None):
                raise DataError(f"{name} must be text, not {type(getattr(self, name)).__name__}")
        object.__setattr__(self, "skip", _skip(self.skip))
        object.__setattr__(self, "missing", _missing(self.missing))
        object.__setattr__(self, "types", _types(self.types))
        if self.thousands is not None:
            if self.thousands == self.decimal:
                raise DataError(f"decimal and thousands are both {self.decimal!r}: they must be two marks")
            if self.thousands == self.separator == " ":
                raise DataError("a blank cannot separate columns and groups of digits in one file")
        if self.comment is not None and self.comment.strip() != self.comment:
            raise DataError(f"comment {self.comment!r}: give the mark without blanks, comment='#'")

    @classmethod
    def of(cls, given: ReadOptions | Mapping[str, Any] | None, **further: Any) -> Self:
        """The options in a mapping, from a job file for instance, and the `further` ones.

        Raises
        ------
        DataError
            A name that is no option, an option given twice, a value it cannot have.
        """
        if isinstance(given, ReadOptions):
            given = given.given()
        if given is not None and not isinstance(given, Mapping):
            raise DataError(f"read must be a mapping of options, read={{'skip': 2}}, or vcmodel.ReadOptions, not {type(given).__name__}")
        options = dict(given or {})
        names = [item.name for item in dataclasses.fields(cls)]
        for name, value in further.items():
            if name in options:
                raise DataError(f"the option {name!r} is given twice")
            options[name] = value
        for name in options:
            if name not in names:
                raise DataError(f"{name!r} is no option of reading; {choices(str(name), names, 'options')}")
        return cls(**options)

    def given(self) -> dict[str, Any]:
        """The options that are not left to recognition, in a form that JSON knows."""
        values = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        return {name: value for name, value in values.items() if value is not None and value != {}}

    def of_file_only(self) -> list[str]:
        """The options given that have a meaning for separated text only."""
        return [name for name in self.given() if name not in ("missing", "types")]

    def codes(self, column: str) -> tuple[str, ...]:
        """The missing-value codes asked for in a column."""
        return (*self.missing.get("", ()), *(self.missing.get(column, ()) if column else ()))

    def require_columns(self, names: Sequence[str]) -> None:
        """Refuses options for columns that are not there."""
        for option in ("types", "missing"):
            for name in getattr(self, option):
                if name and name not in names:
                    raise DataError(f"{option}: no column {name!r} in the data; {choices(name, names, 'columns')}")


def _mark(option: str, value: object, menu: Mapping[str, str]) -> str | None:
    """The mark that a value means: itself or its name."""
    if value is None:
        return None
    by_name = {**{name: mark for mark, name in menu.items()}, "\\t": "\t"}
    mark = by_name.get(value, value) if isinstance(value, str) else value
    if mark not in menu:
        shown = [repr(item) for item in menu]
        raise DataError(f"{option} {value!r}: {choices(str(value), shown, option + ('s' if option != 'thousands' else ' marks'))}")
    return str(mark)


def _skip(value: object) -> int | tuple[int, ...] | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    if isinstance(value, Sequence) and not isinstance(value, str):
        lines = tuple(value)
        if all(isinstance(line, int) and not isinstance(line, bool) and line > 0 for line in lines):
            return tuple(sorted(set(lines)))
    raise DataError(f"skip must be a number of lines or a list of line numbers from 1, skip=3 or skip=[2, 154], not {value!r}")


def _missing(value: object) -> dict[str, tuple[str, ...]]:
    if isinstance(value, str):
        raise DataError(f"missing takes a list of codes: missing=[{value!r}]")
    if not isinstance(value, Mapping):
        value = {"": value} if value else {}
    found = {}
    for column, codes in value.items():
        if isinstance(codes, str) or not isinstance(codes, Sequence):
            raise DataError(f"missing takes a list of codes for a column: missing={{{str(column)!r}: [{codes!r}]}}")
        if not all(isinstance(code, str | int | float) and not isinstance(code, bool) for code in codes):
            raise DataError(f"missing takes codes as text or numbers, not {list(codes)!r}")
        found[str(column)] = tuple(dict.fromkeys(str(code).strip() for code in codes))
    return {column: codes for column, codes in found.items() if codes}


def _types(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise DataError(f"types must be a mapping from column to type, types={{'block': 'text'}}, not {type(value).__name__}")
    for column, kind in value.items():
        if kind not in TYPES:
            raise DataError(f"types: {column!r} as {kind!r}: {choices(str(kind), TYPES, 'types')}")
    return {str(column): str(kind) for column, kind in value.items()}
