"""Rows of a pedigree to parents."""

import numpy as np
import pandas as pd
import pytest

from vcmodel.design.parentage import Parentage, parents_first, read_parentage
from vcmodel.errors import ModelWarning, RelationshipError


def read(rows, codes=()):
    table = pd.DataFrame(rows, columns=["id", "sire", "dam"], dtype=object)
    return read_parentage(table["id"], [table["sire"], table["dam"]], codes)


def test_parents_without_a_row_stand_behind_the_others():
    found = read([("c", "a", "b"), ("a", "0", None), ("d", "c", "x")])
    assert (found.names, found.own) == (["c", "a", "d", "b", "x"], 3)
    assert found.parents.tolist() == [[1, 3], [-1, -1], [0, 4], [-1, -1], [-1, -1]]
    assert found.notes[0] == "unknown parents: '0' (1), empty (1)"
    assert "2 parents without a row of their own added as founders" in found.notes


def test_identical_rows_count_once_and_others_are_refused():
    assert "1 repeated identical row counted once" in read([("a", None, None), ("b", "a", None), ("b", "a", None)]).notes
    with pytest.raises(RelationshipError, match="individual 'b' has different parents in rows 2 and 3"):
        read([("a", None, None), ("b", "a", None), ("b", None, "a")])
    with pytest.raises(RelationshipError, match="row 1 names individual 'a' as its own parent"):
        read([("a", "a", None)])


def test_further_codes_for_unknown():
    with pytest.warns(ModelWarning, match="'none at all', which has no row of its own, is the sire and dam of 4 of the 4 individuals"):
        read([(name, "none at all", "none at all") for name in "abcd"])
    assert read([(name, "none at all", "none at all") for name in "abcd"], ("none at all",)).own == 4


def test_parents_stand_before_their_offspring():
    found = Parentage(list("dcba"), 4, np.array([[1, 2], [2, 3], [3, -1], [-1, -1]]))
    assert [found.names[i] for i in parents_first(found)] == ["a", "b", "c", "d"]
    circle = Parentage(list("abc"), 3, np.array([[1, -1], [2, -1], [0, -1]]))
    with pytest.raises(RelationshipError, match="individuals are their own ancestors: 'a' <- 'b' <- 'c' <- 'a'"):
        parents_first(circle)
