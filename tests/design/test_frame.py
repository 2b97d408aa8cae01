"""Rows, cells, levels and notes; what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vcmodel.design.frame import Frame, build_frame
from vcmodel.design.levels import factor_of
from vcmodel.errors import DataError
from vcmodel.spec import build_spec
from vcmodel.tables.reading import read_table

NAN = float("nan")


def table(**changes: object) -> pd.DataFrame:
    columns: dict[str, object] = {
        "y": [1.0, 2.0, 4.0, 3.0, 7.0, 5.0],
        "z": [2.0, 1.0, 0.5, 6.0, 2.5, 8.0],
        "block": [10, 9, 10, 9, 10, 9],
        "site": ["S2", "S1", "S2", "S1", "S2", "S1"],
        "x": [0.5, 1.5, 2.5, 0.25, 4.5, 5.5],
        "w": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
    }
    return pd.DataFrame(columns | changes)


def frame(data: object, fixed: str = "y ~ 1", random: str | None = None, residual: str | None = None, weights: str | None = None) -> Frame:
    return build_frame(build_spec(fixed, random, residual), data, weights)


def test_cells_are_ordered_by_row_then_trait() -> None:
    found = frame(table(y=[1.0, NAN, 4.0, 3.0, NAN, 5.0], z=[2.0, 1.0, NAN, 6.0, NAN, 8.0]), "y + z ~ trait")
    assert found.row.tolist() == [0, 0, 1, 2, 3, 3, 4, 4]
    assert found.trait.tolist() == [0, 1, 1, 0, 0, 1, 0, 1]
    assert found.y.tolist() == [1.0, 2.0, 1.0, 4.0, 3.0, 6.0, 5.0, 8.0]
    assert found.positions.tolist() == [0, 1, 2, 3, 5]
    assert (found.n_rows, found.row_number(4), found.weights) == (5, 6, None)
    assert len(found.every_row) == 6
    assert found.notes == ("1 of 6 rows have no observed response and are left out",)


def test_cell_factors() -> None:
    found = frame(table(y=[1.0, NAN, 4.0, 3.0, NAN, 5.0], z=[2.0, 1.0, NAN, 6.0, NAN, 8.0]), "y + z ~ trait", "us(trait):site")
    trait, units, site = (found.cell_factor(name) for name in ("trait", "units", "site"))
    assert (trait.labels, trait.codes.tolist()) == (("y", "z"), found.trait.tolist())
    assert (units.labels, units.codes.tolist()) == (("1", "2", "3", "4", "6"), found.row.tolist())
    assert (site.labels, site.codes.tolist()) == (("S1", "S2"), [1, 1, 0, 1, 0, 0, 0, 0])
    assert found.factor("site").codes.tolist() == [1, 0, 1, 0, 0]


ORDERS = {
    "numbers": ([10, 9, 10, 100], ("9", "10", "100")),
    "integral floats": ([10.0, 9.0, NAN, 2.0], ("2", "9", "10")),
    "numbers as text": (["10", "9", "1e1", "-3"], ("-3", "9", "10", "1e1")),
    "text": (["b10", "b9", "a"], ("a", "b10", "b9")),
    "mixed": (["10", "9", "x"], ("10", "9", "x")),
    "truth": ([True, False, True], ("False", "True")),
    "objects": (pd.Series([2, "2", 1.0], dtype=object), ("1", "2")),
    "categories": (pd.Categorical(["low", "high", "low"], ["none", "low", "high"]), ("low", "high")),
    "number categories": (pd.Categorical([2.0, 1.0], [2.0, 1.0, 3.0]), ("2", "1")),
    "nullable": (pd.array([3, None, 1], dtype="Int64"), ("1", "3")),
    "not numbers": (["nan_", "1_0", "inf"], ("1_0", "inf", "nan_")),
}


@pytest.mark.parametrize(("values", "labels"), ORDERS.values(), ids=list(ORDERS))
def test_level_order(values: object, labels: tuple[str, ...]) -> None:
    column = pd.Series(values)
    found = factor_of(column)
    assert found.labels == labels
    assert (found.codes < 0).tolist() == column.isna().tolist()


def test_codes_follow_the_order() -> None:
    assert factor_of(pd.Series(["10", None, "9", "10"])).codes.tolist() == [1, -1, 0, 1]


def test_a_row_with_a_missing_value_in_a_needed_column_is_dropped() -> None:
    data = table(site=["S2", None, "S2", "S1", "S2", None], x=[0.5, NAN, 1.0, NAN, 2.0, 3.0], y=[1.0, 2.0, 4.0, 3.0, 7.0, NAN])
    found = frame(data, "y ~ x", "site")
    assert found.positions.tolist() == [0, 2, 4]
    assert found.notes[:2] == (
        "1 of 6 rows have no observed response and are left out",
        "2 rows with an observed response dropped for missing values in x (2), site (1)",
    )


def test_a_value_that_no_condition_needs_may_be_missing() -> None:
    data = table(x=[0.5, NAN, 1.0, NAN, 2.0, NAN])
    found = frame(data, "y ~ at(site, 'S2'):x")
    assert found.n_rows == 6
    assert np.isnan(found.covariate("x")).tolist() == [False, True, False, True, False, True]
    assert frame(data, "y ~ at(site, 'S1'):x + at(site, 'S2'):w").n_rows == 3
    assert frame(data, "y ~ 1", "at(site, 'S2'):block:lin(x)").n_rows == 6


def test_a_trait_condition_needs_values_where_that_trait_is_observed() -> None:
    data = table(x=[0.5, NAN, 1.0, 3.0, 2.0, NAN], y=[1.0, NAN, 4.0, 3.0, 7.0, 5.0])
    found = frame(data, "y + z ~ trait + at(trait, 'y'):x")
    assert found.positions.tolist() == [0, 1, 2, 3, 4]


def test_a_missing_level_of_a_factor_of_a_section_is_not_needed_elsewhere() -> None:
    data = table(block=[10, NAN, 10, NAN, 9, NAN])
    found = frame(data, residual="dsum(~ units + id(block) | site, levels=[['S1'], ['S2']])")
    assert found.n_rows == 6


def test_weights_are_per_cell() -> None:
    found = frame(table(w=[1.0, 4.0, NAN, 9.0, 1.0, 1.0], y=[1.0, 2.0, NAN, 3.0, 7.0, 5.0]), weights="w")
    assert found.weights is not None
    assert found.weights.tolist() == [1.0, 4.0, 9.0, 1.0, 1.0]
    assert found.weight_root.tolist() == [1.0, 2.0, 3.0, 1.0, 1.0]
    assert frame(table()).weight_root.tolist() == [1.0] * 6


def test_numbers_in_an_object_column_are_numbers() -> None:
    data = table(y=pd.Series([1, 2.5, None, 3, 7, 5], dtype=object))
    assert frame(data).y.tolist() == [1.0, 2.5, 3.0, 7.0, 5.0]


def test_a_condition_on_every_level_needs_every_row() -> None:
    assert frame(table(x=[0.5, NAN, 1.0, 1.0, 2.0, 3.0]), "y ~ at(site):x").positions.tolist() == [0, 2, 3, 4, 5]


def test_row_order_changes_nothing() -> None:
    data = table(y=[1.0, NAN, 4.0, 3.0, NAN, 5.0])
    order = np.array([3, 1, 5, 0, 4, 2])
    one = frame(data, "y + z ~ trait + x", "us(trait):site")
    two = frame(data.iloc[order], "y + z ~ trait + x", "us(trait):site")

    def cells(found: Frame, position: np.ndarray) -> set[tuple[object, ...]]:
        site = found.cell_factor("site")
        rows = position[found.positions[found.row]].tolist()
        names = [site.labels[code] for code in site.codes]
        return set(zip(rows, found.trait.tolist(), found.y.tolist(), names, found.covariate("x")[found.row].tolist(), strict=True))

    assert cells(one, np.arange(6)) == cells(two, order)
    assert one.notes == two.notes


def test_the_index_of_the_data_does_not_matter() -> None:
    data = table().set_index(pd.Index([7, 7, 7, 1, 2, 3]))
    assert frame(data, "y ~ x", "site").table.index.tolist() == list(range(6))


NOTES = {
    ("y ~ x", "site", None): ["taken as factors: site; as covariates: x"],
    ("y ~ site", None, None): ["taken as factors: site"],
    ("y ~ C(block)", None, None): ["taken as factors: block"],
    ("y ~ block", None, None): ["taken as covariates: block"],
    ("y ~ w", "w", "w"): [
        "taken as factors: w; as covariates: w",
        "'w' is used both as a factor (in random, residual) and as a covariate (in fixed)",
    ],
    ("y ~ 1", "site:lin(x)", None): ["taken as factors: site; as covariates: x"],
    ("y ~ zero", None, None): ["taken as covariates: zero"],
    ("y ~ truth", None, None): ["taken as covariates: truth"],
}


@pytest.mark.parametrize(("model", "notes"), NOTES.items(), ids=[" | ".join(map(str, model)) for model in NOTES])
def test_notes(model: tuple[str, str | None, str | None], notes: list[str]) -> None:
    data = table(zero=[0, 1, 0, 1, 0, 1], truth=[True, False, True, True, False, False])
    assert list(frame(data, *model).notes) == notes


def test_factors_of_the_residual_are_noted() -> None:
    data = table(trait=list("abcdef"), units=list("abcdef"))
    assert frame(data, "y ~ 1", None, "id(site):id(block):id(w)").notes == ("taken as factors: site, block, w",)


# (data, fixed, random, residual, weights) -> what the message says
ERRORS = {
    "unknown response": (table(), ("Y ~ 1",), "no column 'Y' in the data (response in `fixed`)"),
    "unknown factor": (table(), ("y ~ 1", "Block"), "no column 'Block' in the data (used by 'Block' in `random`); did you mean 'block'?"),
    "unknown covariate": (table(), ("y ~ log(q)",), "no column 'q' in the data (used by 'log(q)' in `fixed`)"),
    "unknown section": (table(), ("y ~ 1", None, "dsum(~ units | sites)"), "no column 'sites' in the data (used by 'units' in `residual`)"),
    "unknown condition": (table(), ("y ~ at(sit, 'a'):x",), "no column 'sit' in the data"),
    "unknown weights": (table(), ("y ~ 1", None, None, "ww"), "no column 'ww' in the data (the weights)"),
    "text response": (table(y=["1", "x", "3", "4", "5", "6"]), (), "response 'y' is not numeric (row 2 is 'x')"),
    "number text response": (table(y=["1", "2", "3", "4", "5", "6"]), (), "response 'y' is not numeric (its type is"),
    "category response": (table(y=pd.Categorical([1, 2, 3, 4, 5, 6])), (), "response 'y' is not numeric (its type is category)"),
    "date response": (table(y=pd.date_range("2020-01-01", periods=6)), (), "response 'y' is not numeric"),
    "infinite response": (table(y=[1.0, np.inf, 3.0, -np.inf, 5.0, 6.0]), (), "column 'y' is infinite in rows 2, 4"),
    "infinite covariate": (table(x=[1.0, np.inf, 3.0, 4.0, 5.0, 6.0]), ("y ~ x",), "column 'x' is infinite in row 2"),
    "infinite factor": (table(w=[1.0, np.inf, 3.0, 4.0, 5.0, 6.0]), ("y ~ 1", "w"), "column 'w' is infinite in row 2"),
    "missing response": (table(y=[NAN] * 6), (), "response 'y' has no observed value"),
    "missing second response": (table(z=[NAN] * 6), ("y + z ~ trait",), "response 'z' has no observed value"),
    "one value": (table(z=[NAN] * 5 + [1.0]), ("y + z ~ trait",), "response 'z' has 1 observed value in the rows kept"),
    "no value kept": (table(z=[NAN] * 5 + [1.0], x=[1.0] * 5 + [NAN]), ("y + z ~ trait + x",), "response 'z' has 0 observed values"),
    "constant": (table(y=[2.5] * 6), (), "response 'y' is constant (2.5)"),
    "no rows": (table().iloc[:0], (), "no row is left after dropping missing values: the data have no rows"),
    "no rows left": (
        table(x=[NAN] * 6),
        ("y ~ x",),
        "no row is left after dropping missing values: 6 rows with an observed response dropped",
    ),
    "fractions in random": (table(), ("y ~ 1", "x"), "stands as a factor in 'x' of `random`: write lin(x)"),
    "fractions in residual": (table(), ("y ~ 1", None, "x"), "stands as a factor in 'x' of `residual`"),
    "text in lin": (table(), ("y ~ 1", "block:lin(site)"), "covariate (in 'block:lin(site)') 'site' is not numeric"),
    "text in log": (table(), ("y ~ log(site)",), "covariate (in 'log(site)') 'site' is not numeric"),
    "missing place": (
        table(block=[10, 9, NAN, 9, 10, NAN], y=[1.0, 2.0, 4.0, 3.0, 7.0, NAN]),
        ("y ~ 1", None, "id(block):id(w)"),
        "column 'block' places the residual ('id(block):id(w)') and is missing in row 3 where",
    ),
    "missing section": (
        table(site=["S1", None, "S1", "S1", "S1", "S1"]),
        ("y ~ 1", None, "dsum(~ units | site)"),
        "missing in row 2 where",
    ),
    "zero weight": (table(w=[1, 0, 1, -1, 1, 1]), ("y ~ 1", None, None, "w"), "weights 'w' are not positive in rows 2, 4"),
    "missing weight": (table(w=[1, NAN, 1, 1, 1, 1]), ("y ~ 1", None, None, "w"), "weights 'w' are missing in row 2"),
    "infinite weight": (table(w=[1, np.inf, 1, 1, 1, 1]), ("y ~ 1", None, None, "w"), "weights 'w' are infinite in row 2"),
    "text weight": (table(), ("y ~ 1", None, None, "site"), "weights column 'site' is not numeric"),
    "repeated columns": (pd.concat([table(), table()[["x"]]], axis=1), (), "column 'x' occurs more than once"),
    "no data": (None, (), "data must be a DataFrame or the path of a CSV, not missing"),
    "a list": ([1, 2], (), "data must be a DataFrame or the path of a CSV, not list"),
}


@pytest.mark.parametrize(("data", "model", "message"), ERRORS.values(), ids=list(ERRORS))
def test_messages(data: object, model: tuple[str | None, ...], message: str) -> None:
    with pytest.raises(DataError) as caught:
        frame(data, *model)  # type: ignore[arg-type]
    assert message in str(caught.value)


def test_rows_of_a_message_are_those_of_the_data_as_given() -> None:
    data = table(w=[1, 1, 1, 1, 0, 1], y=[NAN, NAN, 4.0, 3.0, 7.0, 5.0])
    with pytest.raises(DataError, match="in row 5"):
        frame(data, weights="w")


def test_a_method_refuses_unknown_columns() -> None:
    with pytest.raises(DataError, match="no column 'sit' in the data; did you mean 'site'"):
        frame(table()).factor("sit")


def test_csv(tmp_path: Path) -> None:
    path = tmp_path / "trial.csv"
    table(y=[1.0, NAN, 4.0, 3.0, 7.0, 5.0]).to_csv(path, index=False)
    for given in (path, str(path)):
        assert frame(given, "y ~ x", "site").positions.tolist() == [0, 2, 3, 4, 5]


def test_csv_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no file 'nowhere\.csv'"):
        frame("nowhere.csv")
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    with pytest.raises(DataError, match="is empty: it needs a line of column names and the rows"):
        frame(empty)
    with pytest.raises(DataError, match="is a folder: give a file"):
        frame(tmp_path)


def test_tables_of_other_libraries_convert_themselves() -> None:
    class Other:
        def to_pandas(self) -> pd.DataFrame:
            return table()

    assert frame(Other()).n_rows == 6


def test_column_names_become_text_and_the_data_stay_as_they_are() -> None:
    data = pd.DataFrame({0: [1.0, 2.0, 4.0], "y": [2.0, 3.0, 5.0]})
    assert read_table(data).columns.tolist() == ["0", "y"]
    assert data.columns.tolist() == [0, "y"]
    assert frame(data, "y ~ `0`").n_rows == 3


def test_complex_numbers_are_refused_wherever_they_stand():
    data = pd.DataFrame({"y": [1.0, 2.0, 4.0], "g": ["a", "b", "b"]}).assign(c=[1j, 2.0, 3.0])
    places = [("c ~ 1", None, "response"), ("y ~ c", None, "column"), ("y ~ 1", "c", "factor"), ("y ~ log(c)", None, "covariate")]
    for fixed, random, use in places:
        with pytest.raises(DataError, match=f"{use} 'c' holds complex numbers: make columns of their real and imaginary parts"):
            build_frame(build_spec(fixed, random), data)
    with pytest.raises(DataError, match="response 'c' holds complex numbers"):
        build_frame(build_spec("c ~ 1"), data.assign(c=data["c"].astype(object)))
