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

from functools import cached_property

from vcmodel.errors import FormulaError
from vcmodel.formula import algebra, foreign
from vcmodel.formula.arithmetic import LARGEST_POWER, expression
from vcmodel.formula.tokens import Token, closing, named, one_line, text_between, tokenize, unquote
from vcmodel.formula.tree import (
    INTERCEPT_WORDS,
    RESERVED,
    Argument,
    Call,
    Formula,
    Literal,
    Name,
    Product,
    Sequence,
    Span,
    format_fixed,
    format_terms,
)
from vcmodel.formula.vocabulary import FIXED_FUNCTIONS, available, refusal

_DEEPEST = 40  # nested brackets, far beyond any model and within Python's recursion limit
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
    parser.refuse_spellings(responses, terms)
    return responses, tuple(sorted(terms, key=lambda term: bool(term.factors)))  # the intercept first


def _one_sided(text: str, part: str) -> tuple[Product, ...]:
    parser = _Parser(text, part)
    parser.accept("~")
    terms = parser.top(implicit_intercept=False)
    parser.refuse_spellings((), terms)
    if not terms:
        raise FormulaError(f"`{part}` has no terms left: leave it out for none")
    return terms


class _Parser:
    def __init__(self, text: str, part: str) -> None:
        if not isinstance(text, str):
            raise FormulaError(f"`{part}` takes a formula as text, not {type(text).__name__}")
        if not text.strip():
            example = "y ~ 1" if part == "fixed" else "us(trait):Family" if part == "random" else "units"
            raise FormulaError(f"`{part}` is empty: write for example {example!r}" + ("" if part == "fixed" else ", or leave it out"))
        self.text = text
        self.part = part
        self.tokens = tokenize(text)
        self.position = 0
        self.depth = 0
        self.lenient = False
        self.spellings: list[foreign.Spelling] = []  # of other programs; refused once the whole formula is read

    # --- tokens -------------------------------------------------------------------------------------------------------------------

    @property
    def next(self) -> Token:
        return self.tokens[self.position]

    def take(self) -> Token:
        token = self.next
        self.position += token.kind != "end"
        return token

    def accept(self, kind: str) -> bool:
        found = self.next.kind == kind
        if found:
            self.take()
        return found

    def fail(self, message: str, span: Span | None = None) -> FormulaError:
        return FormulaError(message, one_line(self.text), span or self.next.span)

    def unexpected(self, wanted: str) -> FormulaError:
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
        if token.kind == "|":
            return self.fail("`|` can only stand inside dsum(~ terms | factor)")
        if token.kind == "string":
            return self.fail(f"a quoted text where {wanted} should stand: put odd column names in backquotes, levels in at()")
        if token.kind == "number":
            return self.fail(f"a number where {wanted} should stand: only 0 and 1 (the intercept) can be terms")
        return self.fail(f"{token.text!r} where {wanted} should stand")

    def close(self, opened: Token) -> Token:
        if self.next.kind == ")":
            return self.take()
        if self.next.kind == "end":
            raise self.fail("this bracket is not closed", opened.span)
        raise self.unexpected("`)` or an operator")

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self.fail(f"brackets nested more than {_DEEPEST} deep")

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
        opened = self.take()
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
        terms = self.sum([algebra.INTERCEPT] if implicit_intercept else [])
        if self.next.kind != "end":
            if self.next.kind == ")":
                raise self.fail("this bracket was never opened")
            raise self.unexpected("an operator")
        return tuple(terms)

    def sum(self, terms: list[Product] | None = None) -> list[Product]:
        """Terms joined by + and -; `terms` holds what is there already (the implicit intercept)."""
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
        while self.next.kind in ("+", "-") and self.tokens[self.position + 1].kind not in ("+", "-", "end"):
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
                self.spellings.append(foreign.Spelling("R", token.span))
                left = algebra.crossed(self.power(), left, self.text)
        return left

    def power(self) -> list[Product]:
        base = self.atom()
        if self.next.kind not in ("**", "^"):
            return base
        self.take()
        if not self.next.text.isdecimal() or not 1 <= int(self.next.text) <= LARGEST_POWER:
            raise self.fail(f"a whole number from 1 to {LARGEST_POWER} follows `**`; inside a function write I(x ** 2)")
        return algebra.power(base, int(self.take().text), self.text)

    # --- atoms --------------------------------------------------------------------------------------------------------------------

    def atom(self) -> list[Product]:
        token = self.next
        if token.kind == "(":
            if self.position in self.barred:
                return self.bar()
            self.deeper()
            self.take()
            inside = self.sum()
            self.close(token)
            self.depth -= 1
            return inside
        if token.kind == "number" and token.text == "1":
            self.take()
            return [Product((), token.span)]
        if token.kind in ("name", "quoted"):
            if token.text in INTERCEPT_WORDS and self.tokens[self.position + 1].kind != "(":
                self.take()
                return [Product((), token.span)]
            if token.kind == "name" and self.tokens[self.position + 1].kind == "(":
                spelling = self.spelling()
                if spelling is not None:
                    return spelling
            factor = self.factor()
            return [Product((factor,), factor.span)]
        raise self.unexpected("a term")

    # --- spellings of other programs ----------------------------------------------------------------------------------------------

    @cached_property
    def barred(self) -> frozenset[int]:
        """Positions of the brackets that hold ``effects | group``, which is no formula of dsum()."""
        open_ones: list[int] = []
        found = set()
        for position, token in enumerate(self.tokens):
            if token.kind in ("(", "["):
                open_ones.append(position)
            elif token.kind in (")", "]") and open_ones:
                open_ones.pop()
            elif token.kind in ("|", "||") and open_ones and self.tokens[open_ones[-1] + 1].kind != "~":
                found.add(open_ones[-1])
        return frozenset(found)

    def bar(self, structure: str = "us", program: str = "lme4") -> list[Product]:
        """``(1 + x | g)`` from its opening bracket on."""
        self.deeper()
        opened = self.take()
        found = self.bar_terms(structure, program, opened.span[0])
        self.close(opened)
        self.depth -= 1
        return found

    def bar_terms(self, structure: str, program: str, start: int) -> list[Product]:
        left = self.sum([algebra.INTERCEPT])
        if self.next.kind not in ("|", "||"):
            raise self.unexpected("an operator")
        structure = "diag" if self.take().kind == "||" else structure
        group = self.sum()
        span = (start, self.tokens[self.position - 1].span[1] + (self.next.kind == ")"))
        try:
            terms, remark = foreign.bar(left, group, structure)
        except foreign.Unreadable as problem:
            raise self.fail(f"`|` is how {program} writes random effects: {problem}", span) from None
        return self.instead(foreign.Spelling(program, span, terms, remark))

    def instead(self, spelling: foreign.Spelling) -> list[Product]:
        """Keeps the spelling for the message; its terms stand in for it where they are of this part."""
        self.spellings.append(spelling)
        return [] if self.part == "fixed" else list(spelling.terms)

    def spelling(self) -> list[Product] | None:
        """The terms meant by a call of another program, or None when the call that stands next is none."""
        name = self.next
        if name.text in foreign.BAR_CALLS and self.position + 1 in self.barred:
            self.take()
            return self.bar(foreign.BAR_CALLS[name.text], "glmmTMB")
        if self.part == "fixed" and name.text == "Error":
            self.take()
            opened = self.take()
            strata = self.sum()
            closed = self.close(opened)
            return self.instead(foreign.Spelling("R's aov()", (name.span[0], closed.span[1]), foreign.strata(strata)))
        if name.text not in foreign.WRAPPERS:
            return None
        self.take()
        self.lenient = True  # what stands inside is sommer's too
        call = self.arguments(name)
        self.lenient = False
        try:
            terms = foreign.wrapped(call, self.part, several="," in self.text.split("~")[0])
        except foreign.Unreadable as problem:
            raise self.fail(f"{name.text}() is sommer's: {problem}", call.span) from None
        return self.instead(foreign.Spelling("sommer", call.span, terms))

    def refuse_spellings(self, responses: tuple[str, ...], terms: tuple[Product, ...]) -> None:
        """Refuses spellings of other programs, with the lines to write instead.

        Raises
        ------
        FormulaError
            With the first of them marked.
        """
        if not self.spellings:
            return
        first = self.spellings[0]
        remarks = "".join(f" ({remark})" for remark in dict.fromkeys(item.remark for item in self.spellings) if remark)
        if self.part != "fixed":
            lines = {self.part: format_terms(terms)}
        else:
            moved = algebra.added([], [term for item in self.spellings for term in item.terms], self.text)
            kept = [term for term in terms if term.factors or term.span != (0, 0) or len(terms) == 1]
            shown = format_fixed(responses, tuple(kept), intercept=any(not term.factors for term in terms))
            lines = {"fixed": shown, "random": format_terms(tuple(moved))}
        written = text_between(self.text, tuple(token for token in self.tokens if first.span[0] <= token.span[0] < first.span[1]))
        raise self.fail(f"{written} is how {first.program} writes it; here write {foreign.written_here(lines)}{remarks}", first.span)

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
        """A call from its opening bracket on."""
        opened = self.take()
        self.deeper()
        arguments: list[Argument] = []
        keywords: list[tuple[str, Argument]] = []
        while self.next.kind not in (")", "end"):
            if self.next.kind == "name" and self.tokens[self.position + 1].kind == "=":
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
        self.depth -= 1
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
        if token.kind == "-" and self.tokens[self.position + 1].kind == "number":
            self.take()
            return self.number(-1)
        if token.kind == "number":
            return self.number(1)
        if token.kind == "[":
            return self.sequence(self.take(), "]")
        if token.kind == "name" and token.text in _SEQUENCES and self.tokens[self.position + 1].kind == "(":
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
