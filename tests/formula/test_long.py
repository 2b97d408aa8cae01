"""Long and deep formulas: read in time linear in their length, or refused."""

from __future__ import annotations

import gc
import time

import numpy as np
import pandas as pd
import pytest

import vcmodel as vc
from vcmodel.design.fixed import build_fixed
from vcmodel.design.frame import build_frame
from vcmodel.spec import build_spec


def names(n: int, name: str, mark: str) -> str:
    return mark.join(f"{name}{i}" for i in range(n))


LONG = {
    "fixed sum": lambda n: (f"y ~ {names(n, 'a', ' + ')}",),
    "terms taken away": lambda n: (f"y ~ {names(n, 'a', ' + ')} + x - {names(n, 'a', ' - ')}",),
    "random sum": lambda n: ("y ~ 1", names(n, "b", " + ")),
    "sum in a function": lambda n: (f"y ~ I({names(n, 'a', ' + ')})",),
    "product in a function": lambda n: (f"y ~ I({names(n, 'a', ' * ')})",),
    "signs in a function": lambda n: (f"y ~ I({'-' * n}x)",),
    "functions": lambda n: (f"y ~ {' + '.join(f'log(a{i})' for i in range(n))}",),
    "levels": lambda n: ("y ~ 1", f"at(f, {names(n, 'l', ', ')}):g"),
    "terms at levels": lambda n: ("y ~ 1", " + ".join(f"at(f, l{i}):g" for i in range(n))),
    "sections": lambda n: ("y ~ 1", None, f"dsum(~ units | f, levels=[{names(n, 'l', ', ')}])"),
    "terms of sections": lambda n: ("y ~ 1", None, " + ".join(f"at(f, l{i}):units" for i in range(n))),
    "joined terms": lambda n: ("y ~ 1", f"str(~ {names(n, 'a', ' + ')}, ~ id({n}):id(g))"),
    "brackets": lambda n: ("y ~ 1", " + ".join(f"(a{i} + b{i})" for i in range(n))),
}


def seconds(texts: tuple[str | None, ...]) -> float:
    # without the garbage collector, which goes through whatever the tests before have left alive
    gc.disable()
    start = time.process_time()
    try:
        vc.Model(*texts)
    except vc.VcmodelError as problem:
        assert len(str(problem)) < 10_000
    finally:
        gc.enable()
    return time.process_time() - start


def least_seconds(texts: tuple[str | None, ...]) -> float:
    return min(seconds(texts) for _ in range(2))


@pytest.mark.parametrize("kind", LONG)
def test_time_is_linear_in_the_length(kind: str) -> None:
    make = LONG[kind]
    seconds(make(20))  # what is made once
    # eight times the length: 64 times the time if it were quadratic; the constant keeps a clock of milliseconds out
    assert least_seconds(make(2400)) < 24 * max(least_seconds(make(300)), 0.05)


DEEP = {
    "brackets": lambda n: (f"y ~ {'(' * n}x{')' * n}",),
    "brackets in random": lambda n: ("y ~ 1", "(" * n + "g" + ")" * n),
    "brackets in residual": lambda n: ("y ~ 1", None, "(" * n + "units" + ")" * n),
    "brackets in a function": lambda n: (f"y ~ I({'(' * n}x{')' * n})",),
    "functions": lambda n: (f"y ~ {'log(' * n}x{')' * n}",),
    "signs and brackets": lambda n: (f"y ~ I({'-(' * n}x{')' * n})",),
    "structures": lambda n: ("y ~ 1", "us(" * n + "f" + ")" * n),
    "str": lambda n: ("y ~ 1", "str(~ " * n + "a" + ")" * n),
    "dsum": lambda n: ("y ~ 1", None, "dsum(~ " * n + "a" + ")" * n),
    "lists": lambda n: ("y ~ 1", f"at(f, {'[' * n}"),
    "bars": lambda n: (f"y ~ {'(1|' * n}g{')' * n}",),
    "other programs": lambda n: ("y ~ 1", "vsr(" * n + "g" + ")" * n),
    "knots": lambda n: (f"y ~ bs(x, knots={'[' * n}1{']' * n})",),
}


