"""Reading of what other programs write, so that the message can show the line to write here."""

from __future__ import annotations

from vcmodel.formula import algebra, foreign
from vcmodel.formula.cursor import Grammar
from vcmodel.formula.tokens import Token, text_between
from vcmodel.formula.tree import Product, format_fixed, format_terms

_ARGUMENTS = ("fixed", "random", "residual", "rcov")


class Spellings:
    """The spellings of other programs met in one formula."""

    def __init__(self, parser: Grammar) -> None:
        self.parser = parser
        self.found: list[foreign.Spelling] = []
        self.barred = _barred(parser.tokens)

    def refuse_arguments(self) -> None:
        """Refuses the arguments of a call as text, ``y ~ x, random = ~ g``, with each formula where it belongs.

        Raises
        ------
        FormulaError
            With the first of their names marked.
        """
        parser, level = self.parser, 0
        starts: list[tuple[str, int, int]] = [(parser.part, 0, 0)]  # argument, where its name stands, where its formula begins
        for i, token in enumerate(parser.tokens):
            level += (token.kind in ("(", "[")) - (token.kind in (")", "]"))
            first = i == 0 or parser.tokens[i - 1].kind == ","
            if level == 0 and first and token.text in _ARGUMENTS and parser.tokens[min(i + 1, len(parser.tokens) - 1)].kind == "=":
                starts.append((token.text, i, i + 2))
        if len(starts) == 1:
            return
        ends = [begin for _, begin, _ in starts[1:]] + [len(parser.tokens)]
        formulas = {
            name: text_between(parser.text, tuple(item for item in parser.tokens[start:end] if item.kind != "end")).rstrip(", ")
            for (name, _, start), end in zip(starts, ends, strict=True)
            if end > start
        }
        span = parser.tokens[starts[1][1]].span
        raise parser.fail(f"each formula is an argument of its own: write {foreign.written_here(formulas)}", span)

    def nested_in(self, operator: Token) -> None:
        """R's ``%in%``."""
        self.found.append(foreign.Spelling("R", operator.span))

    def bar(self, structure: str = "us", program: str = "lme4") -> list[Product]:
        """``(1 + x | g)`` from its opening bracket on: the terms that stand in for it."""
        opened = self.parser.opened()
        terms = self._effects(structure, program, opened.span[0])
        self.parser.close(opened)
        return terms

    def whole(self) -> list[Product]:
        """A formula ``1 + x | g`` without brackets."""
        self.found.clear()
        return self._effects("us", "nlme", self.parser.next.span[0])

    def _effects(self, structure: str, program: str, start: int) -> list[Product]:
        """``1 + x | g`` up to the bracket that closes, or the end."""
        parser = self.parser
        before, parser.lenient = parser.lenient, True  # C(f) may stand for f
        left = parser.sum([algebra.INTERCEPT])
        if parser.next.kind not in ("|", "||"):
            raise parser.unexpected("an operator")
        structure = "diag" if parser.take().kind == "||" else structure
        group = parser.sum()
        parser.lenient = before
        span = (start, parser.tokens[parser.position - 1].span[1] + (parser.next.kind == ")"))
        try:
            terms, remark = foreign.bar(left, group, structure)
        except foreign.Unreadable as problem:
            raise parser.fail(f"`|` is how {program} writes random effects: {problem}", span) from None
        return self._instead(foreign.Spelling(program, span, terms, remark))

    def call(self) -> list[Product] | None:
        """The terms meant by the call that stands next; None when it is no spelling of another program."""
        parser, name = self.parser, self.parser.next
        if name.text in foreign.BAR_CALLS and parser.position + 1 in self.barred:
            parser.take()
            return self.bar(foreign.BAR_CALLS[name.text], "glmmTMB")
        if parser.part == "fixed" and name.text == "Error":
            parser.take()
            opened = parser.opened()
            strata = parser.sum()
            span = (name.span[0], parser.close(opened).span[1])
            try:
                return self._instead(foreign.Spelling("R's aov()", span, foreign.strata(strata)))
            except foreign.Unreadable as problem:
                raise parser.fail(f"Error() is R's: {problem}", span) from None
        if name.text not in foreign.WRAPPERS:
            return None
        parser.take()
        parser.lenient = True  # what stands inside is sommer's too
        call = parser.arguments(name)
        parser.lenient = False
        try:
            terms = foreign.wrapped(call, parser.part)
        except foreign.Unreadable as problem:
            raise parser.fail(f"{name.text}() is sommer's: {problem}", call.span) from None
        return self._instead(foreign.Spelling("sommer", call.span, terms))

    def _instead(self, spelling: foreign.Spelling) -> list[Product]:
        """Keeps the spelling for the message; its terms stand in for it where they are of this part."""
        self.found.append(spelling)
        return [] if self.parser.part == "fixed" else list(spelling.terms)

    def refuse(self, responses: tuple[str, ...], terms: tuple[Product, ...]) -> None:
        """Refuses the spellings found in a formula that reads as `terms` without them.

        Raises
        ------
        FormulaError
            With the first of them marked and the lines to write.
        """
        if not self.found:
            return
        parser, first = self.parser, self.found[0]
        remarks = "".join(f" ({remark})" for remark in dict.fromkeys(item.remark for item in self.found) if remark)
        if parser.part != "fixed":
            lines = {parser.part: format_terms(terms)}
        else:
            moved = algebra.added([], [term for item in self.found for term in item.terms], parser.text)
            kept = tuple(term for term in terms if term.factors or term.span != (0, 0) or len(terms) == 1)
            implied = any(not term.factors for term in terms)
            lines = {"fixed": format_fixed(responses, kept, implied), "random": format_terms(tuple(moved))}
        written = text_between(parser.text, tuple(token for token in parser.tokens if first.span[0] <= token.span[0] < first.span[1]))
        raise parser.fail(f"{written} is how {first.program} writes it; here write {foreign.written_here(lines)}{remarks}", first.span)


def _barred(tokens: tuple[Token, ...]) -> frozenset[int]:
    """Positions of the brackets that hold ``effects | group``, which is no formula of dsum()."""
    open_ones: list[int] = []
    found = set()
    for position, token in enumerate(tokens):
        if token.kind in ("(", "["):
            open_ones.append(position)
        elif token.kind in (")", "]") and open_ones:
            open_ones.pop()
        elif token.kind in ("|", "||") and open_ones and tokens[open_ones[-1] + 1].kind != "~":
            found.add(open_ones[-1])
    return frozenset(found)
