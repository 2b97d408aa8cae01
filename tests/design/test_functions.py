"""Parts of fixed terms in double precision, whatever the type and the name of the column."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import vcmodel as vc
from vcmodel.design.fixed import build_fixed
from vcmodel.design.frame import build_frame
from vcmodel.formula.tree import backquoted
from vcmodel.spec import build_spec

RNG = np.random.default_rng(8)
ROWS = 60
BASE = pd.DataFrame(
    {
        "y": RNG.normal(size=ROWS),
        "g": np.repeat([f"g{i}" for i in range(12)], 5),
        "year": 1990 + np.arange(ROWS) % 34,
        "dose": np.arange(ROWS) % 30,
        "heat": RNG.integers(0, 2, ROWS),
        "dry": RNG.integers(0, 2, ROWS),
        "salt": RNG.integers(0, 2, ROWS),
    }
)


def columns(fixed: str, data: pd.DataFrame) -> np.ndarray:
    spec = build_spec(fixed)
    return build_fixed(spec, build_frame(spec, data)).matrix.toarray()


WHOLE = ["int64", "int32", "uint32", "Int64", "uint64", "object", "float64"]
LARGE = {
    "I(year ** 6)": lambda d: d.year**6,
    "I(year * year * year * year * year * year)": lambda d: d.year**6,
    "exp10(dose)": lambda d: 10.0**d.dose,
    "exp2(dose * 3)": lambda d: 2.0 ** (3 * d.dose),
    "I(dose ** 20)": lambda d: d.dose**20,
    "I(-year ** 5)": lambda d: -(d.year**5),
    "I(dose ** -2 + 1)": lambda d: d.dose**-2.0 + 1,
    "scale(year ** 7)": lambda d: (d.year**7 - (d.year**7).mean()) / (d.year**7).std(),
    "I(dose / 3)": lambda d: d.dose / 3,
    "poly(year, 3, raw=True)": lambda d: np.column_stack([d.year, d.year**2, d.year**3]),
}


@pytest.mark.parametrize("dtype", WHOLE)
@pytest.mark.parametrize(("term", "right"), LARGE.items(), ids=list(LARGE))
def test_whole_numbers_are_computed_with_in_double_precision(term, right, dtype):
    data = BASE.assign(dose=BASE.dose + 1)
    found = columns(f"y ~ {term}", data.astype({"year": dtype, "dose": dtype}))[:, 1:]
    np.testing.assert_allclose(found.squeeze(), right(data.astype({"year": float, "dose": float})), rtol=1e-12)


def test_small_types_do_not_wrap_around():
    data = BASE.assign(a=(BASE.dose + 98).astype("int8"), b=BASE.dose.astype("uint8"))
    np.testing.assert_array_equal(columns("y ~ I(a * a)", data)[:, 1], (BASE.dose + 98.0) ** 2)
    np.testing.assert_array_equal(columns("y ~ I(b - 29)", data)[:, 1], BASE.dose - 29.0)
    np.testing.assert_array_equal(columns("y ~ a:b", data)[:, 1], (BASE.dose + 98.0) * BASE.dose)
    one, two = (vc.fit("y ~ 1", random="g:lin(a):lin(b)", data=data.astype(kind)) for kind in ({}, {"a": float, "b": float}))
    assert one.loglik == two.loglik


@pytest.mark.parametrize("dtype", ["bool", "boolean", "object", "int8", "Int64"])
@pytest.mark.parametrize(
    "term", ["I(heat + dry + salt)", "I(heat * dry)", "I(heat - dry)", "I(-heat)", "I(heat / 2)", "heat:dry", "center(heat)"]
)
def test_true_and_false_count(term, dtype):
    flags = ["heat", "dry", "salt"]
    data = BASE.assign(**{name: BASE[name].astype(bool).astype(dtype) for name in flags})
    if dtype == "object" and ":" in term:
        data[flags] = data[flags].astype(bool)  # by itself a column of objects is a factor
    np.testing.assert_array_equal(columns(f"y ~ {term}", data), columns(f"y ~ {term}", BASE.astype(dict.fromkeys(flags, float))))


def test_missing_flags_are_missing():
    heat = pd.array([None, *BASE.heat.astype(bool)[1:]], dtype="boolean")
    fit = vc.fit("y ~ I(heat + dry)", random="g", data=BASE.assign(heat=heat))
    assert fit.n_observations == ROWS - 1


NAMES = [
    *("1", "0", "None", "True", "False", "mu", "trait", "units"),
    *("yield", "class", "lambda", "def", "C", "I", "log", "np", "poly", "at", "str"),
    *("a:b", "x + y", "C(x)", "x ** 2", "a|b", "(1|g)", "my x", "x.y", "1st", "back\\slash", "quo'te", 'dou"ble', "tick`", "new\nline"),
    *("größe", "m²", "ﬁ", "数", "100%", "~", "y ~ x", "[T.a]", "=", "__import__('os')", "self", "numpy", "Intercept", "x0_", "quoted0_"),
]
PLACES = [
    ("y ~ {}", "g"),
    ("y ~ I({} ** 2) + g", None),
    ("y ~ log({} + 9)", "g"),
    ("y ~ poly({}, 2):g", None),
    ("y ~ C({}) * g", None),
    ("y ~ 1", "g:lin({})"),
    ("y ~ 1", "str(~ g + g:lin({0}), ~ us(2):id(g))"),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_backquotes_is_a_column_whatever_it_spells(name):
    data = pd.DataFrame({"y": BASE.y, "g": BASE.g, "plain": BASE.heat + 2 * BASE.dry})
    other = data.rename(columns={"plain": name})
    for fixed, random in PLACES:
        right = columns(fixed.format("plain"), data)
        np.testing.assert_array_equal(columns(fixed.format(backquoted(name)), other), right)
        if random and "{" in random:
            place = build_spec(fixed, random.format(backquoted(name)))
            assert place == build_spec(place.fixed_text, place.random_text)


@pytest.mark.parametrize("name", ["yield", "class", "lambda", "C", "I", "log", "np", "poly", "factor", "x0_", "None", "True", "if", "in"])
@pytest.mark.parametrize("fixed", ["y ~ {}", "y ~ log({} + 9)", "y ~ C({})", "y ~ I({} ** 2 + 1):g", "y ~ poly({}, 2)", "y ~ {} + C({})"])
def test_a_word_of_python_or_the_language_is_a_column_without_backquotes(name, fixed):
    data = pd.DataFrame({"y": BASE.y, "g": BASE.g, "plain": BASE.dose})
    right = columns(fixed.replace("{}", "plain"), data)
    np.testing.assert_array_equal(columns(fixed.replace("{}", name), data.rename(columns={"plain": name})), right)


@pytest.mark.parametrize("scale", [1e300, 1e150, 1e-150, 1e-300, 5e-324, 1e55, 1e-55, 1e30])
@pytest.mark.parametrize("place", ["y", "x", "lin", "weights", "second"])
def test_extreme_scales_give_a_fit_or_a_message(scale, place):
    data = BASE.assign(x=BASE.dose + 1.0, w=1.0 + BASE.heat, z=BASE.y + BASE.dry)
    name = {"y": "y", "x": "x", "lin": "x", "weights": "w", "second": "z"}[place]
    data[name] = data[name] * scale
    fixed = "y + z ~ trait" if place == "second" else "y ~ x" if place == "x" else "y ~ 1"
    random = "us(trait):g" if place == "second" else "g:lin(x)" if place == "lin" else "g"
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        try:
            vc.fit(fixed, random=random, data=data, weights="w" if place == "weights" else None)
        except vc.DataError as problem:
            assert not 1e-50 < scale < 1e50
            assert "power of ten" in str(problem) or "constant" in str(problem)


def test_what_leaves_double_precision_is_named():
    with pytest.raises(vc.DataError, match=r"`fixed`: exp\(year\) is not a finite number in rows 1, 2"):
        columns("y ~ exp(year)", BASE)
    with pytest.raises(vc.DataError, match=r"`fixed`: I\(dose \*\* 20 \* 1e\+99\) has values up to .* divide it by a power of ten"):
        columns("y ~ I(dose ** 20 * 1e99)", BASE)


@pytest.mark.parametrize(
    ("fixed", "message"),
    [
        ("y ~ poly(heat, 2)", "needs more than 2 distinct values and there are 2: lower its degree"),
        ("y ~ bs(heat, df=5)", "needs more than 5 distinct values and there are 2: lower its df"),
        ("y ~ cr(dose, knots=[-5])", "cannot be evaluated"),
        ("y ~ log(g)", "covariate .* 'g' is not numeric"),
        ("y ~ C(g + 1)", "covariate .* 'g' is not numeric"),
    ],
)
def test_values_that_a_function_cannot_take(fixed, message):
    with pytest.raises(vc.DataError, match=message):
        columns(fixed, BASE)


CELLS = {
    "lists": [[i % 3] for i in range(ROWS)],
    "dictionaries": [{i: 1} for i in range(ROWS)],
    "one list": [[1], *["a"] * (ROWS - 1)],
    "arrays": [np.arange(i % 3) for i in range(ROWS)],
    "tuples": [(i % 3,) for i in range(ROWS)],
    "mixed": [(1, "a", 2.5, None)[i % 4] for i in range(ROWS)],
    "classes": [int, str] * (ROWS // 2),
    "huge whole numbers": pd.Series([10 ** (400 + i % 3) for i in range(ROWS)], dtype=object),
    "complex": np.arange(ROWS) * 1j,
    "dates": pd.date_range("2020", periods=ROWS),
    "differences of dates": pd.to_timedelta(np.arange(ROWS), unit="D"),
    "periods": pd.period_range("2020", periods=ROWS, freq="D"),
    "intervals": pd.interval_range(0, ROWS),
    "infinite": np.where(np.arange(ROWS) == 3, np.inf, np.arange(ROWS)),
    "long double": np.arange(ROWS).astype(np.longdouble) * np.longdouble("1e4000"),
}
USES = [
    *(("y ~ c", "g"), ("y ~ C(c)", "g"), ("y ~ I(c + 1)", "g"), ("c ~ 1", "g")),
    *(("y ~ 1", "c"), ("y ~ 1", "g:lin(c)"), ("y ~ at(c):g", None)),
]


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize(("fixed", "random"), USES, ids=[" ; ".join(filter(None, use)) for use in USES])
def test_columns_of_any_kind_give_a_fit_or_our_errors(kind, fixed, random):
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        try:
            spec = vc.Model(fixed, random)
            spec.plan(BASE.assign(c=CELLS[kind]))
        except vc.VcmodelError as problem:
            assert str(problem)
