"""Text to tokens."""

import pytest

from vcmodel.errors import FormulaError
from vcmodel.formula.tokens import closing, named, one_line, text_between, tokenize, unquote


def kinds(text):
    return [token.kind for token in tokenize(text)]


def test_every_kind_of_token_has_its_span():
    text = "a.b ~ `my``x` + 1.5e3:'it\\'s'"
    tokens = tokenize(text)
    assert [token.kind for token in tokens] == ["name", "~", "quoted", "+", "number", ":", "string", "end"]
    assert all(text[slice(*token.span)] == token.text for token in tokens[:-1])
    assert [named(tokens[0]), named(tokens[2]), unquote(tokens[6])] == ["a.b", "my`x", "it's"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a**2", ["name", "**", "number", "end"]),
        ("a||b", ["name", "||", "name", "end"]),
        ("a %in% b", ["name", "%in%", "name", "end"]),
        ("", ["end"]),
    ],
)
def test_marks_of_several_characters(text, wanted):
    assert kinds(text) == wanted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("'a", "the quote ' is not closed"),
        ("y ~ .", "a dot for all other columns is not available"),
        ("a > 3", "is no arithmetic"),
        ("a % b", "'%' is not an operator of the language"),
        ("a ? b", "the character '\\?' has no place in a formula"),
        ("1" * 41, "a number of more than 40 characters"),
        ("` `", "an empty name between backquotes"),
    ],
)
def test_what_is_no_token_is_marked(text, message):
    with pytest.raises(FormulaError, match=message) as caught:
        tokenize(text)
    shown, carets = str(caught.value).splitlines()[-2:]
    assert carets.strip("^ ") == "" and shown.strip() == text.strip()


def test_brackets_and_text():
    tokens = tokenize("f(a, [b, (c)]) + d")
    assert closing(tokens, 1) == 11 and closing(tokens, 4) == 10
    assert closing(tokenize("f(a"), 1) == 3
    assert text_between("f(a,\n b)", tokenize("f(a,\n b)")[2:5]) == "a,  b"
    assert text_between("a", ()) == "" and one_line("a\tb\nc") == "a b c"
