"""The syntax tree of the model language: what was written, without data and without meaning.

Printing a tree gives text that parses to the same tree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

Span = tuple[int, int]

PLAIN_NAME = re.compile(r"[^\W\d]\w*(?:\.\w+)*")
INTERCEPT_WORDS = ("mu",)
RESERVED = ("trait", "units")  # factors that every model has


@dataclass(frozen=True)
class Name:
    """A bare name: a column, ``trait``, ``units``, or a level. Printed in backquotes when it would not read back otherwise.

    Attributes
    ----------
    text : str
        The name without backquotes.
    quoted : bool
        Whether a reserved word stood in backquotes, so that it is a column: ```trait``` beside ``trait``. False for every other name.
    """

    text: str
    span: Span = field(default=(0, 0), compare=False)
    quoted: bool = False

    @property
    def column(self) -> str:
        """What the name is called among the columns of the data: a reserved word keeps its backquotes there."""
        return backquoted(self.text) if self.quoted else self.text

    def __str__(self) -> str:
        plain = PLAIN_NAME.fullmatch(self.text) and self.text not in INTERCEPT_WORDS and not self.quoted
        return self.text if plain else backquoted(self.text)


def backquoted(name: str) -> str:
    """The name in backquotes, those inside it doubled.

    >>> backquoted("my col"), backquoted("a`b")
    ('`my col`', '`a``b`')
    """
    return "`" + name.replace("`", "``") + "`"


@dataclass(frozen=True)
class Literal:
    """A quoted text or a number inside a call."""

    value: str | int | float
    span: Span = field(default=(0, 0), compare=False)

    def __str__(self) -> str:
        if isinstance(self.value, str):
            escaped = self.value.replace("\\", "\\\\").replace("'", "\\'")
            return f"'{escaped}'"
        return repr(self.value)


@dataclass(frozen=True)
class Sequence:
    """``[a, b]`` or R's ``c(a, b)`` / ``list(a, b)`` inside a call."""

    items: tuple[Argument, ...]
    span: Span = field(default=(0, 0), compare=False)

    def __str__(self) -> str:
        return f"[{', '.join(map(str, self.items))}]"


@dataclass(frozen=True)
class Formula:
    """A one-sided formula inside a call, with its condition: ``~ id(units) + us(x) | site``."""

    terms: tuple[Product, ...]
    condition: Name | None = None
    span: Span = field(default=(0, 0), compare=False)

    def __str__(self) -> str:
        given = f" | {self.condition}" if self.condition else ""
        return f"~ {' + '.join(map(str, self.terms))}{given}"


@dataclass(frozen=True)
class Step:
    """One step of arithmetic in postfix order.

    Attributes
    ----------
    kind : str
        ``"column"``, ``"number"``, ``"negative"``, one of ``+ - * / **``, or ``"call"`` (of a function on the value before).
    value
        The name of the column, the number, or the name of the function.
    options : tuple of (str, object)
        The further arguments of the function.
    """

    kind: str
    value: str | float = ""
    options: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True)
class Expression:
    """The arguments of a function of the fixed part, ``x ** 2`` of ``I(x ** 2)``.

    Attributes
    ----------
    text : str
        The arguments in normal form, odd column names in backquotes.
    names : tuple of str
        The columns used, in order of appearance.
    steps : tuple of Step
        The first argument as arithmetic in postfix order, so that its length has no limit of nesting.
    options : tuple of (str, object)
        The further arguments of the function.
    """

    text: str
    names: tuple[str, ...] = field(default=(), compare=False)
    steps: tuple[Step, ...] = field(default=(), compare=False)
    options: tuple[tuple[str, object], ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Call:
    """``us(trait)``, ``vm(animal, A)``, ``at(R, 'P')``, ``dsum(~ id(units) | R, levels=[...])``, ``I(x ** 2)``."""

    function: str
    arguments: tuple[Argument, ...]
    keywords: tuple[tuple[str, Argument], ...] = ()
    span: Span = field(default=(0, 0), compare=False)

    def __str__(self) -> str:
        parts = [*map(str, self.arguments), *(f"{name}={value}" for name, value in self.keywords)]
        return f"{self.function}({', '.join(parts)})"


@dataclass(frozen=True)
class Product:
    """Factors joined by ``:`` in the order written. The empty product is the intercept."""

    factors: tuple[Name | Call, ...]
    span: Span = field(default=(0, 0), compare=False)

    def __str__(self) -> str:
        return ":".join(map(str, self.factors)) or "1"


Argument = Name | Literal | Sequence | Formula | Call | Product | Expression


def format_terms(products: tuple[Product, ...], intercept: bool = False) -> str:
    """The text of a sum of terms; with `intercept` the text says ``0 +`` when the intercept is not among them.

    >>> format_terms((Product((Name("a"), Name("my b"))),))
    'a:`my b`'
    """
    parts = [str(product) for product in products]
    if intercept and Product(()) not in products:
        parts.insert(0, "0")
    return " + ".join(parts)


def format_fixed(responses: tuple[str, ...], products: tuple[Product, ...], intercept: bool = False) -> str:
    """The text of a two-sided formula: ``a + b ~ 0 + trait``; with `intercept` the intercept is implied and not written."""
    return f"{' + '.join(map(response, responses))} ~ {format_terms(products, intercept=not intercept)}"


def response(name: str) -> str:
    """A response as it is written, from what its column is called."""
    return name if name in map(backquoted, RESERVED) else str(Name(name))
