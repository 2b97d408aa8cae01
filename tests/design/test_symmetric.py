"""Labelled symmetric matrices as they are given."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from vcmodel.design.symmetric import asymmetry, labels_of, sparse_symmetric, symmetric
from vcmodel.errors import RelationshipError

VALUES = np.array([[2.0, 0.5, 0.0], [0.5, 1.0, 0.25], [0.0, 0.25, 3.0]])


def test_columns_in_another_order_are_put_in_that_of_the_rows():
    frame = pd.DataFrame(VALUES, list("abc"), list("abc"))
    values, labels, notes = symmetric(frame[["c", "a", "b"]], "K")
    assert (labels, notes) == (("a", "b", "c"), ()) and np.array_equal(values, VALUES)
    again, labels, notes = sparse_symmetric(sparse.csr_matrix(VALUES), list("abc"), "K")
    assert (labels, notes) == (("a", "b", "c"), ()) and np.array_equal(again.toarray(), VALUES)


@pytest.mark.parametrize("change", [1e-7, 0.2])
def test_triangles_that_differ(change):
    values = VALUES.copy()
    values[0, 1] += change
    read = (
        lambda: symmetric(pd.DataFrame(values, list("abc"), list("abc")), "K"),
        lambda: sparse_symmetric(sparse.csc_matrix(values), list("abc"), "K"),
    )
    for one in read:
        if change > 0.1:
            with pytest.raises(
                RelationshipError,
                match=r"K: not symmetric, '.' with '.' is 0\.[57] and '.' with '.' is 0\.[57]; give both triangles with all digits",
            ):
                one()
        else:
            matrix, _, (note,) = one()
            assert "not symmetric to the last digit" in note
            assert matrix[0, 1] == matrix[1, 0] == pytest.approx(0.5 + change / 2, abs=1e-15)


def test_rounding_needs_no_note():
    assert asymmetry(1.0, "a", "b", 0.5, 0.5 + 1e-15, "K") == ()


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame(), "the matrix has no rows"),
        (pd.DataFrame(np.eye(2), ["a", "b"], ["a", "c"]), "different labels \\('b' is only in the rows, 2 such in all\\)"),
        (pd.DataFrame([[1.0, np.nan], [np.nan, 1.0]], ["a", "b"], ["a", "b"]), "the entry of 'a' and 'b' is nan; give finite numbers"),
        (pd.DataFrame([["x", 1], [1, 1]], ["a", "b"], ["a", "b"]), "entries that are not numbers"),
        (pd.DataFrame(np.eye(2) * 1j, ["a", "b"], ["a", "b"]), "holds complex numbers"),
        (pd.DataFrame(np.eye(2), ["a", "a"], ["a", "a"]), "label 'a' occurs more than once"),
        (pd.DataFrame(np.eye(2), ["a", None], ["a", None]), "a label is missing"),
    ],
)
def test_what_is_refused(frame, message):
    with pytest.raises(RelationshipError, match=message):
        symmetric(frame, "K")


def test_sparse_matrices_have_a_label_for_each_row():
    with pytest.raises(RelationshipError, match=r"K: 2 labels for a matrix of shape \(3, 3\)"):
        sparse_symmetric(sparse.csc_matrix(VALUES), ["a", "b"], "K")
    with pytest.raises(RelationshipError, match="the labels must be a list, not int"):
        labels_of(3, "K")
