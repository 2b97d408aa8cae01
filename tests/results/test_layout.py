import pandas as pd
import pytest

import vcmodel as vc
from vcmodel.results.layout import field_layout


def plots(rows=4, columns=5):
    return pd.DataFrame([(r, c) for r in range(1, rows + 1) for c in range(1, columns + 1)], columns=["Row", "Column"])


def test_one_field():
    layout = field_layout(plots())
    assert (layout.row_name, layout.column_name, layout.fields, layout.field_name) == ("Row", "Column", ("",), "")
    assert layout.row.max() == 3
    assert layout.column.max() == 4
    assert (layout.rows, layout.columns) == (("1", "2", "3", "4"), ("1", "2", "3", "4", "5"))


def test_positions_may_be_labels_and_some_may_be_missing():
    data = pd.DataFrame({"row": ["R2", "R3", None, "R2"], "col": ["C10", "C10", "C11", "C12"]})
    layout = field_layout(data)
    assert layout.row.tolist() == [0, 1, -1, 0]
    assert layout.column.tolist() == [0, 0, 1, 2]
    assert (layout.rows, layout.columns) == (("2", "3"), ("10", "11", "12"))


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


def test_columns_that_are_named_may_hold_any_labels():
    data = pd.DataFrame({"Reihe": ["top", "low", "top"], "row": [1, 2, 3], "col": [4, 4, 6]})
    assert field_layout(data).row_name == "row"
    layout = field_layout(data, row="Reihe")
    assert layout.rows == ("low", "top")
    assert layout.columns == ("4", "5", "6")
    assert layout.row.tolist() == [1, 0, 1]
