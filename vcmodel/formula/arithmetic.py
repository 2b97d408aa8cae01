"""The arithmetic allowed inside functions of the fixed part, read from tokens into steps in postfix order.

The grammar is closed: names of columns, numbers, ``+ - * / **``, brackets and the functions of :mod:`vcmodel.formula.functions`. Nothing
of it is ever run as code, and a name is a column whatever it spells. Sums and chains of signs are read by loops, so that only brackets
count as depth.
"""

from __future__ import annotations

from dataclasses import dataclass

from vcmodel.errors import FormulaError, choices
from vcmodel.formula.cursor import Cursor
from vcmodel.formula.foreign import contrasts, function_here
from vcmodel.formula.functions import BASES, OPTIONS, ArgumentProblem, Computed, options
from vcmodel.formula.tokens import Token, closing, named, one_line, text_between, unquote
from vcmodel.formula.tree import PLAIN_NAME, RESERVED, Expression, Span, Step, backquoted

LARGEST_POWER = 20
_LONGEST = 10_000  # tokens inside one function
_ONLY = "only columns, numbers, + - * / ** and brackets can stand inside a function of `fixed`"
_CONSTANTS = {"True": True, "False": False, "TRUE": True, "FALSE": False, "None": None, "NULL": None}
_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(5)  # how tightly a part binds


def expression(function: str, tokens: tuple[Token, ...], text: str, span: Span) -> Expression:
    """The arguments of `function`.

    Parameters
    ----------
    function : str
        A function of the closed list.
    tokens : tuple of Token
        What stands between its brackets.
    text, span
        The formula and the range of the call, for messages.

    Raises
    ------
    FormulaError
        On anything but arithmetic of columns and numbers, and on arguments the function does not take.
    """
    if len(tokens) > _LONGEST:
        problem = f"the arguments of {function}() are too long or too deeply nested: make a column of what they compute"
        raise FormulaError(problem, one_line(text), span)
    reader = _Reader((*tokens, Token("end", "", span)), text, span)
    part, given = reader.arguments(function)
    if reader.next.kind != "end":
        raise reader.unread(function)
    makes_factor = [step.kind == "call" and step.value == "C" for step in reader.steps]
    if any(makes_factor[:-1]) or (makes_factor[-1] and function not in ("I", "C")):
        raise reader.fail("C() makes a factor, with which nothing can be computed: let it stand alone")
    further = [f"{name}={_literal(value)}" if name else _literal(value) for name, value in given.written]
    normal = ", ".join(["".join(part.text), *further])
    return Expression(normal, tuple(dict.fromkeys(reader.names)), tuple(reader.steps), given.options)


@dataclass(frozen=True)
class _Part:
    """A piece of arithmetic as text, and how tightly it binds."""

    text: list[str]
    binding: int

    def inside(self, binding: int) -> list[str]:
        """The text, in brackets where something as tight as `binding` is needed."""
        return self.text if self.binding >= binding else ["(", *self.text, ")"]


@dataclass(frozen=True)
class _Given:
    """The further arguments of a call: as written, "" for those without a name, and checked."""

    written: tuple[tuple[str, object], ...]
    options: tuple[tuple[str, object], ...]


