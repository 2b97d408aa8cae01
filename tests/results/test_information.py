import dense
import numpy as np
import pandas as pd
import pytest
from example_fits import oats, sleep_like, zero_variance

import vcmodel as vc
from vcmodel.results import information as module
from vcmodel.results.comparable import entries
from vcmodel.results.information import information


def sites(seed=2):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"f": np.repeat(np.arange(12), 6).astype(str), "site": np.tile(list("ABC"), 24)})
    u = rng.normal(size=12)[table["f"].astype(int)]
    table = table.assign(a=u + rng.normal(size=72), b=10 * u + 10 * rng.normal(size=72))
    return table.mask(pd.DataFrame({name: rng.random(72) < 0.1 * (name == "b") for name in table}))


def expected(fit, directions):
    """1/2 tr(P V_i P V_j) at the estimate by dense matrices."""
    design, n_random = fit.estimate.design, len(fit.estimate.design.terms)
    sigmas = [part.sigma for part in fit.estimate.point]
    p = dense.projection(dense.covariance(design, sigmas[:n_random], sigmas[n_random:]), dense.fixed_matrix(design))
    products = []
    for c, own in enumerate(directions):
        for direction in own:
            moved = [direction if i == c else np.zeros_like(sigma) for i, sigma in enumerate(sigmas)]
            products.append(p @ dense.covariance(design, moved[:n_random], moved[n_random:]))
    return 0.5 * np.array([[np.sum(one * other.T) for other in products] for one in products])


FITS = [
    lambda: vc.fit("yield ~ gen", random="block + block:gen", data=oats()),
    lambda: vc.fit("a + b ~ trait", "us(trait):f", "units:us(trait)", sites()),
    lambda: vc.fit("a ~ site", "corv(site):f", data=sites()),
    lambda: vc.fit("a ~ site", "diag(site):f", "dsum(~ units | site)", data=sites()),
    lambda: vc.fit("y ~ x", "str(~ s + s:lin(x), ~ us(2):id(s))", data=sleep_like()),
    zero_variance,
]


@pytest.mark.parametrize("make", FITS)
def test_expected_information(make):
    fit = make()
    directions = [entries(component.structure) for component in fit.estimate.components]
    found, right = information(fit.estimate, directions), expected(fit, directions)
    scale = np.sqrt(np.diag(right))
    # singular matrices are looked at from inside, two hundredths of a standard error away
    np.testing.assert_allclose(found / np.outer(scale, scale), right / np.outer(scale, scale), atol=0.05)


def test_the_equations_are_left_at_the_estimate():
    fit = vc.fit("a + b ~ trait", "us(trait):f", "units:us(trait)", sites())
    before = fit.wald(), fit.random_effects("f"), fit.estimate.equations.loglik
    information(fit.estimate, [entries(component.structure) for component in fit.estimate.components])
    pd.testing.assert_frame_equal(before[0], fit.wald(), rtol=0)
    pd.testing.assert_frame_equal(before[1], fit.random_effects("f"), rtol=0)
    assert fit.estimate.equations.loglik == before[2] == fit.loglik


def test_many_observations_are_given_the_average_information(monkeypatch):
    monkeypatch.setattr(module, "EXPECTED", 100)
    fit = vc.fit("yield ~ gen", random="block + block:gen", data=oats())
    found = information(fit.estimate, [entries(component.structure) for component in fit.estimate.components])
    covariance = np.linalg.inv(found)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), fit.varcomp["std_error"], rtol=1e-6)
