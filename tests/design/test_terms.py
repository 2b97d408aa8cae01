"""Random terms over the levels of conditions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import vcmodel as vc


def unbalanced() -> pd.DataFrame:
    """Two traits at two sites; y1 was not measured at site A."""
    rng = np.random.default_rng(0)
    n = 80
    site = np.array(["A", "B"])[np.arange(n) % 2]
    gen = np.arange(n) // 2 % 10
    values = rng.normal(size=(n, 2)) + 2.0 * rng.normal(size=(10, 2))[gen]
    table = pd.DataFrame({"site": site, "gen": gen.astype(str), "y1": values[:, 0], "y2": values[:, 1]})
    table.loc[site == "A", "y1"] = np.nan
    return table


def fit(random: str) -> vc.Fit:
    return vc.fit("y1 + y2 ~ trait", random=random, data=unbalanced())


def test_an_implied_combination_without_observations_is_left_out_with_a_note() -> None:
    found = fit("at(trait, 'y1'):at(site):gen")
    assert found.terms == ("at(trait, 'y1'):at(site, 'B'):gen", "units:trait")
    assert (
        "random: at(trait, 'y1'):at(site):gen has no observation at at(trait, 'y1'):at(site, 'A') and no term there" in found.notes
    )
    assert found.loglik == fit("at(trait, 'y1'):at(site, 'B'):gen").loglik
    assert fit("at(trait):at(site):gen").terms[:-1] == (
        "at(trait, 'y1'):at(site, 'B'):gen",
        "at(trait, 'y2'):at(site, 'A'):gen",
        "at(trait, 'y2'):at(site, 'B'):gen",
    )


@pytest.mark.parametrize(
    "random",
    [
        "at(trait, 'y1'):at(site, 'A'):gen",
        "at(trait, 'y1', 'y2'):at(site, 'A'):gen",
        "str(~ at(trait, 'y1'):at(site, 'A'):gen + at(trait, 'y2'):at(site, 'A'):gen, ~ us(2):id(gen))",
    ],
)
def test_a_combination_without_observations_that_was_written_is_refused(random: str) -> None:
    with pytest.raises(vc.DataError) as caught:
        fit(random)
    assert str(caught.value) == "\"at(trait, 'y1'):at(site, 'A'):gen\" in `random`: no observation meets its conditions; leave the term out"