class _Reader(Cursor):
    def __init__(self, tokens: tuple[Token, ...], text: str, span: Span) -> None:
        super().__init__(tokens, text, span)
        self.names: list[str] = []
        self.steps: list[Step] = []

    def unread(self, function: str) -> FormulaError:
        """The error for a token that has no place where it stands."""
        before, token = self.tokens[self.position - 1].kind if self.position else "", self.next
        if token.kind == "(" and before in (")", "]", "string", "number", "quoted"):
            return self.fail("unknown function: what stands before a bracket is not the name of one")
        if token.kind == ":" and "(" in {item.kind for item in self.tokens[self.position :]}:
            return self.fail(f"unknown function or operator `:`: {_ONLY}")
        if token.kind in (",", "end", ")"):
            return self.fail(f"the arguments of {function}() cannot be read")
        return self.fail(_ONLY)

    def inside(self) -> str:
        """The text between the bracket that stands next and its partner."""
        first = self.position + 1
        return text_between(self.text, self.tokens[first : closing(self.tokens, self.position)])

    # --- calls --------------------------------------------------------------------------------------------------------------------

    def arguments(self, function: str) -> tuple[_Part, _Given]:
        """The column or arithmetic that stands first, and the further arguments."""
        named_first = self.next.kind == "name" and self.following == "="
        if self.next.kind in (")", "end") or named_first:
            raise self.fail(f"{function}() needs a column")
        first = self.position
        part = self.sum(function)
        if function in ("C", "factor") and self.next.kind == ",":
            raise self.fail(contrasts("".join(part.text), self.tokens[self.position + 1 :], len(self.steps) == 1 and first == 0))
        if not OPTIONS[function] and self.next.kind == "," and self.following != ",":
            raise self.fail(f"{function}() takes a column or arithmetic of columns and nothing else")
        positional: list[object] = []
        keywords: list[tuple[str, object]] = []
        while self.next.kind == ",":
            self.take()
            if self.next.kind == "**":
                raise self.fail("`**` cannot unpack arguments in a formula")
            if self.next.kind == "name" and self.following == "=":
                name = self.take().text
                self.take()
                keywords.append((name, self.constant(function)))
            elif keywords:
                raise self.fail("an argument without a name follows one with a name: put it first")
            else:
                positional.append(self.constant(function))
        try:
            checked = options(function, positional, keywords)
        except ArgumentProblem as problem:
            raise self.fail(str(problem)) from None
        return part, _Given((*(("", value) for value in positional), *keywords), checked)

    def constant(self, function: str) -> object:
        """A number, text, True, False, None, or a list of numbers and texts."""
        sign = 1
        while self.next.kind in ("+", "-"):
            sign = -sign if self.take().kind == "-" else sign
        token = self.take()
        if token.kind == "number":
            value = self.number(token)
            return sign * value if self.next.kind in (",", ")", "]", "end") else self.computed()
        if token.kind == "string":
            return unquote(token)
        if token.kind == "name" and token.text in _CONSTANTS:
            return _CONSTANTS[token.text]
        opening = {"[": "]", "(": ")"}.get(token.kind)
        if token.kind == "name" and token.text in ("c", "list") and self.next.kind == "(":
            self.take()
            opening = ")"
        if opening is not None:
            return self.constants(function, opening)
        if token.kind in ("name", "quoted"):
            raise self.fail(f"the further arguments of {function}() are numbers and texts only, not {token.text}")
        raise self.fail(f"the arguments of {function}() cannot be read")

    def computed(self) -> Computed:
        """Arithmetic where a plain number should stand, up to the next argument."""
        start, level = self.position - 1, 0
        while self.next.kind != "end" and (level or self.next.kind not in (",", ")", "]")):
            level += (self.next.kind in ("(", "[")) - (self.next.kind in (")", "]"))
            self.take()
        return Computed(text_between(self.text, self.tokens[start : self.position]))

    def constants(self, function: str, closing: str) -> list[object]:
        self.deeper()
        items: list[object] = []
        while self.next.kind not in (closing, "end"):
            if self.next.kind in ("name", "quoted") and self.next.text not in _CONSTANTS:
                raise self.fail("a list inside a function holds numbers and texts only")
            items.append(self.constant(function))
            if self.next.kind != ",":
                break
            self.take()
        if self.take().kind != closing:
            raise self.fail("a list inside a function holds numbers and texts only")
        self.depth -= 1
        return items

    def call(self, name: Token) -> _Part:
        function = "C" if name.text == "factor" else name.text
        if function not in OPTIONS:
            tail = function.rsplit(".", 1)[-1]
            hint = f"write {tail}()" if tail in OPTIONS else choices(function, OPTIONS, "functions")
            raise self.fail(f"unknown function {function!r} in `fixed`: {function_here(function, self.inside()) or hint}")
        if function in BASES:
            raise self.fail(f"{function}() gives several columns, with which nothing can be computed: let it stand alone")
        self.deeper()
        self.take()
        part, given = self.arguments(function)
        if self.next.kind != ")":
            raise self.unread(function)
        self.take()
        self.depth -= 1
        self.steps.append(Step("call", function, given.options))
        further = [f", {key}={_literal(value)}" if key else f", {_literal(value)}" for key, value in given.written]
        return _Part([f"{function}(", *part.text, *further, ")"], _ATOM)

    # --- arithmetic ---------------------------------------------------------------------------------------------------------------

    def sum(self, function: str) -> _Part:
        left = self.product(function)
        while self.next.kind in ("+", "-"):
            operator = self.take().kind
            right = self.product(function)
            left.text.extend([f" {operator} ", *right.inside(_PRODUCT)])  # in place: a long sum takes linear time
            left = _Part(left.text, _SUM)
            self.steps.append(Step(operator))
        return left

    def product(self, function: str) -> _Part:
        left = self.signed(function)
        while self.next.kind in ("*", "/"):
            operator = self.take().kind
            right = self.signed(function)
            text = left.inside(_PRODUCT)
            text.extend([f" {operator} ", *right.inside(_SIGN)])
            left = _Part(text, _PRODUCT)
            self.steps.append(Step(operator))
        return left

    def signed(self, function: str) -> _Part:
        signs = []
        while self.next.kind in ("+", "-"):
            signs.append(self.take().kind)
        part = self.power(function)
        if not signs:
            return part
        if signs.count("-") % 2:
            self.steps.append(Step("negative"))
        return _Part([*signs, *part.inside(_SIGN)], _SIGN)

    def power(self, function: str) -> _Part:
        start = len(self.names)
        base = self.atom(function)
        if self.next.kind not in ("**", "^"):
            return base
        self.take()
        problem = f"a power takes a column and a number up to {LARGEST_POWER}: `x ** 2`"
        value = self.exponent(problem)
        if len(self.names) == start or abs(value) > LARGEST_POWER or self.next.kind in ("**", "^"):
            raise self.fail(problem)
        self.steps += [Step("number", value), Step("**")]
        return _Part([*base.inside(_ATOM), " ** ", repr(value)], _POWER)

    def exponent(self, problem: str) -> int | float:
        """A number with a sign, in brackets or not."""
        brackets = sign = 0
        while self.next.kind in ("+", "-", "("):
            kind = self.take().kind
            brackets += kind == "("
            sign += kind == "-"
        if self.next.kind != "number":
            raise self.fail(problem)
        value = self.number(self.take())
        for _ in range(brackets):
            if self.take().kind != ")":
                raise self.fail(problem)
        return -value if sign % 2 else value

    def number(self, token: Token) -> int | float:
        value = int(token.text) if token.text.isdigit() else float(token.text)
        if value == float("inf"):
            raise self.fail("a number in this function is too large")
        return value

    def atom(self, function: str) -> _Part:
        token = self.next
        if token.kind == "number":
            value = self.number(self.take())
            self.steps.append(Step("number", value))
            return _Part([repr(value)], _ATOM)
        if token.kind == "(":
            self.deeper()
            self.take()
            inside = self.sum(function)
            if self.next.kind != ")":
                raise self.unread(function)
            self.take()
            self.depth -= 1
            return inside
        if token.kind not in ("name", "quoted"):
            raise self.unread(function)
        self.take()
        if token.kind == "name" and self.next.kind == "(":
            return self.call(token)
        if token.kind == "name" and "." in token.text:
            raise self.fail(f"{token.text!r} cannot stand here: put a column name with a dot in backquotes inside a function")
        name = named(token)
        column = backquoted(name) if token.kind == "quoted" and name in RESERVED else name
        self.names.append(column)
        self.steps.append(Step("column", column))
        plain = PLAIN_NAME.fullmatch(name) and "." not in name and column == name
        return _Part([name if plain else backquoted(name)], _ATOM)


def _literal(value: object) -> str:
    return f"[{', '.join(map(_literal, value))}]" if isinstance(value, list) else repr(value)
