"""A place among the tokens of a formula, which every reader moves along."""

from __future__ import annotations

from abc import ABC, abstractmethod

from vcmodel.errors import FormulaError
from vcmodel.formula.tokens import Token, one_line
from vcmodel.formula.tree import Call, Product, Span

DEEPEST = 40  # nested brackets, far beyond any model and within Python's recursion limit


class Cursor:
    """The next of `tokens`, the last of which has kind "end"; `text` is the formula, `span` what messages mark (None: the next token)."""

    def __init__(self, tokens: tuple[Token, ...], text: str, span: Span | None = None) -> None:
        self.tokens = tokens
        self.text = text
        self.span = span
        self.position = 0
        self.depth = 0

    @property
    def next(self) -> Token:
        """The token that stands next."""
        return self.tokens[self.position]

    @property
    def following(self) -> str:
        """The kind of the token after the next."""
        return self.tokens[min(self.position + 1, len(self.tokens) - 1)].kind

    def take(self) -> Token:
        """The next token, left behind; the end stays."""
        token = self.next
        self.position += token.kind != "end"
        return token

    def accept(self, kind: str) -> bool:
        """Whether the next token was of `kind` and is taken."""
        found = self.next.kind == kind
        if found:
            self.take()
        return found

    def fail(self, message: str, span: Span | None = None) -> FormulaError:
        """The error with its place marked."""
        return FormulaError(message, one_line(self.text), span or self.span or self.next.span)

    def deeper(self) -> None:
        """Counts a bracket that opens; the reader takes it off when it closes.

        Raises
        ------
        FormulaError
            Too many of them.
        """
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.fail(f"brackets nested more than {DEEPEST} deep")


class Grammar(Cursor, ABC):
    """A reader of sums of terms.

    Attributes
    ----------
    part : str
        ``"fixed"``, ``"random"`` or ``"residual"``.
    lenient : bool
        Inside a call of another program, where any function may stand.
    """

    def __init__(self, tokens: tuple[Token, ...], text: str, part: str) -> None:
        super().__init__(tokens, text)
        self.part = part
        self.lenient = False

    @abstractmethod
    def sum(self, terms: list[Product] | None = None) -> list[Product]:
        """Terms joined by + and -; `terms` holds what is there already (the implicit intercept)."""

    @abstractmethod
    def arguments(self, name: Token) -> Call:
        """A call of the function `name` from its opening bracket on."""

    def unexpected(self, wanted: str) -> FormulaError:
        """The error for the next token where `wanted` should stand."""
        token = self.next
        if token.kind == "end":
            return self.fail(f"the formula ends where {wanted} should stand")
        if token.kind == ")":
            return self.fail(f"a closing bracket where {wanted} should stand")
        if token.kind == "=":
            return self.fail("`=` can only name an argument inside a call; responses and terms are joined by `~`")
        if token.kind == "~":
            if self.part == "fixed":
                return self.fail("`~` can stand only once, between responses and terms")
            return self.fail(f"`~` can only lead the formula: `{self.part}` has no response")
        if token.kind in ("|", "||") and self.part == "fixed":
            return self.fail("`|` has no place in `fixed`: effects of random levels stand in `random`, by the name of their factor")
        if token.kind in ("|", "||"):
            return self.fail("`|` can only stand inside dsum(~ terms | factor)")
        if token.kind == "string":
            return self.fail(f"a quoted text where {wanted} should stand: put odd column names in backquotes, levels in at()")
        if token.kind == "number":
            return self.fail(f"a number where {wanted} should stand: only 0 and 1 (the intercept) can be terms")
        return self.fail(f"{token.text!r} where {wanted} should stand")

    def opened(self) -> Token:
        """The bracket that stands next, taken."""
        self.deeper()
        return self.take()

    def close(self, opened: Token) -> Token:
        """The bracket that closes `opened`, taken."""
        if self.next.kind == ")":
            self.depth -= 1
            return self.take()
        if self.next.kind == "end":
            raise self.fail("this bracket is not closed", opened.span)
        raise self.unexpected("`)` or an operator")
