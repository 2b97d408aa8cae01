"""Arithmetic inside functions of `fixed`, as text and as steps."""

import numpy as np
import pandas as pd
import pytest

from vcmodel.design.functions import evaluated
from vcmodel.errors import FormulaError
from vcmodel.formula.parser import parse_fixed

TABLE = pd.DataFrame({"x": [1.0, 2.0, 5.0], "z": [3.0, 0.5, 4.0]})


def call(text):
    _, products = parse_fixed(f"y ~ 0 + {text}")
    return products[0].factors[0]


@pytest.mark.parametrize(
    "text",
    [
        "x + z * 2",
        "x - z - 1",
        "x - (z - 1)",
        "x / z / 2",
        "x / (z / 2)",
        "-x ** 2",
        "(-x) ** 2",
        "- - x",
        "2 * -x",
        "x ** -2",
        "(x + z) ** 2 / (x * z)",
        "-(x + z) * 3",
    ],
)
def test_values_are_those_of_the_text(text):
    x, z = (TABLE[name].to_numpy() for name in ("x", "z"))
    expected = eval(text, {"x": x, "z": z})
    found = call(f"I({text})")
    np.testing.assert_allclose(evaluated(found, TABLE).matrix.toarray()[:, 0], expected, rtol=1e-14)
    again = call(str(found))
    assert again == found and str(again) == str(found)
    np.testing.assert_allclose(evaluated(again, TABLE).matrix.toarray()[:, 0], expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("I(x ** z)", "a power takes a column and a number up to 20"),
        ("I(x ** 21)", "a power takes a column and a number up to 20"),
        ("I(C(x) + 1)", "C\\(\\) makes a factor, with which nothing can be computed"),
        ("log(poly(x, 2))", "gives several columns, with which nothing can be computed"),
        ("log(x, 3)", "takes a column or arithmetic of columns and nothing else"),
        ("I(x.y)", "put a column name with a dot in backquotes"),
        ("I(nothere(x))", "unknown function 'nothere'"),
        ("bs(x, df=z)", "are numbers and texts only, not z"),
        ("I(x[0])", "only columns, numbers"),
    ],
)
def test_what_is_no_arithmetic(text, message):
    with pytest.raises(FormulaError, match=message):
        call(text)
