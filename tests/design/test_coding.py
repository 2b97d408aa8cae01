"""Coding of terms by contrasts and their products, against formulaic on the same formulas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from formulaic import Formula
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples

from vcmodel.design.fixed import FixedDesign, build_fixed
from vcmodel.design.frame import build_frame
from vcmodel.spec import build_spec

RNG = np.random.default_rng(4)
ROWS = 40
TABLE = pd.DataFrame(
    {
        "y": RNG.normal(size=ROWS),
        "a": RNG.choice(list("pqr"), ROWS),
        "b": pd.Categorical(RNG.choice(["lo", "hi"], ROWS), categories=["lo", "hi"]),
        "c": RNG.choice([1, 2, 10], ROWS),
        "x": RNG.normal(5.0, 1.0, ROWS),
        "z": RNG.uniform(1.0, 2.0, ROWS),
    }
)
PARTS = ("a", "b", "C(c)", "x", "z", "log(z)", "I(x ** 2 - z)", "poly(x, 2)", "bs(z, df=4)", "scale(x)")
OTHERS = (
    *("cr(x, df=4)", "cs(x, df=3)", "cc(x, df=3)", "bs(x, knots=[5], degree=2)", "poly(x, 3, raw=True)", "center(x)", "standardize(x)"),
    *("bs(x, df=5, include_intercept=True)", "cr(x, df=3, constraints='center')", "scale(x, center=False)", "exp(z)", "sqrt(z)", "C(b)"),
    *("a:bs(x, df=5, include_intercept=True)", "log2(z)", "log10(z)", "exp2(z)", "I(-x ** 2)", "I((x + z) / (x - 20))", "I(x - (z - 1))"),
)


def ours(fixed: str) -> FixedDesign:
    spec = build_spec(fixed)
    return build_fixed(spec, build_frame(spec, TABLE))


def check(right: str) -> None:
    found = ours(f"y ~ {right}")
    theirs = Formula(right).get_model_matrix(TABLE.assign(c=TABLE.c.astype(int)), context={"sqrt": np.sqrt})
    names = list(theirs.columns)
    assert sorted(found.names) == sorted(names)
    place = [found.names.index(name) for name in names]
    np.testing.assert_allclose(found.matrix.toarray()[:, place], theirs.to_numpy(dtype=float), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("part", [*PARTS, *OTHERS])
@pytest.mark.parametrize("mean", ["1", "0"])
def test_a_part_gives_the_columns_of_formulaic(part: str, mean: str) -> None:
    check(f"{mean} + {part}")


terms = st.lists(st.sampled_from(PARTS), min_size=1, max_size=3, unique=True).map(":".join)
sums = st.lists(terms, min_size=1, max_size=5, unique_by=lambda term: frozenset(term.split(":")))


@settings(max_examples=examples(60))
@given(sums, st.booleans())
def test_sums_of_products_give_the_columns_of_formulaic(chosen: list[str], mean: bool) -> None:
    check(" + ".join([str(int(mean)), *chosen]))


@pytest.mark.parametrize("text", ["a*b*C(c)", "a*x + b:x", "a:b + b", "(a + b + C(c))**2 - a", "a/b/x", "0 + a:b + a:C(c) + b:C(c)"])
def test_operators_give_the_columns_of_formulaic(text: str) -> None:
    check(text)
