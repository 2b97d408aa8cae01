"""A small table and the fixed matrix of a formula over it, for the tests of names, values and centring."""

from __future__ import annotations

import pandas as pd

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
