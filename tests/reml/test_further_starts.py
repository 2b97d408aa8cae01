"""On small data a second maximum is looked for where something hints at it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import vcmodel as vc
from vcmodel.reml import further_starts

MODEL = vc.Model("y1 + y2 ~ trait", "us(trait):A + us(trait):B + us(trait):C", "units:us(trait)")


@pytest.fixture(scope="module")
def forty_rows():
    """Forty simulated rows of three crossed factors with 17 complete pairs: two maxima, of which one start in five finds the higher."""
    return pd.read_csv(Path(__file__).parent / "two_maxima.csv")


def single_climb(monkeypatch):
    monkeypatch.setattr(further_starts, "SMALL", 0)


def test_the_higher_of_two_maxima_is_found(forty_rows, monkeypatch):
    fit = MODEL.fit(forty_rows)
    assert fit.converged
    assert fit.loglik == pytest.approx(-23.2634, abs=1e-4)  # best of 25 random starts
    again = MODEL.fit(forty_rows.sample(frac=1.0, random_state=1))
    assert again.loglik == pytest.approx(fit.loglik, abs=1e-7)
    single_climb(monkeypatch)
    assert MODEL.fit(forty_rows).loglik == pytest.approx(fit.loglik - 1.577, abs=1e-3)


@pytest.mark.parametrize("change", ["sign", "order", "units"])
def test_it_is_found_however_the_responses_are_written(forty_rows, change):
    model, data = MODEL, forty_rows
    if change == "sign":
        data = data.assign(y2=-data["y2"])
    if change == "units":
        data = data.assign(y1=1000 * data["y1"])
    if change == "order":
        model = vc.Model("y2 + y1 ~ trait", MODEL.random, MODEL.residual)
    n = data["y1"].notna().sum() - 1
    shift = n * np.log(1000) if change == "units" else 0.0
    assert model.fit(data).loglik == pytest.approx(-23.2634 - shift, abs=1e-3)


def test_further_climbs_are_few_and_only_where_something_hints_at_them(forty_rows, monkeypatch):
    climbs = []
    import vcmodel.reml.estimate as module

    whole = module.maximise
    monkeypatch.setattr(module, "maximise", lambda search: climbs.append(1) or whole(search))
    MODEL.fit(forty_rows)
    assert 1 < len(climbs) <= 2 + further_starts.MOST
    climbs.clear()
    vc.fit("yield ~ gen", random="block", data=vc.datasets.load("oats"))
    assert len(climbs) == 1
    climbs.clear()
    vc.fit("bden + veloc ~ trait", "us(trait):Block + us(trait):Family", "units:us(trait)", vc.datasets.load("seed_rcbd_bivariate"))
    assert len(climbs) == 1
