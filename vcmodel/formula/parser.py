"""A recursive-descent parser: text to the tree of :mod:`vcmodel.formula.tree`.

Precedence, tightest first: brackets, ``**``, ``:``, ``* /``, ``+ -``. A sum is held as the list of its terms, so the operators
expand while they are read::

    a * b      a + b + a:b
    a / b      a + a:b
    (a+b)**2   a + b + a:b
    - a        takes the term a away again

The same text is read by the same rules in all three parts of a model; they differ in the functions allowed and in the intercept, which
only `fixed` has.
"""

from __future__ import annotations

from vcmodel.errors import FormulaError
from vcmodel.formula import algebra
from vcmodel.formula.arithmetic import LARGEST_POWER, expression
from vcmodel.formula.cursor import Grammar
from vcmodel.formula.spellings import Spellings
from vcmodel.formula.tokens import Token, closing, named, text_between, tokenize, unquote
from vcmodel.formula.tree import INTERCEPT_WORDS, RESERVED, Argument, Call, Formula, Literal, Name, Product, Sequence
from vcmodel.formula.vocabulary import FIXED_FUNCTIONS, available, refusal

_SEQUENCES = ("c", "list")


def parse_random(text: str) -> tuple[Product, ...]:
    """The terms of a `random` formula in the order written; a leading ``~`` is optional.

    >>> [str(term) for term in parse_random("~ us(trait):(Block + Family)")]
    ['us(trait):Block', 'us(trait):Family']

    Raises
    ------
    FormulaError
        With the place marked.
    """
    return _one_sided(text, "random")


def parse_residual(text: str) -> tuple[Product, ...]:
    """The terms of a `residual` formula in the order written; ``dsum(...)`` is a :class:`Call`.

    >>> [str(term) for term in parse_residual("dsum(~ id(units) | site)")]
    ['dsum(~ id(units) | site)']

    Raises
    ------
    FormulaError
        With the place marked.
    """
    return _one_sided(text, "residual")


def parse_fixed(text: str) -> tuple[tuple[str, ...], tuple[Product, ...]]:
    """The responses and the terms of a `fixed` formula; the intercept is the empty product (span ``(0, 0)`` when it was not written).

    >>> responses, terms = parse_fixed("bden + veloc ~ trait + trait:site")
    >>> responses, [str(term) for term in terms]
    (('bden', 'veloc'), ['1', 'trait', 'trait:site'])

    Raises
    ------
    FormulaError
        With the place marked.
    """
    parser = _Parser(text, "fixed")
    responses = parser.responses()
    terms = parser.top(implicit_intercept=True)
    parser.spellings.refuse(responses, terms)
    return responses, tuple(sorted(terms, key=lambda term: bool(term.factors)))  # the intercept first


def _one_sided(text: str, part: str) -> tuple[Product, ...]:
    parser = _Parser(text, part)
    parser.accept("~")
    terms = parser.top(implicit_intercept=False)
    parser.spellings.refuse((), terms)
    if not terms:
        raise FormulaError(f"`{part}` has no terms left: leave it out for none")
    return terms


