"""How the maximum is reached: few iterations from default starts, never downhill, the same place from bad starts."""

from __future__ import annotations

import numpy as np
import pytest
from golden.preparation import IDS, NOT_SHIPPED, fit, fitted, golden, missing_features, shared_folder

import vcmodel as vc

FEW, SHARE_OF_CASES, MANY = 10, 0.9, 40


def runnable(case):
    """Whether language and data of a case are here."""
    recipe = golden(case)["data"]
    return not missing_features(case) and (recipe["name"] not in NOT_SHIPPED or shared_folder() is not None)


RUNNABLE = tuple(case for case in IDS if runnable(case))


def accepted(fitted_model):
    """Number of accepted steps: the first row of the table is the starting point."""
    return len(fitted_model.iterations) - 1


def test_few_iterations_from_default_starts():
    counts = {case: accepted(fitted(case)) for case in RUNNABLE}
    slow = {case: count for case, count in counts.items() if count > FEW}
    assert len(slow) <= (1 - SHARE_OF_CASES) * len(counts), f"{len(slow)} of {len(counts)} cases take more than {FEW}: {slow}"


@pytest.mark.parametrize("case", RUNNABLE)
def test_loglik_never_falls(case):
    path = fitted(case).iterations["loglik"].to_numpy()
    assert path.size >= 1
    assert np.all(np.diff(path) >= -1e-9 * np.abs(path[1:])), path
    assert path[-1] == pytest.approx(fitted(case).loglik, rel=1e-9)


@pytest.mark.parametrize("scale", [0.1, 10.0])
@pytest.mark.parametrize("case", RUNNABLE)
def test_bad_starts_reach_the_same_maximum(case, scale):
    far = fit(case, control=vc.Control(start_scale=scale))
    assert far.converged, far.status.value
    assert far.loglik == pytest.approx(fitted(case).loglik, abs=1e-6)
    assert accepted(far) <= MANY
