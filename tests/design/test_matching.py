"""Labels of individuals across tables."""

import numpy as np
import pandas as pd
import pytest

from vcmodel.design.matching import Directory, canonical, code_texts, folded, matched, nearly, spelled
from vcmodel.errors import RelationshipError


def test_an_exact_spelling_goes_before_a_canonical_one():
    find = Directory(["3.0", "3", "7 ", "x"])
    assert (find("3"), find("3.0"), find("3.00"), find("7"), find("7.0"), find("X")) == (1, 0, None, 2, 2, None)
    assert find.twins() == [("3.0", "3")]
    assert matched(find, ["x", "y", "3"]).tolist() == [3, -1, 1]


def test_canonical_spellings():
    assert [canonical(text) for text in (" a", "1.0", "1.", "-2.00", "1.50", "a.0")] == ["a", "1", "1", "-2", "1.50", "a.0"]
    assert folded("00A1") == folded("a1") and nearly("7", ["x", "007", "07"]) == "007" and nearly("8", ["7"]) is None


def test_codes_of_a_column_of_identifiers():
    codes, texts = spelled(pd.Series([2.0, None, 7.0, 2.0, " b ", "b", " "], dtype=object), "table")
    assert (codes.tolist(), texts) == ([0, -1, 1, 0, 2, 2, -1], ["2", "7", "b"])
    with pytest.raises(RelationshipError, match=r"table: \[1\] is a list; identifiers are texts or numbers"):
        spelled(pd.Series([[1], "a"], dtype=object), "table")
    with pytest.raises(RelationshipError, match="table: the labels have 2 levels"):
        spelled(pd.MultiIndex.from_tuples([("a", 1)]), "table")


def test_codes_for_unknown():
    assert code_texts(None, "p") == () and code_texts([-9, " . ", np.float64(0.0)], "p") == ("-9", ".", "0")
    for wrong in ("NA", 5):
        with pytest.raises(RelationshipError, match="p: missing takes a list of codes"):
            code_texts(wrong, "p")
