"""Constrained optima against a dense likelihood under a general-purpose optimiser, from several starts."""

from __future__ import annotations

import dense
import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

import vcmodel as vc

COR = "trait:Family!trait_y2:y1.cor"
ERROR_COR = "units:trait!trait_y2:y1.cor"
V1, V2 = "trait:Family!trait_y1:y1", "trait:Family!trait_y2:y2"


def data(seed, genetic):
    """Two traits of 12 families with 4 plants each; `genetic` is a root of the family matrix."""
    rng = np.random.default_rng(seed)
    family = np.repeat(np.arange(12), 4)
    y = (rng.normal(size=(12, 2)) @ np.asarray(genetic).T)[family] + rng.normal(size=(48, 2)) @ [[1.4, 0.3], [0.0, 1.0]]
    return pd.DataFrame({"Family": family, "y1": y[:, 0], "y2": y[:, 1]})


def angle_root(x):
    """Sigma (2, 2) from two standard deviations and an angle: regular at zero variances and at a correlation of one."""
    root = np.array([[x[0], 0.0], [x[1] * np.cos(x[2]), x[1] * np.sin(x[2])]])
    return root @ root.T


def best_dense(fit, equations):
    """The highest dense logL over both matrices that solves `equations` (a function of scales and angles); SLSQP from several starts."""
    design, best = fit.estimate.design, -np.inf
    x, zero = dense.fixed_matrix(design), np.zeros((2, 2))
    units = [np.array(unit, dtype=float) for unit in ([[1, 0], [0, 0]], [[0, 1], [1, 0]], [[0, 0], [0, 1]])]
    parts = [dense.covariance(design, [unit], [zero]) for unit in units] + [dense.covariance(design, [zero], [unit]) for unit in units]
    basis = np.array(parts).reshape(6, -1)

    def negative(at):
        entries = np.concatenate([angle_root(at[:3])[np.tril_indices(2)], angle_root(at[3:])[np.tril_indices(2)]])
        try:
            return -dense.loglik(design.y, x, (entries @ basis).reshape(design.y.size, -1))
        except np.linalg.LinAlgError:
            return 1e6

    for start in range(5):
        rng = np.random.default_rng(start)
        x0 = np.concatenate([rng.uniform(0.1, 1.2, 2), rng.uniform(0.2, 2.9, 1), rng.uniform(0.8, 1.6, 2), rng.uniform(0.8, 2.3, 1)])
        bounds = [(0, 5), (0, 5), (0, np.pi), (0.1, 5), (0.1, 5), (0.1, 3.0)]
        options = {"maxiter": 80, "ftol": 1e-11}
        found = minimize(negative, x0, method="SLSQP", bounds=bounds, constraints={"type": "eq", "fun": equations}, options=options)
        if np.max(np.abs(equations(found.x))) < 1e-7:
            best = max(best, -found.fun)
    return best


CASES = {
    "held correlation": ("corgh", "us", {"start": {COR: 0.6}, "bounds": {COR: "F"}}, lambda x: [np.cos(x[2]) - 0.6]),
    "correlation held at one": ("corgh", "us", {"start": {COR: 1.0}, "bounds": {COR: "F"}}, lambda x: [x[2]]),
    "equal correlations": ("corgh", "corgh", {"equal": [[COR, ERROR_COR]]}, lambda x: [np.cos(x[2]) - np.cos(x[5])]),
    "equal variances": ("us", "us", {"equal": [[V1, V2]]}, lambda x: [x[0] - x[1]]),
    "variance held at zero": ("us", "us", {"start": {V2: 0.0}, "bounds": {V2: "F"}}, lambda x: [x[1]]),
    "held covariance": (
        "us",
        "us",
        {"start": {"trait:Family!trait_y2:y1": 0.4}, "bounds": {"trait:Family!trait_y2:y1": "F"}},
        lambda x: [x[0] * x[1] * np.cos(x[2]) - 0.4],
    ),
    "equal variances across terms": ("us", "us", {"equal": [[V1, "units:trait!trait_y1:y1"]]}, lambda x: [x[0] - x[3]]),
}


NEAR_ONE, ONE_VARIANCE = [[0.5, 0.0], [0.5, 0.05]], [[0.6, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    ("name", "genetic"),
    [*((name, ONE_VARIANCE) for name in CASES if name != "held covariance"), ("held covariance", NEAR_ONE), ("equal variances", NEAR_ONE)],
)
def test_a_constrained_fit_reaches_the_dense_optimum(name, genetic):
    general, residual, wish, equations = CASES[name]
    fit = vc.fit("y1 + y2 ~ trait", f"{general}(trait):Family", f"units:{residual}(trait)", data(7, genetic), **wish)
    assert fit.converged
    matrices = [fit.covariance("Family").to_numpy()], [fit.covariance("residual").to_numpy()]
    assert dense.design_loglik(fit.estimate.design, *matrices) == pytest.approx(fit.loglik, abs=1e-8)
    assert fit.loglik >= best_dense(fit, lambda x: np.array(equations(x))) - 1e-5
