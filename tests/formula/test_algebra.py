"""Sums and products of terms."""

import pytest

from vcmodel.errors import FormulaError
from vcmodel.formula import algebra
from vcmodel.formula.algebra import INTERCEPT, Sum, added, crossed, joined, nested, power, starred
from vcmodel.formula.tree import Name, Product


def terms(*texts):
    return [Product(tuple(Name(name) for name in text.split(":"))) for text in texts]


def written(products):
    return [str(product) for product in products]


def test_products_keep_the_order_of_writing_and_each_factor_once():
    assert str(joined(*terms("a:b", "b:c"))) == "a:b:c"
    assert joined(Product((Name("a"),), (2, 3)), Product((Name("b"),), (6, 7))).span == (2, 7)
    with pytest.raises(FormulaError, match="joins more than 12 factors"):
        joined(*terms(*(f"f{i}" for i in range(13))))


def test_operators():
    assert written(added(terms("a"), terms("b", "a"), "")) == ["a", "b"]
    assert written(crossed(terms("a", "b"), terms("c"), "")) == ["a:c", "b:c"]
    assert written(starred(terms("a"), terms("b"), "")) == ["a", "b", "a:b"]
    assert written(nested(terms("a", "b"), terms("c"), "")) == ["a", "b", "a:b:c"]
    assert written(power(terms("a", "b", "c"), 2, "")) == ["a", "b", "c", "a:b", "a:c", "b:c"]
    assert written(power(terms("a", "b"), 9, "")) == ["a", "b", "a:b"]


def test_the_same_term_twice_counts_once_and_in_two_orders_is_refused():
    total = Sum(terms("a:b"), "a:b + b:a")
    total.add(terms("a:b")[0])
    assert len(total.terms) == 1
    with pytest.raises(FormulaError, match="'a:b' and 'b:a' are the same term"):
        total.add(terms("b:a")[0])


def test_taking_away():
    total = Sum([INTERCEPT, *terms("a", "b")], "1 + a + b")
    total.remove(terms("a")[0])
    total.remove(INTERCEPT)
    total.remove(INTERCEPT)  # an intercept that is not there is no mistake
    assert written(total.terms) == ["b"]
    with pytest.raises(FormulaError, match="`- a` takes away a term that is not there"):
        total.remove(terms("a")[0])


def test_an_intercept_that_was_implied_becomes_the_one_written():
    total = Sum([INTERCEPT], "1")
    total.add(Product((), (0, 1)))
    assert total.terms[0].span == (0, 1)


def test_texts_that_expand_without_end_are_refused(monkeypatch):
    monkeypatch.setattr(algebra, "MOST_TERMS", 3)
    with pytest.raises(FormulaError, match="expand to more than 3 terms"):
        crossed(terms("a", "b"), terms("c", "d"), "text")
    with pytest.raises(FormulaError, match="expand to more than 3 terms"):
        power(terms("a", "b"), 2, "text")
