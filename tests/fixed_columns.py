"""A small table and the fixed matrix of a formula over it, for the tests of names, values and centring."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vcmodel.design.design import Design, build_design
from vcmodel.design.fixed import FixedDesign, build_fixed
from vcmodel.design.frame import Frame, build_frame
from vcmodel.spec import build_spec

NAN = float("nan")
DATA = pd.DataFrame(
    {
        "y": [1.0, 2.0, NAN, 4.0, 3.0, 7.0, 5.0, 6.0],
        "z": [2.0, NAN, 1.0, 0.5, 6.0, 2.5, 8.0, 1.0],
        "x": [1.5, 0.0, 2.5, 3.0, 4.0, -1.0, 2.0, 0.5],
        "site": ["b", "a", "c", "b", "a", "c", "b", "a"],
        "sex": [1.0, 2.0, 1.0, 2.0, 2.0, 1.0, 1.0, 2.0],
        "trt": pd.Categorical(["hi", "lo", "hi", "lo", "hi", "lo", "lo", "hi"], ["none", "lo", "hi"]),
        "my x": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 9.0],
        "num": ["10", "9", "10", "9", "9", "10", "9", "10"],
        "flag": [True, False, True, True, False, False, True, False],
    }
)


def design(fixed: str, data: pd.DataFrame = DATA) -> tuple[FixedDesign, Frame]:
    spec = build_spec(fixed)
    frame = build_frame(spec, data)
    return build_fixed(spec, frame), frame


def far() -> pd.DataFrame:
    """120 rows over three sites: a time stamp, a year, small numbers, and combinations of them."""
    rng = np.random.default_rng(11)
    n = 120
    table = pd.DataFrame({"site": np.array(["A", "B", "C"])[np.arange(n) % 3], "trt": np.array(["k", "l"])[np.arange(n) // 3 % 2]})
    table["ts"] = 1.7e9 + rng.uniform(0.0, 100.0, n)
    table["year"] = 2015 + rng.integers(0, 6, n)
    table["x"] = rng.normal(size=n)
    table["code"] = table["site"].map({"A": 1.0, "B": 2.0, "C": 4.0})
    table["both"] = 3.0 * table["x"] - table["code"]
    table["region"] = table["site"].map({"A": "N", "B": "N", "C": "S"})
    table["y"] = rng.normal(size=n) + table["x"] + 0.02 * (table["ts"] - 1.7e9)
    table["z"] = rng.normal(size=n)
    return table


def built(fixed: str, data: pd.DataFrame | None = None) -> Design:
    spec = build_spec(fixed)
    return build_design(spec, build_frame(spec, far() if data is None else data))
