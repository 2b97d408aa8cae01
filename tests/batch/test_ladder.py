from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from batch.small import folder, trial

import vcmodel as vc
from vcmodel.batch import fit_many, load_results, run_job
from vcmodel.batch.ladder import select
from vcmodel.batch.model_entry import Selection

LADDER = {
    "none": vc.Model("a + b ~ trait", residual="units:us(trait)"),
    "diag": vc.Model("a + b ~ trait", random="diag(trait):line", residual="units:us(trait)"),
    "us": vc.Model("a + b ~ trait", random="us(trait):line", residual="units:us(trait)"),
    "corgh": vc.Model("a + b ~ trait", random="corgh(trait):line", residual="units:us(trait)"),
}


@pytest.fixture(scope="module")
def fitted():
    return list(fit_many(LADDER, {"t": trial(3)}, executor="serial", select="lrt"))


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
        assert (step.df, step.p_value) == (test.df, test.p)
        assert step.reason.startswith(f"better than {one} at level 0.05")
    assert best == fitted[2].id
    assert (steps[3].df, steps[3].p_value) == (0, None)
    assert steps[3].reason == "not tested: it has as many parameters as us"
    strict, steps = select(fitted, Selection("lrt", 1e-20))
    assert strict == fitted[0].id
    assert steps[2].against == "none"
    assert steps[2].reason == f"not better than none at level 1e-20 ({fits['none'].lrt(fits['us']).distribution})"


@pytest.mark.parametrize(
    ("smaller", "larger"), [("line", "line + block"), ("line", "str(~ line + line:lin(x), ~ us(2):id(line))"), (None, "line + block")]
)
def test_tests_on_the_boundary_are_those_of_the_fits(smaller, larger):
    table = trial(3).assign(x=lambda d: np.arange(len(d)) % 7)
    models = {"small": vc.Model("a ~ x", random=smaller), "large": vc.Model("a ~ x", random=larger)}
    results = list(fit_many(models, {"t": table}, executor="serial", select="lrt"))
    test = models["small"].fit(table).lrt(models["large"].fit(table))
    _, steps = select(results, Selection("lrt", 0.05))
    assert steps[1].p_value == test.p == test.p_boundary
    assert steps[1].reason.endswith(f"than small at level 0.05 ({test.distribution})")


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


def test_what_is_not_tested(fitted):
    none, diag, us, _ = fitted
    records = {name: {**item.kept["comparable"]} for name, item in (("diag", diag), ("us", us))}

    def reason(**changes):
        other = replace(us, kept={**us.kept, "comparable": {**records["us"], **changes}})
        return select([diag, other], Selection("lrt"))[1][1].reason

    assert reason().endswith("than diag at level 0.05")
    lower = reason(loglik=records["diag"]["loglik"] - 5)
    assert lower.startswith("not tested against diag: the model with more parameters has the lower logL")
    assert reason(fixed="other").startswith("not tested against diag: the models have different fixed effects")
    assert reason(data="other").startswith("not tested against diag: the models were fitted to different data")
    images = [[2.0 * value**2 for value in row] for row in records["us"]["images"]]
    assert reason(images=images).startswith("not tested against diag: the models are not nested")
    assert select([us, diag], Selection("lrt"))[1][1].reason == "not tested: it has fewer parameters than us"
    without = replace(us, kept={**us.kept, "comparable": None})
    assert select([none, without], Selection("lrt"))[1][1].reason == "not tested: the batch was run without this test; run it again"


def test_what_the_test_needs_is_kept_only_for_it():
    kept = next(iter(fit_many({"us": LADDER["us"]}, {"t": trial(3)}, executor="serial"))).kept
    assert kept["comparable"] is None


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


@pytest.mark.parametrize(("within", "chosen"), [(0.0, "us"), (1e6, "none")])
def test_the_simplest_of_those_near_the_smallest(fitted, fits, within, chosen):
    best, steps = select(fitted, Selection("aic", within=within))
    assert next(step.result.model for step in steps if step.result.id == best) == chosen
    reasons = {step.result.model: step.reason for step in steps}
    assert reasons["corgh"] == "the same AIC as us, which is named first"
    more = fits["none"].aic - fits["us"].aic
    assert reasons["none"].startswith(f"AIC {more:.4g} above that of us")
    if within:
        assert reasons["us"] == "smallest AIC, but none has fewer parameters and is within 1e+06"
        assert reasons["none"].endswith(", with fewer parameters: the simplest of those within 1e+06")
    else:
        assert reasons["us"] == "smallest AIC"
