from dataclasses import replace

import pandas as pd
import pytest
from batch.small import folder, trial

import vcmodel as vc
from vcmodel.batch import fit_many, load_results, run_job
from vcmodel.batch.job import Selection
from vcmodel.batch.ladder import reported, select

LADDER = {
    "none": vc.Model("a + b ~ trait", residual="units:us(trait)"),
    "diag": vc.Model("a + b ~ trait", random="diag(trait):line", residual="units:us(trait)"),
    "us": vc.Model("a + b ~ trait", random="us(trait):line", residual="units:us(trait)"),
    "corgh": vc.Model("a + b ~ trait", random="corgh(trait):line", residual="units:us(trait)"),
}


@pytest.fixture(scope="module")
def fitted():
    return list(fit_many(LADDER, {"t": trial(3)}, executor="serial"))


@pytest.fixture(scope="module")
def fits():
    return {name: model.fit(trial(3)) for name, model in LADDER.items()}


def test_tests_are_those_of_the_fits(fitted, fits):
    best, steps = select(fitted, Selection("lrt", 0.05))
    assert [step.result.model for step in steps] == list(LADDER)
    for step, (one, two) in zip(steps[1:3], [("none", "diag"), ("diag", "us")], strict=True):
        test = fits[one].lrt(fits[two])
        assert step.against == one
        assert step.statistic == pytest.approx(test.statistic, abs=1e-9)
        assert (step.df, step.p_value) == (test.df, pytest.approx(test.p_value, abs=1e-12))
        assert step.reason.startswith(f"better than {one} at level 0.05")
    assert best == fitted[2].id
    assert (steps[3].df, steps[3].p_value) == (0, None)
    assert steps[3].reason == "not tested: it has as many parameters as us"
    strict, steps = select(fitted, Selection("lrt", 1e-20))
    assert strict == fitted[0].id
    assert steps[2].against == "none"
    assert steps[2].reason == "not better than none at level 1e-20"


def test_one_variance_at_zero_is_tested_by_the_mixture():
    models = {"plain": vc.Model("a ~ 1", random="line"), "block": vc.Model("a ~ 1", random="line + block")}
    results = list(fit_many(models, {"t": trial(3)}, executor="serial"))
    test = models["plain"].fit(trial(3)).lrt(models["block"].fit(trial(3)))
    _, steps = select(results, Selection("lrt", 0.05))
    assert steps[1].p_value == pytest.approx(test.p_boundary, abs=1e-12)
    assert steps[1].reason.endswith("(half-and-half mixture: one variance tested at zero)")


@pytest.mark.parametrize("criterion", ["aic", "bic"])
def test_criteria(fitted, fits, criterion):
    best, steps = select(fitted, Selection(criterion))
    values = {name: getattr(fit, criterion) for name, fit in fits.items()}
    assert {step.result.model: step.value for step in steps} == pytest.approx(values)
    winner = min(values, key=values.get)
    chosen = next(result for result in fitted if result.id == best)
    # us and corgh are one optimum: the first is taken
    assert chosen.model == ("us" if winner in ("us", "corgh") else winner)
    assert steps[3].reason == f"the same {criterion.upper()} as us, which is named first"
    assert steps[2].reason == f"smallest {criterion.upper()}"
    assert steps[0].reason.startswith(f"{criterion.upper()} ")
    assert steps[0].reason.endswith("above that of us")


def test_what_does_not_qualify(fitted):
    none, diag, us, corgh = fitted
    failed = replace(none, status="failed", fit=None, kept=None)
    stalled = replace(diag, status="not_converged")
    other = replace(us, kept={**us.kept, "cells": "others"})
    best, steps = select([failed, stalled, us, other], Selection("aic"))
    assert best == us.id
    names = {**us.fit, "fixed_effects": us.fit["fixed_effects"][:1]}
    again, more = select([us, replace(corgh, fit=names)], Selection("aic"))
    assert again == us.id
    assert [step.reason for step in steps[:2]] == ["not eligible: the fit failed", "not eligible: the fit did not converge"]
    assert more[1].reason == "not eligible: other fixed effects than us, and REML likelihoods of these cannot be compared"
    assert select([us, replace(other, id="x")], Selection("aic"))[1][1].reason == "not eligible: fitted to other cells than us"
    assert select([failed], Selection("aic")) == (None, select([failed], Selection("aic"))[1])
    lower = {**us.fit, "loglik": diag.fit["loglik"] - 5}
    assert "the models are not nested" in select([diag, replace(us, fit=lower)], Selection("lrt"))[1][1].reason
    assert select([us, diag], Selection("lrt"))[1][1].reason == "not tested: it has fewer parameters than us"


def test_parameters_are_counted_as_reported(fitted):
    us = fitted[2]
    rows = [{**row, "bound": code} for row, code in zip(us.fit["varcomp"], ["F", "C", "B", "P", "P", "S"], strict=True)]
    assert reported(us) == 6
    assert reported(replace(us, fit={**us.fit, "varcomp": rows})) == 4


def test_a_job_with_a_ladder(tmp_path):
    text = """
[model]
fixed = "a + b ~ trait"
residual = "units:us(trait)"
[[ladder]]
name = "diag"
random = "diag(trait):line"
[[ladder]]
name = "us"
random = "us(trait):line"
[select]
by = "bic"
"""
    job = folder(tmp_path / "job", files=3, job=text)
    summary = run_job(job, tmp_path / "out", executor="serial")
    assert summary.total == 6
    table = pd.read_csv(tmp_path / "out" / "selection.csv")
    assert table["model"].tolist() == ["diag", "us"] * 3
    assert table["criterion"].tolist() == ["bic"] * 6
    fits = pd.read_csv(tmp_path / "out" / "fits.csv")
    assert fits["selected"].tolist() == table["selected"].tolist()
    for _, group in fits.groupby("file"):
        expected = group["bic"].idxmin() if group["bic"].notna().any() else None
        assert [i for i in group.index if group["selected"][i]] == ([] if expected is None else [expected])
    assert [result.selected for result in load_results(tmp_path / "out")] == fits["selected"].tolist()
