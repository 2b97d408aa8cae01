"""How fits end: at interior and boundary optima, on flat directions, and where the likelihood has no maximum."""

from __future__ import annotations

import re

import dense
import numpy as np
import pandas as pd
import pytest

import vcmodel as vc


def one_way(seed=1, groups=8, size=5, spread=0.0):
    """y in groups; spread < 0 makes the group means closer than chance."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(groups, size))
    y += spread * rng.normal(size=(groups, 1)) if spread > 0 else -y.mean(axis=1, keepdims=True) * min(1.0, -spread)
    table = pd.DataFrame({"g": np.repeat(np.arange(groups), size), "i": np.tile(np.arange(size), groups), "y": y.ravel()})
    return table


def two_traits(seed=2, families=20, size=6):
    rng = np.random.default_rng(seed)
    family = np.repeat(np.arange(families), size)
    u = rng.multivariate_normal([0, 0], [[1.0, 0.5], [0.5, 1.0]], families)[family]
    e = rng.multivariate_normal([0, 0], [[2.0, 0.3], [0.3, 1.0]], family.size)
    return pd.DataFrame(
        {"family": family, "block": np.tile(np.arange(size), families), "a": 10 + u[:, 0] + e[:, 0], "b": u[:, 1] + e[:, 1]}
    )


def test_a_variance_at_zero_is_exactly_zero_coded_b_and_certified():
    fit = vc.fit("y ~ 1", random="g", data=one_way(spread=-0.8))
    assert fit.converged
    assert fit.varcomp.loc["g", "component"] == 0.0
    assert fit.varcomp.loc["g", "bound"] == "B"
    assert np.isnan(fit.varcomp.loc["g", "std_error"])
    assert fit.loglik == pytest.approx(vc.fit("y ~ 1", data=one_way(spread=-0.8)).loglik, abs=1e-10)
    assert fit.certificate.multipliers["g"][0] < 0


def test_the_multiplier_is_the_slope_of_loglik_at_zero():
    data = one_way(spread=-0.8)
    fit = vc.fit("y ~ 1", random="g", data=data)
    z = pd.get_dummies(data["g"]).to_numpy(float)
    x, y, s2 = np.ones((len(data), 1)), data["y"].to_numpy(), fit.varcomp.loc["units!R", "component"]
    slope = (dense.loglik(y, x, s2 * np.eye(y.size) + 1e-6 * z @ z.T) - dense.loglik(y, x, s2 * np.eye(y.size))) / 1e-6
    assert fit.certificate.multipliers["g"][0] == pytest.approx(slope * y.var(), rel=1e-3)


def test_loglik_never_falls_and_the_decrement_ends_below_the_tolerance():
    for data, arguments in (
        (one_way(spread=1.0), {"fixed": "y ~ 1", "random": "g"}),
        (two_traits(), {"fixed": "a + b ~ trait", "random": "us(trait):family"}),
        (two_traits(), {"fixed": "a + b ~ trait", "random": "corgh(trait):family + us(trait):block"}),
    ):
        fit = vc.fit(data=data, **arguments)
        path = fit.iterations["loglik"].to_numpy()
        assert fit.converged
        assert np.all(np.diff(path) >= -1e-10 * np.abs(path[1:]))
        assert fit.certificate.newton_decrement < 1e-10


def test_a_copied_response_is_an_unbounded_likelihood_not_a_crash():
    data = two_traits().assign(c=lambda d: 2 * d["a"] + 1)
    fit = vc.fit("a + c ~ trait", random="us(trait):family", data=data)
    assert not fit.converged
    assert "unbounded" in str(fit.status.value)
    with pytest.raises(vc.ConvergenceError, match="unbounded"):
        fit.require_converged()


def test_traits_never_observed_together_leave_the_residual_covariance_without_information():
    data = two_traits()
    odd = np.arange(len(data)) % 2 == 1
    data.loc[odd, "a"], data.loc[~odd, "b"] = np.nan, np.nan
    fit = vc.fit("a + b ~ trait", random="us(trait):family", residual="units:us(trait)", data=data)
    assert fit.converged
    row = "units:trait!trait_b:a"
    assert fit.varcomp.loc[row, "bound"] == "S"
    assert np.isnan(fit.varcomp.loc[row, "std_error"])
    assert any(row in note for note in fit.notes)
    known = fit.varcomp.drop(index=row)
    assert known["std_error"].notna().all()


def test_a_random_term_confounded_with_a_fixed_one_is_named():
    data = two_traits()
    fit = vc.fit("a ~ C(block)", random="block + family", data=data)
    without = vc.fit("a ~ C(block)", random="family", data=data)
    assert fit.converged
    assert fit.loglik == pytest.approx(without.loglik, abs=1e-8)
    assert fit.varcomp.loc["block", "bound"] == "S"
    assert any("block" in note and "fixed" in note for note in fit.notes)


def test_starts_do_not_change_the_optimum():
    data = two_traits()
    arguments = {"fixed": "a + b ~ trait", "random": "us(trait):family + us(trait):block", "residual": "units:us(trait)"}
    reference = vc.fit(data=data, **arguments)
    for scale in (0.01, 0.1, 10.0, 100.0):
        other = vc.fit(data=data, **arguments, control=vc.Control(start_scale=scale))
        assert other.converged
        assert other.loglik == pytest.approx(reference.loglik, abs=1e-8)


def test_a_fixed_parameter_stays_and_tied_ones_agree():
    data = two_traits()
    fit = vc.fit("a ~ 1", random="family", data=data, start={"units!R": 2.0}, bounds={"units!R": "F"})
    assert fit.varcomp.loc["units!R", "component"] == 2.0
    assert fit.varcomp.loc["units!R", "bound"] == "F"
    tied = vc.fit("a ~ 1", random="family + block", data=data, equal=[["family", "block"]])
    assert tied.varcomp.loc["family", "component"] == tied.varcomp.loc["block", "component"]
    assert tied.varcomp.loc["block", "bound"] == "C"
    assert tied.loglik <= vc.fit("a ~ 1", random="family + block", data=data).loglik + 1e-9


def test_a_tied_or_partly_fixed_component_can_end_at_zero():
    data = one_way(spread=-0.8).assign(h=lambda d: d["g"] // 2)
    fit = vc.fit("y ~ 1", random="g + h", data=data, equal=[["g", "h"]])
    assert fit.converged
    assert fit.varcomp.loc["g", "component"] == pytest.approx(0.0, abs=1e-6)


def test_the_iteration_limit_is_a_status():
    fit = vc.fit("a + b ~ trait", random="us(trait):family", data=two_traits(), control=vc.Control(max_iterations=1))
    assert not fit.converged
    assert "iteration limit" in fit.status.value


def test_a_negative_intraclass_correlation_is_found_by_the_residual_form():
    data = one_way(spread=-0.8)
    fit = vc.fit("y ~ 1", residual="id(g):cor(i)", data=data)
    assert fit.converged
    assert fit.varcomp.loc["g:i!i.cor", "component"] < 0
    assert fit.loglik > vc.fit("y ~ 1", random="g", data=data).loglik


def test_six_level_us_matrix_with_singular_optimum_is_certified():
    rng = np.random.default_rng(11)
    gen, env = np.repeat(np.arange(30), 6), np.tile(np.arange(6), 30)
    factor = rng.normal(size=(30, 1)) @ rng.uniform(0.5, 1.5, (1, 6))
    data = pd.DataFrame({"gen": gen, "env": [f"e{i}" for i in env], "y": factor.ravel() + 0.5 * rng.normal(size=gen.size)})
    fit = vc.fit("y ~ env", random="us(env):gen", data=data)
    assert fit.converged
    values = np.linalg.eigvalsh(fit.covariance("env:gen").to_numpy())
    assert values[0] > -1e-10
    assert all(np.all(np.asarray(m) <= 1e-6) for m in fit.certificate.multipliers.values())


def nasty(seed):
    """A small table with chance correlations, 30 % of z missing, and one of six models on it."""
    rng = np.random.default_rng(seed)
    levels = 5 + seed % 4
    gen, env = np.repeat(np.arange(levels), 6), np.tile(np.repeat(list("abc"), 2), levels)
    y = rng.normal(size=gen.size) + rng.normal(size=levels)[gen] * rng.choice([0.0, 0.7])
    z = rng.normal(size=gen.size) + y * rng.choice([0.0, 0.5, -0.9])
    data = pd.DataFrame({"gen": gen, "env": env, "row": rng.integers(0, 4, gen.size), "y": y, "z": z})
    data.loc[rng.random(gen.size) < 0.3, "z"] = np.nan
    models = (
        {"fixed": "y ~ env", "random": "corh(env):gen"},
        {"fixed": "y ~ env", "random": "us(env):gen + row"},
        {"fixed": "y ~ env", "random": "cor(env):gen", "residual": "dsum(~ units | env)"},
        {"fixed": "y + z ~ trait", "random": "us(trait):gen + us(trait):row"},
        {"fixed": "y + z ~ trait", "random": "corh(trait):gen + diag(trait):row"},
        {"fixed": "y ~ env", "random": "corg(env):gen + corv(env):row"},
    )
    return data, models[seed % len(models)]


@pytest.mark.parametrize("seed", [*range(36), 100, 119, 149])
def test_small_unlucky_data_end_in_a_certified_optimum(seed):
    data, model = nasty(seed)
    fit = vc.fit(data=data, **model)
    assert fit.converged
    assert len(fit.iterations) <= 41
    assert np.all(np.diff(fit.iterations["loglik"]) >= -1e-9)
    assert all(np.all(values <= 1e-6) for values in fit.certificate.multipliers.values())
    assert fit.summary() and fit.to_json()


def test_corh_is_tried_from_both_signs_of_the_correlation(monkeypatch):
    rng = np.random.default_rng(29)
    gen, env = np.repeat(np.arange(6), 8), np.tile(np.repeat(list("abcd"), 2), 6)
    data = pd.DataFrame({"gen": gen, "env": env, "y": rng.normal(size=gen.size) + rng.normal(size=6)[gen] * rng.choice([0, 0.7])})
    fit = vc.fit("y ~ env", random="corh(env):gen", data=data)
    for correlation in (-0.25, 0.5):
        other = vc.fit("y ~ env", random="corh(env):gen", data=data, start={"env:gen!env.cor": correlation})
        assert other.loglik <= fit.loglik + 1e-6
    monkeypatch.setattr("vcmodel.reml.further_starts.SMALL", 0)
    assert vc.fit("y ~ env", random="corh(env):gen", data=data).loglik < fit.loglik - 0.5


@pytest.mark.parametrize("seed", range(8))
def test_a_trait_seen_three_times_ends_in_a_status_not_in_a_stall(seed):
    data = two_traits()
    rng = np.random.default_rng(seed)
    seen = rng.choice(len(data), 3, replace=False)
    data["b"] = data["b"].where(data.index.isin(seen))
    fit = vc.fit("a + b ~ trait", random="us(trait):family", residual="units:us(trait)", data=data)
    assert fit.status.name in ("CONVERGED", "RESIDUAL_BOUNDARY", "UNBOUNDED")
    assert len(fit.iterations) <= 60


def test_traits_on_scales_twelve_orders_apart_give_the_same_correlation():
    data = two_traits()
    fit = vc.fit("a + b ~ trait", random="us(trait):family", data=data)
    scaled = vc.fit("a + b ~ trait", random="us(trait):family", data=data.assign(a=data["a"] * 1e-6, b=data["b"] * 1e6))
    assert scaled.loglik == pytest.approx(fit.loglik, abs=1e-8)
    assert scaled.correlation("family").iloc[0, 1] == pytest.approx(fit.correlation("family").iloc[0, 1], rel=1e-8)


def test_a_variance_fixed_at_zero_stays_exactly_zero():
    data = two_traits()
    fit = vc.fit("a ~ 1", random="family", data=data, start={"family": 0.0}, bounds={"family": "F"})
    assert fit.varcomp.loc["family", "component"] == 0.0
    assert fit.loglik == pytest.approx(vc.fit("a ~ 1", data=data).loglik, abs=1e-10)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"fixed": "twice ~ a", "random": "family"}, "'twice' is explained exactly by the fixed effects"),
        ({"fixed": "flat ~ C(block)", "random": "family", "residual": "dsum(~ units | block)"}, "residual section block_0"),
        ({"fixed": "a ~ 1", "random": "family", "bounds": {"family": "F"}}, "no value is given; add start="),
        ({"fixed": "a ~ 1", "random": "family", "start": {"famly": 1.0}}, "did you mean 'family'"),
        ({"fixed": "a ~ 1", "random": "family", "start": {"family": -1.0}}, "'family' = -1, but a variance is >= 0"),
        ({"fixed": "a ~ 1", "random": "family", "start": {"family": "much"}}, "not a finite number"),
        ({"fixed": "a ~ 1", "random": "family", "bounds": {"family": "X"}}, "the codes are 'P'"),
        ({"fixed": "a ~ 1", "random": "family", "bounds": {"family": "U"}}, "negative residual correlation"),
        ({"fixed": "a ~ 1", "random": "family", "equal": [["family"]]}, "at least two"),
        ({"fixed": "a ~ 1", "random": "corv(block):family", "equal": [["block:family", "block:family!block.cor"]]}, "of one kind"),
        ({"fixed": "a ~ 1", "random": "family", "equal": [["family", "units!R"], ["family", "units!R"]]}, "stands in two groups"),
    ],
)  # fmt: skip
def test_wishes_that_cannot_be_had_are_refused_with_the_remedy(arguments, words):
    data = two_traits()
    data["twice"] = 2 * data["a"] + 1
    data["flat"] = data["a"].where(data["block"] != 0, 3.0)
    with pytest.raises(vc.VcmodelError, match="(?s).*" + re.escape(words)):
        vc.fit(data=data, **arguments)
