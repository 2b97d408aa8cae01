"""Sections, units and patterns of the residual."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import vcmodel as vc
from vcmodel.design.frame import build_frame
from vcmodel.design.residual import Section, build_residual, group_by_pattern
from vcmodel.spec import build_spec

NAN = np.nan
DATA = pd.DataFrame(
    {
        "y": [1.0, 2.0, 3.0, NAN, 5.0, 4.0],
        "z": [1.0, NAN, 4.0, 2.0, 7.0, 1.0],
        "site": list("aabbbc"),
        "plot": list("pqpqrp"),
        "t": list("112121"),
    }
)


def sections(fixed: str, residual: str, data: pd.DataFrame = DATA) -> tuple[Section, ...]:
    spec = build_spec(fixed, None, residual)
    return build_residual(spec.residual, build_frame(spec, data))


def test_units_with_the_same_levels_stand_together() -> None:
    unit, level = np.array([2, 0, 0, 1, 1, 3, 2]), np.array([1, 1, 0, 0, 1, 0, 0])
    found = group_by_pattern(unit, level, np.arange(10, 17))
    assert [(item.levels.tolist(), item.cells.tolist()) for item in found] == [([0], [[15]]), ([0, 1], [[12, 11], [13, 14], [16, 10]])]


def test_every_cell_is_in_one_section_and_one_pattern() -> None:
    found = sections("y + z ~ trait", "dsum(~ units:us(trait) | site)")
    assert [item.label for item in found] == ["site_a", "site_b", "site_c"]
    cells = np.concatenate([pattern.cells.ravel() for item in found for pattern in item.patterns])
    assert sorted(cells.tolist()) == list(range(10))


def test_levels_that_are_not_correlated_stand_in_patterns_of_their_own() -> None:
    (whole,) = sections("y + z ~ trait", "units:us(trait)")
    (apart,) = sections("y + z ~ trait", "units:diag(trait)")
    assert sorted(item.levels.tolist() for item in whole.patterns) == [[0], [0, 1], [1]]
    assert sorted(item.levels.tolist() for item in apart.patterns) == [[0], [1]]


@pytest.mark.parametrize(
    ("residual", "message"),
    [
        ("id(site):corv(t)", "rows 1 and 2 are the same combination of site, t \\(2 such pairs\\)"),
        ("dsum(~ id(t) | site)", "rows 1 and 2 are the same combination of t in site_a \\(1 such pairs\\)"),
        ("dsum(~ units | site, levels=['a', 'b'])", "1 observations lie outside every section \\(site = c\\)"),
        ("dsum(~ units | site, levels=['a', 'b', 'd'])", "site has no level 'd'; the levels are: a, b, c"),
        ("vm(plot, K)", "vm\\(\\) belongs in `random`, not in `residual`"),
    ],
)
def test_what_is_refused(residual: str, message: str) -> None:
    with pytest.raises(vc.VcmodelError, match=message):
        sections("y ~ 1", residual)