class _Parser(Grammar):
    def __init__(self, text: str, part: str) -> None:
        if not isinstance(text, str):
            raise FormulaError(f"`{part}` takes a formula as text, not {type(text).__name__}")
        if not text.strip():
            example = "y ~ 1" if part == "fixed" else "us(trait):Family" if part == "random" else "units"
            raise FormulaError(f"`{part}` is empty: write for example {example!r}" + ("" if part == "fixed" else ", or leave it out"))
        super().__init__(tokenize(text), text, part)
        self.spellings = Spellings(self)
        self.spellings.refuse_arguments()

    # --- left side ----------------------------------------------------------------------------------------------------------------

    def responses(self) -> tuple[str, ...]:
        marks = [token.kind for token in self.tokens]
        if "~" not in marks:
            span = next((token.span for token in self.tokens if token.kind == "="), (0, len(self.text)))
            raise self.fail("`fixed` needs `~` between the responses and the terms: 'y ~ x'", span)
        if self.next.kind == "~":
            raise self.fail("`fixed` needs a response left of `~`: 'y ~ x'")
        names = self.bound_names() if self.next.text == "cbind" and self.tokens[1].kind == "(" else [self.response()]
        while self.accept("+"):
            names.append(self.response())
        if self.next.kind != "~":
            raise self.fail("responses are joined by `+`, or cbind(a, b)")
        self.take()
        seen: set[str] = set()
        for token in names:
            name = _name(token).column
            if name in seen:
                raise self.fail(f"response {name!r} stands twice", token.span)
            seen.add(name)
        return tuple(_name(token).column for token in names)

    def bound_names(self) -> list[Token]:
        self.take()
        opened = self.opened()
        names = [self.response()]
        while self.accept(","):
            names.append(self.response())
        self.close(opened)
        return names

    def response(self) -> Token:
        if self.next.kind not in ("name", "quoted"):
            raise self.unexpected("a response")
        token = self.take()
        if self.next.kind == "(":
            raise self.fail(f"{token.text}() cannot stand left of `~`: make a column of it and name that column", token.span)
        if token.text in ("trait", "units", *INTERCEPT_WORDS):
            raise self.fail(f"{token.text!r} is a reserved name and cannot be a response: rename the column", token.span)
        return token

    # --- sums ---------------------------------------------------------------------------------------------------------------------

    def top(self, implicit_intercept: bool) -> tuple[Product, ...]:
        start = self.position
        terms = self.sum([algebra.INTERCEPT] if implicit_intercept else [])
        if self.next.kind in ("|", "||") and self.part != "fixed":
            self.position = start
            terms = self.spellings.whole()
        if self.next.kind != "end":
            if self.next.kind == ")":
                raise self.fail("this bracket was never opened")
            raise self.unexpected("an operator")
        return tuple(terms)

    def sum(self, terms: list[Product] | None = None) -> list[Product]:
        total = algebra.Sum(terms or (), self.text)
        sign = self.sign("+")
        while True:
            if self.next.kind == "number" and self.next.text == "0":
                found, less = [Product((), self.take().span)], sign == "+"
            else:
                found, less = self.nesting(), sign == "-"
            for term in found:
                if less:
                    total.remove(term)
                else:
                    total.add(term)
            if self.next.kind not in ("+", "-"):
                return total.terms
            sign = self.sign(self.take().kind)

    def sign(self, first: str) -> str:
        """The sign of the next term: ``+ -1`` and ``- 1`` are the same."""
        while self.next.kind in ("+", "-") and self.following not in ("+", "-", "end"):
            first = "+" if first == self.take().kind else "-"
        return first

    def nesting(self) -> list[Product]:
        left = self.interaction()
        while self.next.kind in ("*", "/"):
            operator = algebra.starred if self.take().kind == "*" else algebra.nested
            left = operator(left, self.interaction(), self.text)
        return left

    def interaction(self) -> list[Product]:
        left = self.power()
        while self.next.kind in (":", "%in%"):
            token = self.take()
            if token.kind == ":":
                left = algebra.crossed(left, self.power(), self.text)
            else:
                self.spellings.nested_in(token)
                left = algebra.crossed(self.power(), left, self.text)
        return left

    def power(self) -> list[Product]:
        base = self.atom()
        if self.next.kind not in ("**", "^"):
            return base
        self.take()
        if not self.next.text.isdecimal() or not 1 <= int(self.next.text) <= LARGEST_POWER:
            raise self.fail(f"a whole number from 1 to {LARGEST_POWER} follows `**`; inside a function write I(x ** 2)")
        exponent = self.take()
        if len(base) == 1 and int(exponent.text) > 1:
            term = str(base[0]) or "1"
            raise self.fail(
                f"`{term} ** {exponent.text}` of a single term is that term: write {term}, or for a power in `fixed` "
                f"I({term} ** {exponent.text})",
                exponent.span,
            )
        return algebra.power(base, int(exponent.text), self.text)

    # --- atoms --------------------------------------------------------------------------------------------------------------------

    def atom(self) -> list[Product]:
        token = self.next
        if token.kind == "(":
            if self.position in self.spellings.barred:
                return self.spellings.bar()
            self.opened()
            inside = self.sum()
            self.close(token)
            return inside
        if token.kind == "number" and token.text == "1":
            self.take()
            return [Product((), token.span)]
        if token.kind in ("name", "quoted"):
            if token.text in INTERCEPT_WORDS and self.following != "(":
                self.take()
                return [Product((), token.span)]
            if token.kind == "name" and self.following == "(":
                meant = self.spellings.call()
                if meant is not None:
                    return meant
            factor = self.factor()
            return [Product((factor,), factor.span)]
        raise self.unexpected("a term")

    def factor(self) -> Name | Call:
        token = self.next
        if token.kind not in ("name", "quoted"):
            raise self.unexpected("a name")
        self.take()
        if self.next.kind == "(" and token.kind == "name":
            return self.call(token)
        return _name(token)

    def call(self, name: Token) -> Call:
        if name.text not in available(self.part) and not self.lenient:
            inside = text_between(self.text, self.tokens[self.position + 1 : closing(self.tokens, self.position)])
            raise self.fail(refusal(name.text, self.part, inside), name.span)
        if self.part == "fixed" and name.text in FIXED_FUNCTIONS:
            return self.fixed_function(name, self.take())
        return self.arguments(name)

    def arguments(self, name: Token) -> Call:
        opened = self.opened()
        arguments: list[Argument] = []
        keywords: list[tuple[str, Argument]] = []
        while self.next.kind not in (")", "end"):
            if self.next.kind == "name" and self.following == "=":
                keyword = self.take()
                self.take()
                if keyword.text in dict(keywords):
                    raise self.fail(f"argument {keyword.text!r} stands twice", keyword.span)
                keywords.append((keyword.text, self.argument()))
            elif keywords:
                raise self.fail("an argument without a name follows one with a name: put it first")
            else:
                arguments.append(self.argument())
            if not self.accept(","):
                break
        closed = self.close(opened)
        return Call(name.text, tuple(arguments), tuple(keywords), (name.span[0], closed.span[1]))

    def fixed_function(self, name: Token, opened: Token) -> Call:
        first = self.position
        end = closing(self.tokens, first - 1)
        if self.tokens[end].kind != ")":
            raise self.fail("this bracket is not closed", opened.span)
        self.position = end + 1
        span = (name.span[0], self.tokens[self.position - 1].span[1])
        inside = expression(name.text, self.tokens[first:end], self.text, span)
        return Call("C" if name.text == "factor" else name.text, (inside,), (), span)

    def argument(self) -> Argument:
        token = self.next
        if token.kind == "~":
            return self.formula()
        if token.kind == "string":
            self.take()
            return Literal(unquote(token), token.span)
        if token.kind == "-" and self.following == "number":
            self.take()
            return self.number(-1)
        if token.kind == "number":
            return self.number(1)
        if token.kind == "[":
            return self.sequence(self.take(), "]")
        if token.kind == "name" and token.text in _SEQUENCES and self.following == "(":
            self.take()
            return self.sequence(self.take(), ")")
        if token.kind not in ("name", "quoted"):
            raise self.unexpected("an argument")
        factors = [self.factor()]
        while self.accept(":"):
            factors.append(self.factor())
        return factors[0] if len(factors) == 1 else Product(tuple(factors), (token.span[0], factors[-1].span[1]))

    def number(self, sign: int) -> Literal:
        token = self.take()
        value = int(token.text) if token.text.isdigit() else float(token.text)
        if value in (float("inf"), float("-inf")):
            raise self.fail("this number is too large", token.span)
        return Literal(sign * value, token.span)

    def sequence(self, opened: Token, closing: str) -> Sequence:
        self.deeper()
        items: list[Argument] = []
        while self.next.kind not in (closing, "end"):
            items.append(self.argument())
            if not self.accept(","):
                break
        if self.next.kind != closing:
            raise self.fail("this bracket is not closed", opened.span)
        end = self.take()
        self.depth -= 1
        return Sequence(tuple(items), (opened.span[0], end.span[1]))

    def formula(self) -> Formula:
        start = self.take()
        terms = self.sum()
        if not terms:
            raise self.fail("this formula has no terms left", start.span)
        condition = None
        if self.accept("|"):
            if self.next.kind not in ("name", "quoted"):
                raise self.unexpected("the factor that splits the residual")
            token = self.take()
            condition = _name(token)
        return Formula(tuple(terms), condition, (start.span[0], self.tokens[self.position - 1].span[1]))


def _name(token: Token) -> Name:
    text = named(token)
    return Name(text, token.span, token.kind == "quoted" and text in RESERVED)
