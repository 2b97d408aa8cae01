"""Moving along the tokens of a formula."""

import pytest

from vcmodel.errors import FormulaError
from vcmodel.formula.cursor import DEEPEST, Cursor
from vcmodel.formula.tokens import tokenize


def test_the_end_stays():
    cursor = Cursor(tokenize("a + b"), "a + b")
    assert cursor.following == "+" and cursor.take().text == "a"
    assert not cursor.accept("-") and cursor.accept("+")
    assert cursor.take().text == "b"
    assert [cursor.take().kind, cursor.take().kind, cursor.following] == ["end"] * 3


def test_a_failure_marks_the_next_token_or_what_it_is_told():
    cursor = Cursor(tokenize("a + b"), "a + b")
    cursor.take()
    assert str(cursor.fail("no")).splitlines()[-1] == "      ^"
    assert str(cursor.fail("no", (4, 5))).splitlines()[-1] == "        ^"
    assert str(Cursor(tokenize("a"), "a + b", (0, 5)).fail("no")).splitlines()[-1] == "    ^^^^^"


def test_brackets_have_a_deepest():
    cursor = Cursor(tokenize("a"), "a")
    for _ in range(DEEPEST):
        cursor.deeper()
    with pytest.raises(FormulaError, match=f"brackets nested more than {DEEPEST} deep"):
        cursor.deeper()
