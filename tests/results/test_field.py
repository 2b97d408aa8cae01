import numpy as np
import pandas as pd
import pytest

import vcmodel as vc
from vcmodel.results.field import field_layout, grid, semivariogram


def plots(rows=4, columns=5):
    return pd.DataFrame([(r, c) for r in range(1, rows + 1) for c in range(1, columns + 1)], columns=["Row", "Column"])


def test_one_field():
    layout = field_layout(plots())
    assert (layout.row_name, layout.column_name, layout.fields, layout.field_name) == ("Row", "Column", ("",), "")
    assert layout.row.max() == 3
    assert layout.column.max() == 4
    assert layout.first == (1, 1)


def test_positions_may_be_labels_and_some_may_be_missing():
    data = pd.DataFrame({"row": ["R2", "R3", None, "R2"], "col": ["C10", "C10", "C11", "C12"]})
    layout = field_layout(data)
    assert layout.row.tolist() == [0, 1, -1, 0]
    assert layout.column.tolist() == [0, 0, 1, 2]
    assert layout.first == (2, 10)


def test_several_fields_are_told_apart_by_the_column_with_fewest_levels():
    layout = field_layout(vc.datasets.load("besag_met"))
    assert layout.field_name == "county"
    assert layout.fields == tuple(f"C{i}" for i in (1, 2, 3, 4, 5, 6))


@pytest.mark.parametrize(
    "data",
    [
        pd.DataFrame({"row": [1, 2], "y": [1.0, 2.0]}),
        pd.DataFrame({"row": [1.5, 2.0], "col": [1, 2]}),
        pd.DataFrame({"row": ["top", "low"], "col": [1, 2]}),
        pd.DataFrame({"row": [1, 20230401], "col": [1, 2]}),
        pd.DataFrame({"row": [None, None], "col": [1, 2]}, dtype=float),
        pd.concat([plots(), plots()]),
        vc.datasets.load("seed_rcbd_bivariate"),
    ],
)
def test_no_layout(data):
    assert field_layout(data.reset_index(drop=True)) is None


def naive(values, a, b):
    total, count = 0.0, 0
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            for k in range(values.shape[0]):
                for m in range(values.shape[1]):
                    if (k - i, abs(m - j)) == (a, b) and (k, m) > (i, j):
                        difference = values[i, j] - values[k, m]
                        if not np.isnan(difference):
                            total, count = total + difference**2, count + 1
    return total / (2 * count), count


def test_the_semivariogram_is_that_of_all_pairs():
    values = np.random.default_rng(0).normal(size=(7, 6))
    values[2, 3] = values[5, 0] = np.nan
    table = semivariogram([values])
    assert (0, 0) not in set(zip(table["row_lag"], table["column_lag"], strict=True))
    for row in table.itertuples():
        expected, pairs = naive(values, row.row_lag, row.column_lag)
        assert row.pairs == pairs >= 10
        assert row.semivariance == pytest.approx(expected, rel=1e-12)


def test_a_slope_along_the_rows_shows_along_the_rows_only():
    table = semivariogram([np.repeat(np.arange(8.0)[:, None], 8, axis=1)]).set_index(["row_lag", "column_lag"])["semivariance"]
    assert table[(2, 0)] == 2.0
    assert table[(0, 2)] == 0.0


def test_fields_are_pooled_and_small_ones_have_none():
    values = np.random.default_rng(0).normal(size=(5, 5))
    one, two = semivariogram([values]), semivariogram([values, values])
    merged = one.merge(two, on=["row_lag", "column_lag"])
    assert (merged["pairs_y"] == 2 * merged["pairs_x"]).all()
    np.testing.assert_allclose(merged["semivariance_x"], merged["semivariance_y"])
    assert semivariogram([values[:2, :2]]).empty
    assert semivariogram([]).empty


def test_a_grid_has_holes_where_there_is_no_plot():
    found = grid(np.array([0, 1]), np.array([1, 0]), [5.0, 6.0])
    np.testing.assert_array_equal(found, [[np.nan, 5.0], [6.0, np.nan]])
