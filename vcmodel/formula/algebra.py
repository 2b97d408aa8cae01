"""Sums of terms as lists: joining, crossing and taking away, with the order of writing kept.

Two terms are the same when they have the same factors in any order. The same term twice counts once; in two orders it is an error,
because the order stands in the names of the results.
"""

from __future__ import annotations

from collections.abc import Iterable

from vcmodel.errors import FormulaError
from vcmodel.formula.tokens import one_line
from vcmodel.formula.tree import Call, Name, Product

MOST_FACTORS = 12  # of one term: contrasts look at every subset of them
MOST_TERMS = 2000  # far beyond any model: a guard against texts that expand without end
INTERCEPT = Product(())


def key(term: Product) -> frozenset[str]:
    """What makes a term: its factors without their order."""
    return frozenset(map(str, term.factors))


def joined(*products: Product) -> Product:
    """The product of products: ``a:b`` and ``b:c`` give ``a:b:c``."""
    factors: dict[str, Name | Call] = {}
    for product in products:
        for factor in product.factors:
            factors.setdefault(str(factor), factor)
    if len(factors) > MOST_FACTORS:
        names = ":".join(factors)
        raise FormulaError(f"a term joins more than {MOST_FACTORS} factors: {names[:80]} ...: write the few that are meant")
    spans = [product.span for product in products if product.span != (0, 0)]
    span = (min(start for start, _ in spans), max(stop for _, stop in spans)) if spans else (0, 0)
    return Product(tuple(factors.values()), span)


def added(total: list[Product], more: Iterable[Product], text: str) -> list[Product]:
    """`total` and the terms of `more` that are not in it; see :meth:`Sum.add`."""
    result = Sum(total, text)
    for term in more:
        result.add(term)
    return result.terms


class Sum:
    """Terms in the order of writing, each once; joined and taken away one by one in constant time."""

    def __init__(self, terms: Iterable[Product], text: str) -> None:
        self.text = text
        self._terms = {key(term): term for term in terms}

    @property
    def terms(self) -> list[Product]:
        """The terms as a list."""
        return list(self._terms.values())

    def add(self, term: Product) -> None:
        """Joins `term` where it is not there yet.

        Raises
        ------
        FormulaError
            The same term in two orders.
        """
        own = key(term)
        found = self._terms.setdefault(own, term)
        if found is term:
            return
        if not term.factors:
            self._terms[own] = term  # an intercept that was implied is now written
        elif str(found) != str(term):
            raise FormulaError(f"{str(found)!r} and {str(term)!r} are the same term: write one of them", one_line(self.text), term.span)

    def remove(self, term: Product) -> None:
        """Takes `term` away.

        Raises
        ------
        FormulaError
            A term that is not there (the intercept excepted).
        """
        if self._terms.pop(key(term), None) is None and term.factors:
            raise FormulaError(f"`- {term}` takes away a term that is not there", one_line(self.text), term.span)


def crossed(left: list[Product], right: list[Product], text: str) -> list[Product]:
    """Every product of a term of `left` and one of `right`."""
    _limit(len(left) * len(right), text)
    return added([], (joined(a, b) for a in left for b in right), text)


def starred(left: list[Product], right: list[Product], text: str) -> list[Product]:
    """``left * right``: both and their products."""
    return added(added(left, right, text), crossed(left, right, text), text)


def nested(left: list[Product], right: list[Product], text: str) -> list[Product]:
    """``left / right``: left, and right within the combinations of all of left."""
    return added(left, crossed([joined(*left)], right, text), text)


def power(base: list[Product], exponent: int, text: str) -> list[Product]:
    """``base ** exponent``: every product of up to `exponent` terms, each once."""
    result = list(base)
    for _ in range(exponent - 1):
        _limit(len(result) * len(base), text)
        seen = {key(term) for term in result}
        grown = list(result)
        for a in result:
            for b in base:
                product = joined(a, b)
                if key(product) not in seen:
                    seen.add(key(product))
                    grown.append(product)
        if len(grown) == len(result):
            break
        result = grown
    return result


def _limit(size: int, text: str) -> None:
    if size > MOST_TERMS:
        raise FormulaError(
            f"the operators expand to more than {MOST_TERMS} terms: write out the terms you need", one_line(text), (0, len(text))
        )
