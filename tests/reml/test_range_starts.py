"""Starting ranges: where subjects were seen at times of their own, the nearest times of all of them say nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import vcmodel as vc


def series(units=10, length=12, span=3.0):
    """Subjects at irregular times of their own, exponential within them."""
    rng = np.random.default_rng(2)
    times = np.sort(rng.uniform(0.0, 25.0, (units, length)), axis=1)
    roots = [np.linalg.cholesky(np.exp(-((t[:, None] - t) ** 2) / span**2) + 0.2 * np.eye(length)) for t in times]
    values = [root @ rng.normal(size=length) for root in roots]
    return pd.DataFrame({"unit": np.repeat(np.arange(units), length), "time": times.ravel(), "y": np.ravel(values)})


def test_a_range_far_from_that_of_the_nearest_places_is_found():
    data, model = series(), {"random": "units", "residual": "id(unit):gau(time)"}
    fit = vc.fit("y ~ 1", data=data, **model)
    near = fit.function("range(`unit:time!time.pow`)")
    assert fit.converged and abs(near.estimate - 3.0) < 4.0 * near.std_error
    estimate = fit.estimate
    started = estimate.start_theta[1][1], estimate.components[1].structure.parameters[1]
    assert started[1].span(started[0]) > 0.3  # the nearest times of all subjects are 0.05 apart
    told = vc.fit("y ~ 1", data=data, start={"unit:time!time.pow": np.exp(-1.0 / 9.0)}, **model)
    assert told.loglik == pytest.approx(fit.loglik, abs=1e-7)


def test_what_the_user_started_stays():
    start = {"unit:time!time.pow": 0.3}
    fit = vc.fit("y ~ 1", residual="id(unit):exp(time)", data=series(), start=start, bounds=dict.fromkeys(start, "F"))
    assert fit.varcomp.loc["unit:time!time.pow", "component"] == pytest.approx(0.3)
    assert fit.varcomp.loc["unit:time!time.pow", "bound"] == "F"
