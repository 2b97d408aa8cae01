"""Residuals unit by unit: what bends their matrices."""

import numpy as np
import pandas as pd
import pytest

import vcmodel as vc
from vcmodel.reml.likelihood import differentiate


def series(rng, units=8, length=15, rho=0.8):
    """Units of an autoregression, with a common mean."""
    at = np.arange(length)
    root = np.linalg.cholesky(rho ** np.abs(at[:, None] - at))
    values = rng.normal(size=(units, length)) @ root.T
    return pd.DataFrame({"unit": np.repeat(np.arange(units), length), "time": np.tile(at, units), "y": values.ravel()})


@pytest.mark.parametrize("seed", range(5))
def test_the_curvature_of_an_autoregression_is_near_the_observed_one(seed):
    """AI - curvature against second differences of logL; the average information alone, or with D d2Sigma only, is further away."""
    fit = vc.fit("y ~ 1", residual="id(unit):ar1(time)", data=series(np.random.default_rng(seed)))
    equations, point = fit.estimate.equations, fit.estimate.point
    part, at, h = point[0], point.vector(), 1e-3

    def score(vector):
        moved = point.moved(vector)
        assert equations.update(moved.parts)
        return equations.derivatives(moved[0]).score

    observed = -np.array([(score(at + move) - score(at - move)) / (2.0 * h) for move in h * np.eye(2)])
    assert equations.update(point.parts)
    derivatives = differentiate(equations, point, [True], [None])
    gradient = equations.derivatives(part).gradient
    only_bent = derivatives.information - part.chart.curvature(part.phi, gradient)
    angle = int(np.flatnonzero(part.chart.bent())[0])
    errors = [abs(h[angle, angle] / observed[angle, angle] - 1.0) for h in (derivatives.hessian, derivatives.information, only_bent)]
    assert errors[0] < 0.02
    assert errors[0] == min(errors)