@pytest.mark.parametrize("kind", DEEP)
def test_depth_beyond_any_model_is_refused(kind: str) -> None:
    with pytest.raises(vc.FormulaError, match=r"nested more than 40 deep|too deeply nested"):
        vc.Model(*DEEP[kind](3000))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("poly(x, 10000000)", "degree of poly() is a whole number from 1 to 20, not 10000000"),
        ("poly(x, 2.5)", "degree of poly() is a whole number from 1 to 20, not 2.5"),
        ("poly(x, degree=-1)", "not -1"),
        ("bs(x, df=10**6)", "df of bs() is a whole number from 1 to 200, not 10**6"),
        ("bs(x, df=1e9)", "df of bs() is a whole number from 1 to 200"),
        ("bs(x, df=4, degree=5)", "df of bs() is at least 5 here, not 4"),
        ("bs(x, df=4, knots=[1])", "takes df or knots, not both"),
        ("bs(x, df=5, extrapolation='na')", "extrapolation of bs() is 'raise' or 'clip' or 'zero' or 'extend', not 'na'"),
        ("cr(x)", "needs df or knots"),
        ("cc(x, df=1000)", "df of cc() is a whole number from 1 to 200"),
        ("bs(x, knots=[" + "1, " * 300 + "2])", "knots of bs() is a list of 1 to 200 numbers"),
        ("bs(x, 4, 3, 2, 1, 5, 6, 7, 8)", "takes at most 7 further arguments"),
        ("scale(x, ddof=10**6)", "ddof of scale() is a whole number from 0 to 1"),
        ("scale(x, centre=True)", "did you mean 'center'"),
        ("poly(x, 2, degree=3)", "argument 'degree' of poly() stands twice"),
        ("log(x, 2)", "log() takes a column or arithmetic of columns and nothing else"),
        ("I(x, z)", "I() takes"),
        ("I(poly(x, 2) + 1)", "poly() gives several columns"),
        ("log(C(x))", "C() makes a factor"),
        ("I(x ** 10 ** 9)", "a power takes a column and a number up to 20"),
        ("I(9 ** x)", "a power takes a column"),
        ("lag(x, 10**9)", "shift(1)"),
        ("a:b:c:d:e:f:g:h:i:j:k:l:m", "a term joins more than 12 factors"),
    ],
)
def test_arguments_beyond_use_are_refused_with_what_is_allowed(text: str, message: str) -> None:
    with pytest.raises(vc.FormulaError) as caught:
        vc.Model(f"y ~ {text}")
    assert message in str(caught.value)


def test_powers_of_sums_end() -> None:
    with pytest.raises(vc.FormulaError, match="from 1 to 20"):
        vc.Model("y ~ (a + b + c)**30")
    assert vc.Model("y ~ (a + b + c)**20") == vc.Model("y ~ (a + b + c)**3")


def test_long_arithmetic_has_its_value() -> None:
    data = pd.DataFrame({"y": np.arange(5.0), "x": np.arange(1.0, 6.0)})

    def column(text: str) -> np.ndarray:
        spec = build_spec(f"y ~ 0 + {text}")
        return build_fixed(spec, build_frame(spec, data)).matrix.toarray()[:, 0]

    np.testing.assert_array_equal(column(f"I({'+'.join(['x'] * 480)})"), 480 * data.x)
    np.testing.assert_array_equal(column(f"I({'-' * 900}x)"), data.x)
    np.testing.assert_array_equal(column(f"I({'-' * 901}x)"), -data.x)
    np.testing.assert_array_equal(column(f"I({'-'.join(['x'] * 900)})"), -898 * data.x)


def test_a_long_formula_prints_as_it_is_read() -> None:
    text = f"y ~ I({'+'.join(['x'] * 900)})"
    (_, term) = build_spec(text).fixed
    assert term.text == f"I({' + '.join(['x'] * 900)})"
    assert hash(vc.Model(text)) == hash(vc.Model(f"y ~ {term.text}"))
