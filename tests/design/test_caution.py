"""What is seldom meant is said, with the line to write; what is meant gets no warning."""

import numpy as np
import pandas as pd
import pytest

from vcmodel.design.design import build_design
from vcmodel.design.frame import build_frame
from vcmodel.errors import FormulaError
from vcmodel.spec import build_spec

RNG = np.random.default_rng(1)


def table(n=120, **columns):
    return pd.DataFrame({"y": RNG.normal(size=n), "z": RNG.normal(size=n), "g": [f"g{i % 20:02d}" for i in range(n)], **columns})


def said(data, fixed="y ~ 1", random=None, residual=None, known=None, weights=None):
    """The warnings and the mere notes."""
    spec = build_spec(fixed, random, residual)
    found = build_design(spec, build_frame(spec, data, weights), known).cautions
    return [item.text for item in found if item.warns], [item.text for item in found if not item.warns]


# ---------------------------------------------------------------------------------------------------- whole numbers as a covariate

ROWS = np.arange(120)
CODES = {
    "blocks from 1": ROWS % 4 + 1,
    "blocks from 0": ROWS % 4,
    "entries 1 to 40": ROWS % 40 + 1,
    "entries 0 to 39": ROWS % 40,
    "blocks with a gap": np.array([1, 2, 4, 7])[ROWS % 4],
    "twelve places": (ROWS % 12) * 5 + 101,
    "whole numbers as floats": (ROWS % 4 + 1).astype(float),
    "small integers": (ROWS % 4 + 1).astype("int8"),
    "unsigned integers": (ROWS % 4 + 1).astype("uint16"),
    "nullable integers": pd.array(ROWS % 4 + 1, dtype="Int64"),
    "a missing number": np.where(ROWS == 3, np.nan, ROWS % 4 + 1),
}
AMOUNTS = {
    "years": 1981 + ROWS % 40,
    "ages in days": 20 + ROWS % 90,
    "thirteen doses": (ROWS % 13) * 10,
    "positions from the middle": ROWS % 7 - 3,
    "two codes": ROWS % 2 + 1,
}
SILENT = {
    "absent and present": ROWS % 2,
    "true and false": ROWS % 2 == 0,
    "fractions": ROWS % 4 / 2,
    "different in every row": ROWS + 1,
    "digits that are text": (ROWS % 4 + 1).astype(str),
    "categories": pd.Categorical(ROWS % 4 + 1),
}


@pytest.mark.parametrize("values", CODES.values(), ids=CODES.keys())
def test_whole_numbers_that_look_like_codes_warn(values):
    (text,), rest = said(table(c=values), "y ~ c")
    assert "'c' has" in text
    assert "write C(c) if they are codes of a factor, I(c) if they are amounts" in text
    assert rest == []


@pytest.mark.parametrize("values", AMOUNTS.values(), ids=AMOUNTS.keys())
def test_whole_numbers_that_look_like_amounts_are_noted(values):
    warned, (text,) = said(table(c=values), "y ~ c")
    assert warned == []
    assert f"'c' has {len(set(values.tolist()))} distinct whole numbers and is taken as a covariate: write C(c)" in text


@pytest.mark.parametrize("values", SILENT.values(), ids=SILENT.keys())
def test_what_cannot_be_codes_taken_for_amounts(values):
    assert said(table(c=values), "y ~ c") == ([], [])


@pytest.mark.parametrize("fixed", ["y ~ g + g:c", "y ~ g * c", "y ~ c:g", "y ~ at(g, 'g01'):c", "y ~ 0 + c", "y + z ~ trait + trait:c"])
def test_codes_within_products(fixed):
    (text,), _ = said(table(c=ROWS % 7 + 1), fixed)
    assert "write C(c)" in text


@pytest.mark.parametrize("fixed", ["y ~ C(c)", "y ~ factor(c)", "y ~ I(c)", "y ~ log(c)", "y ~ poly(c, 2)", "y ~ sqrt(c)", "y ~ I(c**2):g"])
def test_inside_a_call_a_number_is_what_the_call_says(fixed):
    assert said(table(c=ROWS % 4 + 1), fixed) == ([], [])


