"""Residuals at their boundary: logL and the estimates are those of the limit, in closed form or from the dense oracle."""

from __future__ import annotations

import dense
import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar

import vcmodel as vc
from vcmodel.reml.bounds import RESIDUAL_BOUNDS

pytestmark = pytest.mark.filterwarnings("ignore::vcmodel.ConvergenceWarning")


def families(n_sires, n_offspring, seed=1):
    """Half-sib families of two full-sib families each, which differ by more than an additive variance explains: pedigree, records."""
    rng = np.random.default_rng(seed)
    n = n_sires * 2 * n_offspring
    sire, dam = np.arange(n) // (2 * n_offspring), np.arange(n) // n_offspring
    pedigree = pd.DataFrame({"id": [f"a{i}" for i in range(n)], "sire": [f"s{i}" for i in sire], "dam": [f"d{i}" for i in dam]})
    age = rng.normal(size=n)
    y = 10 + 0.5 * age + rng.normal(0, 1.3, n_sires)[sire] + rng.normal(0, 1.3, 2 * n_sires)[dam] + rng.normal(0, 0.8, n)
    return pedigree, pd.DataFrame({"animal": pedigree["id"], "age": age, "y": y})


def supremum(records, n_sires, n_offspring, weights=None):
    """logL and the variance where the residual variance is zero, V = v A in blocks by sire."""
    size = 2 * n_offspring
    a = 0.25 + 0.25 * np.kron(np.eye(2), np.ones((n_offspring, n_offspring))) + 0.5 * np.eye(size)
    root = np.linalg.cholesky(a)
    white = lambda v: np.linalg.solve(root, np.asarray(v, float).reshape(n_sires, size).T).T.ravel()  # noqa: E731
    x, y = np.c_[white(np.ones(len(records))), white(records["age"])], white(records["y"])
    q, r = np.linalg.qr(x)
    n = len(y) - 2
    variance = np.sum((y - q @ (q.T @ y)) ** 2) / n
    loglik = -n_sires * np.log(np.diag(root)).sum() - np.log(np.abs(np.diag(r))).sum() - 0.5 * n * (np.log(variance) + 1)
    return loglik, variance


@pytest.mark.parametrize(("n_sires", "n_offspring"), [(5, 4), (100, 15), (1000, 15)])
def test_a_residual_variance_at_zero_gives_the_supremum_whatever_the_number_of_records(n_sires, n_offspring):
    pedigree, records = families(n_sires, n_offspring)
    fit = vc.fit("y ~ age", random="vm(animal, A)", data=records, known={"A": vc.Pedigree(pedigree)})
    loglik, variance = supremum(records, n_sires, n_offspring)
    assert fit.status.name == "RESIDUAL_BOUNDARY"
    assert fit.converged
    assert fit.loglik == pytest.approx(loglik, abs=2e-6)
    assert fit.varcomp["component"].tolist() == [pytest.approx(variance, rel=1e-6), 0.0]
    assert fit.varcomp["bound"].tolist() == ["P", "B"]
    assert fit.varcomp.loc["vm(animal, A)", "std_error"] == pytest.approx(variance * np.sqrt(2 / (len(records) - 2)), rel=1e-4)


