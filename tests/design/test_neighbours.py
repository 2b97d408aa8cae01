import pandas as pd
import pytest
from field_trials import two_sites

import vcmodel as vc
from vcmodel.design.design import build_design
from vcmodel.design.frame import build_frame
from vcmodel.design.neighbours import seldom_meant_of_neighbours
from vcmodel.spec import build_spec


def said(data, residual="ar1(row):ar1(col)", random=None):
    spec = build_spec("y ~ 1", random, residual)
    return [item.text for item in seldom_meant_of_neighbours(spec, build_frame(spec, data))]


def one_site():
    return two_sites().query("site == 'A'").reset_index(drop=True)


def test_a_whole_field_is_what_is_meant():
    assert said(one_site()) == []
    assert said(two_sites(), "dsum(~ ar1(row):ar1(col) | site)") == []


@pytest.mark.parametrize(("letters", "missing"), [("", "3"), ("R", "R3"), ("row ", "row 3")])
def test_a_number_left_out(letters, missing):
    data = one_site().query("row != 3").assign(row=lambda d: [f"{letters}{i}" for i in d["row"]])
    (text,) = said(data)
    assert text.startswith(f"ar1(row):ar1(col): no row has row {missing}, so that the levels before and after are taken as neighbours: add")


def test_labels_that_are_no_numbers_have_no_gaps():
    assert said(one_site().assign(row=lambda d: d["row"].map(dict(enumerate("xacdef", 1))))) == []
    assert said(one_site().assign(row=lambda d: d["row"].map({1: "a1", 2: "b3", 3: "a4", 4: "a5", 5: "a6", 6: "a7"}))) == []


@pytest.mark.parametrize(
    ("residual", "random", "message"),
    [
        (
            "ar1(row):ar1(col)",
            None,
            "ar1(row):ar1(col): row has one level, 2, so that there is no correlation along it: write ar1(col) here",
        ),
        (None, "ar1v(row):ar1(col)", "ar1v(row):ar1(col): row has one level, 2, so that there is no correlation along it: write ar1(col)"),
        (
            "exp(row):exp(col)",
            None,
            "exp(row):exp(col): row has one level, 2, so that there is no correlation along it: write exp(col) here",
        ),
        ("id(col):ar1(row)", None, "id(col):ar1(row): row has one level, 2, so that there is no correlation along it: write id(col) here"),
    ],
)
def test_a_field_of_one_row(residual, random, message):
    (text,) = said(one_site().query("row == 2"), residual, random)
    assert text.startswith(message)
    assert text.endswith("or check the column row")


def test_a_section_of_one_row_is_named():
    data = pd.concat([one_site(), two_sites().query("site == 'B' and row == 4")])
    (text,) = said(data, "dsum(~ ar1(row):ar1(col) | site)")
    assert text.startswith("ar1(row):ar1(col), site B: row has one level, 4, so that")


def test_a_section_of_one_plot():
    data = pd.concat([one_site(), two_sites().query("site == 'B' and row == 4 and col == 2")])
    text = said(data, "dsum(~ ar1(row):ar1(col) | site)")[-1]
    assert text.startswith("residual: the section site B has one row with a response, row 43, which says next to nothing about a variance")
    assert said(data, "dsum(~ units | site)") == [text]
    with pytest.warns(vc.ModelWarning, match="the section site B has one row with a response"):
        vc.fit("y ~ 1", residual="dsum(~ units | site)", data=data)


def refused(data, residual="ar1(row):ar1(col)"):
    with pytest.raises(vc.DataError) as caught:
        spec = build_spec("y ~ 1", None, residual)
        build_design(spec, build_frame(spec, data))
    return str(caught.value)


def test_two_plots_in_one_place():
    data = one_site()
    data.loc[10, ["row", "col"]] = data.loc[11, ["row", "col"]].to_numpy()
    text = refused(data)
    assert "rows 11 and 12 are the same combination of row, col (1 such pairs)" in text
    assert text.endswith("a plot has one place: correct row, col, or leave a row out, or add a factor that tells them apart")


@pytest.mark.parametrize("residual", ["ar1(row):ar1(col)", "iexp(row, col)"])
def test_plots_of_several_fields(residual):
    assert refused(two_sites(), residual).endswith(f"for plots of several fields write dsum(~ {residual} | site)")


@pytest.mark.parametrize("column", ["row", "col"])
def test_a_place_missing_beside_a_response(column):
    data = one_site().astype({column: float})
    data.loc[4, column] = None
    text = refused(data)
    assert text.startswith(
        f"column '{column}' places the residual ('ar1(row):ar1(col)') and is missing in row 5 where a response is observed"
    )
    assert text.endswith("fill it in, or make the response missing")
    data.loc[4, "y"] = None
    assert vc.fit("y ~ 1", residual="ar1(row):ar1(col)", data=data).n_observations == 40


def test_rows_that_are_no_whole_numbers():
    text = refused(one_site().assign(row=lambda d: d["row"] / 2))
    assert "column 'row' has numbers that are not whole" in text
    assert "number its levels 1, 2, 3, ...; types={'row': 'text'}" in text


def test_a_column_of_the_field_as_a_covariate_too():
    fit = vc.fit("y ~ I(col)", residual="ar1(row):ar1(col)", data=one_site())
    assert "'col' is used both as a factor (in residual) and as a covariate (in fixed)" in fit.notes


@pytest.mark.parametrize("residual", ["iexp(row, col)", "exp(row):exp(col)"])
def test_coordinates_that_are_not_there_or_no_numbers(residual):
    data = one_site().astype({"row": float})
    data.loc[4, "row"] = None
    assert "is missing in row 5 where a response is observed" in refused(data, residual)
    text = refused(one_site().assign(row=lambda d: [f"R{i}" for i in d["row"]]), residual)
    assert "column 'row' holds the coordinates of a structure of distances" in text
    assert "row 1 is 'R1'" in text