@pytest.mark.parametrize(
    ("fixed", "random"),
    [("y ~ c", "g + g:lin(c)"), ("y ~ c", "str(~ g + g:lin(c), ~ us(2):id(g))"), ("y ~ c + I(c**2)", "g"), ("y ~ c + log(c)", None)],
)
def test_a_number_that_the_model_declares_an_amount_is_one(fixed, random):
    warned, (text,) = said(table(c=ROWS % 4 + 1), fixed, random)
    assert warned == []
    assert "'c'" in text


def test_each_column_is_said_once():
    warned, _ = said(table(c=ROWS % 4 + 1, d=ROWS % 5 + 1), "y ~ c * d * g")
    assert [text.split("'")[1] for text in warned] == ["c", "d"]


# ------------------------------------------------------------------------------------------------------------- words as columns

LONG = table(trait=np.where(ROWS % 2 == 0, "height", "weight"))


@pytest.mark.parametrize(
    ("fixed", "random", "residual"),
    [
        ("y ~ trait", None, None),
        ("y ~ 0 + trait", None, None),
        ("y ~ trait:g", None, None),
        ("y ~ at(trait, 'height'):g", None, None),
        ("y ~ 1", "us(trait):g", None),
        ("y ~ 1", "trait:g", None),
        ("y ~ 1", "at(trait):g", None),
        ("y ~ 1", "g", "units:us(trait)"),
        ("y ~ 1", "g", "dsum(~ units | trait)"),
        ("y ~ C(trait)", None, None),
        ("y ~ units", None, None),
        ("y ~ at(units):g", None, None),
    ],
)
def test_a_word_of_the_language_where_a_column_is_meant(fixed, random, residual):
    with pytest.raises(FormulaError, match="rename"):
        said(LONG, fixed, random, residual)


def test_a_long_table_whose_traits_the_model_leaves_out():
    (text,), _ = said(LONG, "y ~ 1", "g")
    assert text.startswith("the data have a column 'trait' with 2 levels, which the model leaves out")
    assert "rename the column" in text
    assert said(LONG[LONG["trait"] == "height"], "y ~ 1", "g") == ([], [])
    assert said(LONG, "y ~ `trait`", "g") == ([], [])


def test_columns_that_words_hide():
    data = table(trait=ROWS % 3, units="kg", mv=ROWS / 7)
    (text,), (other,) = said(data, "y + z ~ trait + trait:mv")
    words = "the data have a column '{0}', but {0} in a formula means the {1}: rename the column, or write `{0}`, to use it"
    assert text == words.format("trait", "responses")
    # the residual means the rows without being asked: no more than a note
    assert other == words.format("units", "rows")
    data = table(units=[f"plot{i % 30}" for i in ROWS], row=ROWS)
    assert any("column 'units'" in text for text in said(data, "y ~ 1", "units", "id(row)")[0])
    assert said(table(mv=ROWS / 7), "y ~ mv") == ([], [])


# ------------------------------------------------------------------------------------------------------- relationships in str()

FOUNDERS = pd.DataFrame(np.eye(20), *[[f"g{i:02d}" for i in range(20)]] * 2)
BOTH = {"A": FOUNDERS, "D": FOUNDERS}


@pytest.mark.parametrize(
    ("random", "unused", "remedy"),
    [
        ("str(~ vm(g, A) + vm(h, A), ~ us(2):id(g))", "'A' is not used", "write ~ us(2):vm(g, A)"),
        ("str(~ g + vm(h, A), ~ us(2):id(g))", "'A' is not used", "write ~ us(2):vm(h, A)"),
        ("str(~ vm(g, A) + vm(g, A):lin(x), ~ diag(2):id(g))", "'A' is not used", "write ~ diag(2):vm(g, A)"),
        ("str(~ vm(g, A) + vm(h, D), ~ us(2):vm(g, A))", "uses 'A' and 'D' is not used", "write ~ us(2):vm(h, D)"),
        ("g:k + str(~ vm(g, A) + vm(h, A), ~ corgh(2):id(20))", "'A' is not used", "write ~ corgh(2):vm(g, A)"),
    ],
)
def test_a_relationship_that_the_second_formula_drops(random, unused, remedy):
    data = table(h=[f"g{i * 7 % 20:02d}" for i in ROWS], x=ROWS / 7, k=[f"k{i // 30}" for i in ROWS])
    (text,), _ = said(data, "y ~ 1", random, known=BOTH)
    assert unused in text
    assert remedy in text


