"""Terms over the levels of conditions."""

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
    assert "random: at(trait, 'y1'):at(site):gen: no observation for at(trait, 'y1'):at(site, 'A'), so no such term" in found.notes
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
    assert str(caught.value) == (f"{random!r} in `random`: no observation meets at(trait, 'y1'):at(site, 'A'); leave the term out")


def test_fixed_terms_follow_the_same_rule() -> None:
    data = unbalanced().assign(x=lambda d: np.arange(len(d)) % 7.0)
    found = vc.fit("y1 + y2 ~ trait + at(trait, 'y1'):at(site):x", data=data)
    assert list(found.fixed_effects.index) == ["trait_y1", "trait_y2", "at(trait, 'y1'):at(site, 'B'):x"]
    assert "fixed: at(trait, 'y1'):at(site):x: no observation for at(trait, 'y1'):at(site, 'A'), so no such term" in found.notes
    assert list(found.wald().index) == ["trait", "at(trait, 'y1'):at(site, 'B'):x"]
    for rest in ("x", "C(gen)"):
        with pytest.raises(vc.DataError, match=r"in `fixed`: no observation meets at\(trait, 'y1'\):at\(site, 'A'\); leave the term out"):
            vc.fit(f"y1 + y2 ~ trait + at(trait, 'y1'):at(site, 'A'):{rest}", data=data)
