"""Columns of factors and their row-wise products against dense arithmetic."""

import numpy as np
import pytest
from scipy import sparse

from vcmodel.errors import DataError
from vcmodel.incidence import FactorColumns, khatri_rao


def random_columns(rng, rows, columns):
    """Some rows empty, some with several entries."""
    values = rng.normal(size=(rows, columns)) * (rng.random((rows, columns)) < 0.4)
    return FactorColumns(sparse.csr_matrix(values), tuple(f"c{i}" for i in range(columns)))


@pytest.mark.parametrize("seed", range(5))
def test_rows_are_kronecker_products(seed):
    rng = np.random.default_rng(seed)
    left, right = random_columns(rng, 12, 3), random_columns(rng, 12, 4)
    product = khatri_rao(left.values, right.values)
    assert product.has_sorted_indices
    rows = [np.kron(a, b) for a, b in zip(left.values.toarray(), right.values.toarray(), strict=True)]
    assert np.array_equal(product.toarray(), np.array(rows))


def test_an_indicator_has_no_entry_where_the_level_is_unknown():
    factor = FactorColumns.indicator(np.array([1, -1, 0, 1]), ("a", "b"))
    assert factor.values.toarray().tolist() == [[0, 1], [0, 0], [1, 0], [0, 1]]
    inside = factor.within(np.array([True, True, False, True]))
    assert inside.values.nnz == 2 and inside.seen().labels == ("b",)
    assert inside.seen().values.toarray().ravel().tolist() == [1, 0, 0, 1]


def test_combinations_that_occur_in_level_order():
    left = FactorColumns.indicator(np.array([1, 0, 1, -1]), ("a", "b"))
    right = FactorColumns.indicator(np.array([0, 1, 1, 0]), ("x", "y"))
    product = left.joined(right)
    assert product.labels == ("a:y", "b:x", "b:y")
    assert product.values.toarray().tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 0, 0]]


def test_columns_among_other_labels_stay_sorted():
    columns = FactorColumns(sparse.csr_matrix(np.array([[1.0, 2.0], [0.0, 3.0]])), ("a", "b"))
    moved = columns.among(np.array([2, 0]), ("b", "c", "a"))
    assert moved.values.has_sorted_indices
    assert moved.values.toarray().tolist() == [[2, 0, 1], [3, 0, 0]]


def test_positions_are_those_of_the_cells_of_a_level():
    factor = FactorColumns.indicator(np.array([1, 0, 1, -1]), ("a", "b"))
    place = np.array([[2.0, 1.0], [0.5, 1.0], [2.0, 1.0], [9.0, 9.0]])
    found = factor.located(place, "f")
    assert found.positions == ((0.5, 1.0), (2.0, 1.0))
    assert found.within(np.array([True, False, True, True])).seen().positions == ((2.0, 1.0),)
    with pytest.raises(DataError, match=r"f: level 'b' stands at \(2, 1\) and at \(2, 3\): a level has one place"):
        factor.located(np.array([[2.0, 1.0], [0.5, 1.0], [2.0, 3.0], [9.0, 9.0]]), "f")
    with pytest.raises(DataError, match=r"f: levels 'a' and 'b' both stand at \(2, 1\): spell them alike if they are one place"):
        factor.located(np.array([[2.0, 1.0]] * 4), "f")