@pytest.mark.parametrize(
    "random",
    ["str(~ vm(g, A) + vm(h, A), ~ us(2):vm(g, A))", "str(~ g + h, ~ us(2):vm(g, A))", "str(~ g + h, ~ us(2):id(g))"],
)
def test_relationships_in_their_place(random):
    data = table(h=[f"g{i * 7 % 20:02d}" for i in ROWS])
    assert said(data, "y ~ 1", random, known=BOTH) == ([], [])


# ----------------------------------------------------------------------------------------------- effects that cannot be told apart


@pytest.mark.parametrize(
    ("fixed", "random", "residual"),
    [
        ("y ~ 1", "plot", None),
        ("y ~ 1", "g + g:rep", None),
        ("y ~ 1", "g:rep", "units"),
        ("y + z ~ trait", "us(trait):plot", None),
        ("y + z ~ trait", "diag(trait):plot", "units:us(trait)"),
        ("y + z ~ trait", "us(trait):g + us(trait):g:rep", "units:diag(trait)"),
    ],
)
def test_a_level_for_every_row(fixed, random, residual):
    data = table(plot=[f"p{i}" for i in ROWS], rep=[f"r{i // 20}" for i in ROWS])
    (text,), _ = said(data, fixed, random, residual)
    assert "every level has a single row, so that its variance cannot be told from the residual variance" in text


def test_a_level_for_every_row_where_something_tells_it_apart():
    data = table(plot=[f"p{i}" for i in ROWS], w=1.0 + ROWS % 3, s=[f"s{i % 2}" for i in ROWS])
    names = [f"p{i}" for i in ROWS]
    assert said(data, "y ~ 1", "vm(plot, A)", known={"A": pd.DataFrame(np.eye(120) + 0.1, names, names)}) == ([], [])
    assert said(data, "y ~ 1", "plot", weights="w") == ([], [])
    assert said(data, "y ~ s", "plot", "dsum(~ units | s)") == ([], [])
    assert said(data, "y ~ 1", "plot:lin(w)") == ([], [])
    assert said(data.assign(plot=data["plot"].replace("p1", "p0")), "y ~ 1", "plot") == ([], [])


@pytest.mark.parametrize(
    ("random", "pair"),
    [
        ("g + twin", "g and twin"),
        ("twin + g + k", "twin and g"),
        ("k:g + twin", "k:g and twin"),
        ("us(k):g + us(k):twin", "us(k):g and us(k):twin"),
        ("g:lin(x) + twin:lin(x)", "g:lin(x) and twin:lin(x)"),
    ],
)
def test_terms_that_group_the_records_alike(random, pair):
    data = table(x=ROWS / 7)
    data["twin"] = data["g"].map(lambda name: f"t{sum(map(ord, name)) * 7 % 101}{name[::-1]}")
    data["k"] = data["g"].str[1]
    (text,), _ = said(data, "y ~ 1", random)
    assert text == f"{pair} group the records alike, and their variances cannot be told apart: leave one of them out"


@pytest.mark.parametrize(
    "random", ["g + g:k", "g + k", "g + g:lin(x)", "diag(k):g + g", "vm(g, A) + ide(g)", "at(k, 'k0'):g + at(k, 'k1'):g"]
)
def test_terms_that_differ(random):
    data = table(x=ROWS / 7, k=[f"k{i // 30}" for i in ROWS])
    assert said(data, "y ~ 1", random, known=BOTH) == ([], [])
