"""Columns of numbers that are names, and levels that look alike."""

import pandas as pd
import pytest

import vcmodel as vc
from vcmodel.design.frame import build_frame
from vcmodel.design.names import note_lookalikes
from vcmodel.spec import build_spec


def test_levels_that_look_alike_are_said_once_for_all_factors():
    table = pd.DataFrame({"f": ["G1", "g1", "G2"], "g": ["a", "b", "a "], "x": [1, 2, 3]})
    (note,) = note_lookalikes(table, ["f", "g", "x"])
    assert note == (
        "levels that look alike are kept apart: f: 'G1', 'g1' differ only in case; g: 'a', 'a ' differ only in blanks; "
        "correct the data where one is meant"
    )
    assert note_lookalikes(table, ["x"]) == []


def test_numbers_that_are_names_are_so_as_factors_and_numbers_where_they_are_a_covariate(tmp_path):
    path = tmp_path / "trial.csv"
    path.write_text("y,plot\n" + "".join(f"{i * 1.5},{i:03d}\n" for i in range(1, 9)), encoding="utf-8")

    def levels(fixed, random=None):
        frame = build_frame(build_spec(fixed, random), path)
        return frame.table["plot"].tolist()

    assert levels("y ~ 1", "plot")[0] == "001"
    assert levels("y ~ 1", "plot")[-1] == "008"
    with pytest.raises(
        vc.DataError, match="column 'plot' is used as numbers and, in 'plot' of `random`, as a factor, and its numbers look like names"
    ):
        levels("y ~ log(plot)", "plot")