def test_two_traits_without_residual_give_the_supremum():
    pedigree, records = families(12, 5)
    records["z"] = 0.4 * records["y"] + np.random.default_rng(2).normal(size=len(records)).cumsum() * 0.05
    records["z"] += np.random.default_rng(6).normal(0, 2, 24)[np.arange(len(records)) // 5]
    fit = vc.fit("y + z ~ trait", random="us(trait):vm(animal, A)", data=records, known={"A": vc.Pedigree(pedigree)})
    a = 0.25 + 0.25 * np.kron(np.eye(2), np.ones((5, 5))) + 0.5 * np.eye(10)
    white = np.linalg.inv(np.linalg.cholesky(np.kron(np.eye(12), a)))
    x, y = white @ np.ones(len(records)), white @ records[["y", "z"]].to_numpy()
    rest = y - np.outer(x, x @ y) / (x @ x)
    n = len(records) - 1
    sigma = rest.T @ rest / n
    loglik = 2 * np.linalg.slogdet(white)[1] - np.log(x @ x) - 0.5 * n * (np.linalg.slogdet(sigma)[1] + 2)
    assert fit.status.name == "RESIDUAL_BOUNDARY"
    assert fit.loglik == pytest.approx(loglik, abs=1e-5)
    assert fit.covariance("animal").to_numpy() == pytest.approx(sigma, rel=1e-5)
    assert (fit.covariance("residual").to_numpy() == 0.0).all()


def test_a_relationship_close_to_singular_is_followed_to_lower_bounds():
    rng = np.random.default_rng(3)
    n = 60
    root = rng.normal(size=(n, 20)) / np.sqrt(20)
    k = root @ root.T + 3e-6 * np.eye(n)  # the bound of the first try, 1e-6, is not small beside 3e-6
    y = 5 + np.linalg.cholesky(k) @ rng.normal(size=n)
    labels = [str(i) for i in range(n)]
    data = pd.DataFrame({"g": labels, "y": y})
    fit = vc.fit("y ~ 1", random="vm(g, K)", data=data, known={"K": pd.DataFrame(k, index=labels, columns=labels)})

    def loglik(residual):
        v = k + residual * np.eye(n)
        half = np.linalg.cholesky(v)
        wx, wy = np.linalg.solve(half, np.ones((n, 1))), np.linalg.solve(half, y)
        rest = wy - wx[:, 0] * (wx[:, 0] @ wy) / (wx[:, 0] @ wx[:, 0])
        return dense.loglik(y, np.ones((n, 1)), v * (rest @ rest) / (n - 1))

    ratios = np.r_[0.0, np.logspace(-12, -3, 40)]
    best = ratios[np.argmax([loglik(r) for r in ratios])]
    inner = minimize_scalar(lambda r: -loglik(r), bounds=(0.0, 3 * best + 1e-12), method="bounded", options={"xatol": 1e-16})
    assert fit.converged
    assert fit.loglik == pytest.approx(max(loglik(0.0), -inner.fun), abs=1e-5)
    assert RESIDUAL_BOUNDS[0] ** 2 > inner.x


def test_two_traits_with_one_mean_have_their_maximum_far_inside():
    rng = np.random.default_rng(5)
    family = np.arange(100) // 5
    g, e = rng.normal(size=(20, 2)), rng.normal(size=(100, 2))
    data = pd.DataFrame({"f": family, "a": 365 + 10 * g[family, 0] + 20 * e[:, 0], "b": 3.2 + 0.06 * g[family, 1] + 0.1 * e[:, 1]})
    fit = vc.fit("a + b ~ 1", random="us(trait):f", residual="units:us(trait)", data=data)
    assert fit.status.name == "CONVERGED"
    design, estimate = fit.estimate.design, fit.estimate
    sigmas = [part.sigma for part in estimate.point]
    assert fit.loglik == pytest.approx(dense.design_loglik(design, sigmas[:1], sigmas[1:]), abs=1e-6)
    assert fit.varcomp.loc["units:trait!trait_b:b", "component"] == pytest.approx(0.01, rel=0.5)


def test_a_response_constant_within_a_factor_is_unbounded_however_far_the_bound_goes():
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"line": np.arange(120) // 4, "y": np.repeat(rng.normal(size=30), 4)})
    fit = vc.fit("y ~ 1", random="line", data=data)
    assert fit.status.name == "UNBOUNDED"
    assert not fit.converged


@pytest.mark.parametrize("tolerance", [1000.0, 1.0, 1e-3])
def test_no_tolerance_certifies_what_is_no_maximum(tolerance):
    data = vc.datasets.load("seed_rcbd_bivariate")
    model = vc.Model("bden + veloc ~ trait", "us(trait):Block + us(trait):Family", "units:us(trait)")
    fit = model.fit(data, control=vc.Control(tolerance=tolerance))
    assert not fit.converged or abs(fit.loglik - model.fit(data).loglik) < 1e-6
    if not fit.converged:
        assert fit.status.name == "TOLERANCE"
        assert "tolerance" in fit.status.value


@pytest.mark.parametrize("change", [1e-3, 1e-4])
def test_a_start_beside_the_maximum_is_not_certified_without_a_step(change):
    data = vc.datasets.load("oats")
    fit = vc.fit("yield ~ gen", random="block", data=data)
    start = dict(zip(fit.varcomp.index, fit.varcomp["component"] + change * fit.varcomp["std_error"], strict=True))
    for tolerance in (1e-10, 1.0):
        stopped = vc.fit("yield ~ gen", random="block", data=data, start=start, control=vc.Control(max_iterations=0, tolerance=tolerance))
        assert not stopped.converged
    start = dict(zip(fit.varcomp.index, fit.varcomp["component"], strict=True))
    assert vc.fit("yield ~ gen", random="block", data=data, start=start, control=vc.Control(max_iterations=0)).converged


def test_with_every_parameter_fixed_nothing_was_estimated():
    data = vc.datasets.load("oats")
    start = {"block": 200.0, "units!R": 300.0}
    fit = vc.fit("yield ~ gen", random="block", data=data, start=start, bounds=dict.fromkeys(start, "F"))
    assert fit.status.name == "FIXED"
    assert "nothing was estimated" in fit.notes[0]
    assert fit.n_parameters == 0


@pytest.mark.parametrize("residual", ["us", "diag", "corgh", "corh"])
@pytest.mark.parametrize("random", ["us", "diag", "corh"])
def test_the_logl_of_a_singular_residual_is_that_of_the_reported_matrices(random, residual):
    pedigree, records = families(6, 4, seed=3)
    noise = np.random.default_rng(4)
    records["z"] = noise.normal(0, 2, 12)[np.arange(len(records)) // 4] + 0.5 * records["y"] + noise.normal(0, 0.3, len(records))
    records.loc[noise.random(len(records)) < 0.2, "z"] = np.nan
    records["w"] = noise.uniform(0.5, 2.0, len(records))
    known = {"A": vc.Pedigree(pedigree)}
    fit = vc.fit("y + z ~ trait", f"{random}(trait):vm(animal, A)", f"units:{residual}(trait)", records, known=known, weights="w")
    assert fit.status.name == "RESIDUAL_BOUNDARY"
    sigmas = [fit.covariance(term).to_numpy() for term in fit.terms]
    assert np.linalg.eigvalsh(sigmas[1])[0] < 1e-12
    assert fit.loglik == pytest.approx(dense.design_loglik(fit.estimate.design, sigmas[:1], sigmas[1:]), abs=2e-6)


def test_one_section_without_residual_gives_the_supremum():
    pedigree, records = families(8, 4, seed=5)
    records["site"] = np.where(np.arange(len(records)) % 3 == 0, "S", "N")
    records.loc[records["site"] == "S", "y"] += np.random.default_rng(1).normal(0, 1.5, len(records))[records["site"] == "S"]
    fit = vc.fit("y ~ age", "vm(animal, A)", "dsum(~ units | site)", records, known={"A": vc.Pedigree(pedigree)})
    assert fit.status.name == "RESIDUAL_BOUNDARY"
    assert fit.varcomp["bound"].tolist() == ["P", "B", "P"]
    sigmas = [fit.covariance(term).to_numpy() for term in fit.terms]
    assert fit.loglik == pytest.approx(dense.design_loglik(fit.estimate.design, sigmas[:1], sigmas[1:]), abs=2e-6)
