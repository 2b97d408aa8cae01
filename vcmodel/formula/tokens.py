"""Text to tokens, each with its span."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vcmodel.errors import FormulaError
from vcmodel.formula.tree import PLAIN_NAME, Span

_PATTERN = re.compile(
    rf"""(?P<space>\s+)
      | (?P<name>{PLAIN_NAME.pattern})
      | (?P<quoted>`(?:[^`]|``)*`)
      | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
      | (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
      | (?P<mark>\*\*|\|\||%in%|[-+*/^:~|()\[\],=])""",
    re.VERBOSE | re.DOTALL,
)
_LONGEST_NUMBER = 40  # digits; keeps hostile texts from becoming huge integers


@dataclass(frozen=True)
class Token:
    """One token: `kind` is "name", "quoted" (a backquoted name), "number", "string", "end", or the mark itself."""

    kind: str
    text: str
    span: Span


def one_line(text: str) -> str:
    """The same number of characters with line breaks and tabs as blanks, so that carets point where they should."""
    return re.sub(r"\s", " ", text)


def tokenize(text: str) -> tuple[Token, ...]:
    """The tokens of `text`, ended by a token of kind "end".

    Raises
    ------
    FormulaError
        On a character that has no place in the language, or a quote that is not closed.
    """
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = _PATTERN.match(text, position)
        if match is None:
            raise _stray(text, position)
        kind = str(match.lastgroup)
        if kind == "number" and len(match[0]) > _LONGEST_NUMBER:
            raise FormulaError(f"a number of more than {_LONGEST_NUMBER} characters", one_line(text), match.span())
        if kind == "quoted" and not match[0][1:-1].strip():
            raise FormulaError("an empty name between backquotes: write the column's name", one_line(text), match.span())
        if kind != "space":
            tokens.append(Token(match[0] if kind == "mark" else kind, match[0], match.span()))
        position = match.end()
    tokens.append(Token("end", "", (len(text), len(text) + 1)))
    return tuple(tokens)


def _stray(text: str, position: int) -> FormulaError:
    character = text[position]
    if character in "'\"`":
        message = f"the quote {character} is not closed"
    elif character == "." and text[:position].rstrip()[-1:] in ("~", "+", "-", "("):
        message = "a dot for all other columns is not available: write their names, and a name that begins with a dot in backquotes"
    elif character in "<>!&":
        message = f"{character!r} is no arithmetic: make a column of the comparison, data['large'] = data['x'] > 3, and write its name"
    elif character == "%":
        message = "'%' is not an operator of the language: write `a:b` for an interaction and `a/b` for nesting"
    else:
        message = f"the character {character!r} has no place in a formula: put a column name with odd characters in backquotes"
    return FormulaError(message, one_line(text), (position, position + 1))


def unquote(token: Token) -> str:
    """The text inside a string or backquoted token; a backslash escapes the next character of a string, a backquote a backquote."""
    inner = token.text[1:-1]
    return inner.replace("``", "`") if token.kind == "quoted" else re.sub(r"\\(.)", r"\1", inner, flags=re.DOTALL)


def named(token: Token) -> str:
    """The name that a token of kind "name" or "quoted" stands for."""
    return unquote(token) if token.kind == "quoted" else token.text


def closing(tokens: tuple[Token, ...], opening: int) -> int:
    """The position of the bracket that closes the one at position `opening`, or of the end."""
    level = 0
    for position in range(opening, len(tokens)):
        level += (tokens[position].kind in ("(", "[")) - (tokens[position].kind in (")", "]"))
        if level == 0:
            return position
    return len(tokens) - 1


def text_between(text: str, tokens: tuple[Token, ...]) -> str:
    """The part of `text` that consecutive tokens cover, on one line."""
    return one_line(text[tokens[0].span[0] : tokens[-1].span[1]]) if tokens else ""
