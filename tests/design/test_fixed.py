"""Names and columns of the fixed matrix."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from fixed_columns import DATA, NAN, design

from vcmodel.design.fixed import FixedDesign
from vcmodel.design.frame import Frame
from vcmodel.errors import DataError, FormulaError

NAMES = {
    "y ~ 1": ["Intercept"],
    "y ~ 0": [],
    "y ~ x": ["Intercept", "x"],
    "y ~ 0 + x": ["x"],
    "y ~ site": ["Intercept", "site[T.b]", "site[T.c]"],
    "y ~ 0 + site": ["site[a]", "site[b]", "site[c]"],
    "y ~ C(sex)": ["Intercept", "C(sex)[T.2]"],
    "y ~ factor(sex)": ["Intercept", "C(sex)[T.2]"],
    "y ~ sex": ["Intercept", "sex"],
    "y ~ trt": ["Intercept", "trt[T.hi]"],
    "y ~ C(trt)": ["Intercept", "C(trt)[T.hi]"],
    "y ~ num": ["Intercept", "num[T.10]"],
    "y ~ `my x`": ["Intercept", "my x"],
    "y ~ flag": ["Intercept", "flag"],
    "y ~ site*x": ["Intercept", "site[T.b]", "site[T.c]", "x", "site[T.b]:x", "site[T.c]:x"],
    "y ~ site:x": ["Intercept", "site[a]:x", "site[b]:x", "site[c]:x"],
    "y ~ site:x + x": ["Intercept", "site[T.b]:x", "site[T.c]:x", "x"],
    "y ~ I(x**2) + log(`my x`) + sqrt(`my x`)": ["Intercept", "I(x ** 2)", "log(`my x`)", "sqrt(`my x`)"],
    "y ~ poly(x, 2)": ["Intercept", "poly(x, 2)[1]", "poly(x, 2)[2]"],
    "y ~ at(site, 'b'):x": ["Intercept", "at(site, 'b'):x"],
    "y ~ at(site, 'b', 'c'):x": ["Intercept", "at(site, 'b'):x", "at(site, 'c'):x"],
    "y ~ at(site):x": ["Intercept", "at(site, 'a'):x", "at(site, 'b'):x", "at(site, 'c'):x"],
    "y ~ at(site, 'b')": ["Intercept", "at(site, 'b')"],
    "y ~ at(site, 'b'):C(sex)": ["Intercept", "at(site, 'b'):C(sex)[1]", "at(site, 'b'):C(sex)[2]"],
    "y ~ site + at(site, 'b'):C(sex)": ["Intercept", "site[T.b]", "site[T.c]", "at(site, 'b'):C(sex)[T.2]"],
    "y ~ at(site, 'b') + at(site, 'b'):C(sex)": ["Intercept", "at(site, 'b')", "at(site, 'b'):C(sex)[T.2]"],
    "y ~ C(num) + at(num, 9):C(sex)": ["Intercept", "C(num)[T.10]", "at(num, '9'):C(sex)[T.2]"],
    "y + z ~ trait": ["trait_y", "trait_z"],
    "z + y ~ trait": ["trait_z", "trait_y"],
    "y + z ~ trait + trait:x": ["trait_y", "trait_z", "trait_y:x", "trait_z:x"],
    "y + z ~ trait + x:trait": ["trait_y", "trait_z", "trait_y:x", "trait_z:x"],
    "y + z ~ trait + trait:C(sex)": ["trait_y", "trait_z", "trait_y:C(sex)[T.2]", "trait_z:C(sex)[T.2]"],
    "y + z ~ trait + C(sex)": ["trait_y", "trait_z", "C(sex)[T.2]"],
    "y + z ~ trait:C(sex)": ["trait_y:C(sex)[1]", "trait_z:C(sex)[1]", "trait_y:C(sex)[2]", "trait_z:C(sex)[2]"],
    "y + z ~ trait*C(sex)": ["trait_y", "trait_z", "C(sex)[T.2]", "trait_z:C(sex)[T.2]"],
    "y + z ~ trait + x + trait:x": ["trait_y", "trait_z", "x", "trait_z:x"],
    "y + z ~ x": ["Intercept", "x"],
    "y + z ~ trait + at(trait, 'y'):x": ["trait_y", "trait_z", "at(trait, 'y'):x"],
    "y + z ~ trait + at(trait, 'z'):C(sex)": ["trait_y", "trait_z", "at(trait, 'z'):C(sex)[T.2]"],
    "y + z ~ trait + trait:at(site, 'b'):x": ["trait_y", "trait_z", "trait_y:at(site, 'b'):x", "trait_z:at(site, 'b'):x"],
    "y + z ~ trait + trait:site + trait:at(site, 'b'):C(sex)": [
        *["trait_y", "trait_z", "trait_y:site[T.b]", "trait_z:site[T.b]", "trait_y:site[T.c]", "trait_z:site[T.c]"],
        *["trait_y:at(site, 'b'):C(sex)[T.2]", "trait_z:at(site, 'b'):C(sex)[T.2]"],
    ],
    "y + z ~ at(trait)": ["at(trait, 'y')", "at(trait, 'z')"],
}

# the response that each column is of, "" for columns of several
TRAITS = {
    "y ~ site": ["y", "y", "y"],
    "z + y ~ trait": ["z", "y"],
    "y + z ~ trait + trait:C(sex) + x": ["y", "z", "y", "z", ""],
    "y + z ~ trait*C(sex)": ["y", "z", "", "z"],
    "y + z ~ x": ["", ""],
    "y + z ~ trait + at(trait, 'z'):C(sex)": ["y", "z", "z"],
    "y + z ~ at(trait)": ["y", "z"],
}


@pytest.mark.parametrize(("fixed", "names"), NAMES.items(), ids=list(NAMES))
def test_names(fixed: str, names: list[str]) -> None:
    found, frame = design(fixed)
    assert list(found.names) == names
    assert found.matrix.shape == (frame.y.size, len(names))
    columns = [column for term in found.terms for column in term.columns]
    assert columns == list(range(len(names)))


def column(found: FixedDesign, name: str) -> np.ndarray:
    return found.matrix[:, [found.names.index(name)]].toarray().ravel()


def cells(frame: Frame, values: pd.Series) -> np.ndarray:
    return values.to_numpy()[frame.positions][frame.row]


def test_values_of_a_univariate_matrix() -> None:
    found, frame = design("y ~ site*x + I(x**2) + at(site, 'b'):x")
    assert frame.positions.tolist() == [0, 1, 3, 4, 5, 6, 7]
    x, site = cells(frame, DATA["x"]), cells(frame, DATA["site"])
    assert column(found, "Intercept").tolist() == [1.0] * 7
    assert column(found, "site[T.c]").tolist() == (site == "c").astype(float).tolist()
    assert column(found, "site[T.c]:x").tolist() == np.where(site == "c", x, 0.0).tolist()
    assert column(found, "I(x ** 2)").tolist() == (x**2).tolist()
    assert column(found, "at(site, 'b'):x").tolist() == np.where(site == "b", x, 0.0).tolist()


def test_values_over_traits() -> None:
    found, frame = design("y + z ~ trait + x + trait:x + trait:site + at(trait, 'y'):`my x`")
    x, site, mine = (cells(frame, DATA[name]) for name in ("x", "site", "my x"))
    assert frame.y.size == 14
    for trait, name in enumerate(("y", "z")):
        own = frame.trait == trait
        assert column(found, f"trait_{name}").tolist() == own.astype(float).tolist()
        assert column(found, f"trait_{name}:site[T.b]").tolist() == (own & (site == "b")).astype(float).tolist()
    assert column(found, "x").tolist() == x.tolist()
    assert column(found, "trait_z:x").tolist() == np.where(frame.trait == 1, x, 0.0).tolist()
    assert column(found, "at(trait, 'y'):my x").tolist() == np.where(frame.trait == 0, mine, 0.0).tolist()


def test_terms_of_an_expanded_condition() -> None:
    found, _ = design("y + z ~ trait*C(sex) + at(site):x")
    assert [(term.text, term.columns.tolist()) for term in found.terms] == [
        ("trait", [0, 1]),
        ("C(sex)", [2]),
        ("trait:C(sex)", [3]),
        ("at(site, 'a'):x", [4]),
        ("at(site, 'b'):x", [5]),
        ("at(site, 'c'):x", [6]),
    ]


SAME_SPACE = [
    ("y ~ site*C(sex)", "y ~ 0 + site:C(sex)"),
    ("y ~ site:x + x", "y ~ x*site - site"),
    ("y + z ~ trait*site", "y + z ~ trait + trait:site"),
    ("y + z ~ trait:site", "y + z ~ trait + trait:site"),
    ("y + z ~ trait + at(trait):x", "y + z ~ trait + trait:x"),
    ("y ~ site + at(site):C(sex)", "y ~ 0 + site:C(sex)"),
    ("y + z ~ trait:at(site)", "y + z ~ trait:site"),
]


@pytest.mark.parametrize(("one", "two"), SAME_SPACE)
def test_two_ways_to_write_a_model_span_the_same_space(one: str, two: str) -> None:
    a, b = (design(text)[0].matrix.toarray() for text in (one, two))
    rank = np.linalg.matrix_rank(a)
    assert rank == np.linalg.matrix_rank(b) == np.linalg.matrix_rank(np.hstack([a, b]))


def test_row_order_changes_nothing() -> None:
    order = np.array([5, 2, 7, 0, 1, 6, 4, 3])
    fixed = "y + z ~ trait*site + at(trait, 'y'):poly(x, 2)"
    (one, a), (two, b) = design(fixed), design(fixed, DATA.iloc[order])
    assert one.names == two.names
    here = np.lexsort((a.trait, a.positions[a.row]))
    there = np.lexsort((b.trait, order[b.positions[b.row]]))
    np.testing.assert_allclose(one.matrix.toarray()[here], two.matrix.toarray()[there], atol=1e-14)


def test_values_that_a_condition_leaves_out_may_be_missing() -> None:
    data = DATA.assign(x=np.where(DATA["site"] == "b", DATA["x"], NAN), sex=np.where(DATA["site"] == "b", DATA["sex"], NAN))
    found, frame = design("y ~ at(site, 'b'):x + at(site, 'b'):C(sex)", data)
    assert frame.n_rows == 7
    assert np.isfinite(found.matrix.data).all()
    assert list(found.names) == ["Intercept", "at(site, 'b'):x", "at(site, 'b'):C(sex)[1]", "at(site, 'b'):C(sex)[2]"]


def test_nullable_and_object_columns() -> None:
    data = DATA.assign(x=DATA["x"].astype("Float64"), sex=DATA["sex"].astype("Int64"), site=DATA["site"].astype(object))
    found, _ = design("y ~ x + C(sex) + site", data)
    np.testing.assert_array_equal(found.matrix.toarray(), design("y ~ x + C(sex) + site")[0].matrix.toarray())


def test_messages() -> None:
    with pytest.raises(DataError, match=r"at\(site, 'd'\) in `fixed`: site has no level 'd'; the levels are: a, b, c"):
        design("y ~ at(site, 'd'):x")
    with pytest.raises(DataError, match=r"log\(x\) is not a finite number in rows 2, 6"):
        design("y ~ log(x)")
    with pytest.raises(FormulaError, match="degree of poly\\(\\) is a whole number from 1 to 20, not 'a'"):
        design("y ~ poly(x, 'a')")


@pytest.mark.parametrize("fixed", TRAITS)
def test_the_response_of_each_column(fixed: str) -> None:
    found, frame = design(fixed)
    names = (*frame.responses, "")
    assert [names[trait] for term in found.terms for trait in term.traits] == TRAITS[fixed]


def test_a_term_within_its_interactions() -> None:
    found, _ = design("y + z ~ trait + at(site, 'b'):x + trait:at(site, 'b'):x + trait:x")
    assert [(a.text, b.text) for a in found.terms for b in found.terms if a.within(b)] == [
        ("trait", "trait:at(site, 'b'):x"),
        ("trait", "trait:x"),
        ("at(site, 'b'):x", "trait:at(site, 'b'):x"),
        ("trait:x", "trait:at(site, 'b'):x"),
    ]
