"""Cells that meet conditions, and the single levels of at()."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import vcmodel as vc
from vcmodel.design.conditions import meets, observed, single_conditions
from vcmodel.design.frame import Frame, build_frame
from vcmodel.spec import Condition, ModelSpec, build_spec

DATA = pd.DataFrame(
    {"y": [1.0, 2.0, 3.0, np.nan, 5.0], "z": [1.0, np.nan, 4.0, 2.0, 7.0], "site": list("abbca"), "f": list("ppqqp"), "k": [1, 2, 3, 4, 5]}
)


def read(random: str) -> tuple[ModelSpec, Frame]:
    spec = build_spec("y + z ~ trait", random)
    return spec, build_frame(spec, DATA)


def test_cells_meet_all_conditions() -> None:
    _, frame = read("at(site):at(trait):f")
    assert meets((), frame).all()
    inside = meets((Condition("site", ("a", "b")), Condition("trait", ("z",))), frame)
    assert [(int(frame.row[i]), int(frame.trait[i])) for i in np.flatnonzero(inside)] == [(0, 1), (2, 1), (4, 1)]
    assert meets((Condition("site", None),), frame).all()


def test_at_stands_for_each_combination_of_levels() -> None:
    spec, frame = read("at(site):at(trait, 'z'):f")
    found = single_conditions(spec.random[0], "random", frame)
    assert [[item.levels for item in conditions] for conditions in found] == [[(level,), ("z",)] for level in "abc"]


def test_a_level_that_is_not_there_is_refused_with_the_menu() -> None:
    spec, frame = read("at(site, 'a', 'd'):f")
    with pytest.raises(vc.DataError, match=r"at\(site, 'a', 'd'\) in `random`: site has no level 'd'; the levels are: a, b, c"):
        single_conditions(spec.random[0], "random", frame)


def test_terms_without_an_observation_are_left_out_where_no_level_was_named() -> None:
    spec, frame = read("at(site):at(trait, 'y'):f")
    (term,) = spec.random
    singles = [term.at(conditions) for conditions in single_conditions(term, "random", frame)]
    kept, notes = observed(term, singles, "random", frame)
    assert [item.conditions[0].levels for item in kept] == [("a",), ("b",)]
    assert notes == ["random: at(site):at(trait, 'y'):f: no observation for at(site, 'c'):at(trait, 'y'), so no such term"]
