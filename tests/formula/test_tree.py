"""The syntax tree as text."""

import pytest

from vcmodel.formula.tree import Call, Formula, Literal, Name, Product, Sequence, backquoted, format_fixed, format_terms, response


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (Name("a.b"), "a.b"),
        (Name("my x"), "`my x`"),
        (Name("mu"), "`mu`"),
        (Name("trait", quoted=True), "`trait`"),
        (Literal("it's \\"), r"'it\'s \\'"),
        (Literal(2), "2"),
        (Literal(1.5), "1.5"),
        (Sequence((Literal("a"), Literal(2))), "['a', 2]"),
        (Formula((Product((Name("a"), Name("b"))), Product((Name("c"),))), Name("site")), "~ a:b + c | site"),
        (Call("fa", (Name("f"),), (("k", Literal(2)),)), "fa(f, k=2)"),
        (Product(()), "1"),
    ],
)
def test_nodes_print_as_they_are_written(node, text):
    assert str(node) == text


def test_a_quoted_reserved_word_is_a_column():
    assert Name("trait", quoted=True).column == "`trait`" and Name("trait").column == "trait"
    assert response("`trait`") == "`trait`" and response("my x") == "`my x`"
    assert backquoted("a`b") == "`a``b`"


def test_the_place_in_the_text_is_no_part_of_a_node():
    assert Name("a", (0, 1)) == Name("a", (5, 6)) and Product((Name("a"),), (0, 1)) == Product((Name("a"),))


def test_sums_say_where_the_intercept_is():
    a, one = Product((Name("a"),)), Product(())
    assert format_terms((one, a)) == "1 + a" and format_terms((a,), intercept=True) == "0 + a"
    assert format_fixed(("y", "z"), (a,)) == "y + z ~ 0 + a"
    assert format_fixed(("y",), (a,), intercept=True) == "y ~ a"
