"""Words of messages."""

from vcmodel.text import counted, few, plural


def test_a_list_is_cut_and_says_how_long_it_is():
    assert few(["a", "b"], 2) == "a, b"
    assert few(["a", "b", "c"], 2) == "a, b, … (3 in all)"
    assert few([]) == ""
    assert few([str(i) for i in range(9)]).endswith("7, … (9 in all)")


def test_counts_have_their_noun():
    assert [plural(n, "row") for n in (0, 1, 2)] == ["rows", "row", "rows"]
    assert [counted(n, "line") for n in (0, 1, 12)] == ["0 lines", "1 line", "12 lines"]
