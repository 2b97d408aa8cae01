"""A saddle is left, a maximum is not."""

from __future__ import annotations

import numpy as np
import pytest
from reml.surfaces import Surface, component, quadratic, search_on

from vcmodel.reml.iterate import maximise
from vcmodel.reml.saddle import leave_saddle
from vcmodel.reml.status import Status

MATRICES = (component("us", 2), component("idv", residual=True))
AT_ZERO = ([[1.0, 0.0], [0.0, 1.0]], 1.0)


def two_hills(rise, bend=4.0):
    """LogL = -((v1 - 1)^2 + (v2 - 1)^2 + (residual - 1)^2)/2 + rise c^2/2 - bend c^4/4: stationary at covariance c = 0."""

    def loglik(s):
        c = s[0][0, 1]
        return -0.5 * np.sum((np.diag(s[0]) - 1.0) ** 2) - 0.5 * (s[1][0, 0] - 1.0) ** 2 + 0.5 * rise * c**2 - 0.25 * bend * c**4

    def gradients(s):
        c = s[0][0, 1]
        slope = 0.5 * (rise * c - bend * c**3)
        return [np.diag(1.0 - np.diag(s[0])) + slope * np.array([[0.0, 1.0], [1.0, 0.0]]), 1.0 - s[1]]

    return Surface(loglik, gradients)


def standing(equations, sigmas=AT_ZERO):
    search = search_on(equations, MATRICES, sigmas)
    assert search.begin()
    return search


def test_a_saddle_is_left_for_a_higher_point():
    search = standing(two_hills(1.0))
    found = leave_saddle(search)
    assert found.left
    assert found.weakest < 0.0
    assert search.loglik > 0.0
    assert search.equations.loglik == search.loglik


def test_a_maximum_is_not_left_and_its_curvature_is_told():
    search = standing(two_hills(-1.0, 0.0))
    found = leave_saddle(search)
    assert not found.left
    # along the covariance logL falls by c^2/2, and the average information of the pair of entries is 2
    assert found.weakest == pytest.approx(0.5, rel=1e-3)
    assert np.allclose(search.equations.sigmas[0], np.eye(2))


def test_the_probe_uses_one_score_and_no_average_information():
    equations = two_hills(-1.0, 0.0)
    search = standing(equations)
    _ = search.derivatives
    before = dict(equations.calls)
    leave_saddle(search)
    assert equations.calls["derivatives"] - before["derivatives"] == len(MATRICES)
    assert equations.calls["information"] == before["information"]
    assert equations.calls["update"] - before["update"] == 2  # there and back


def test_a_fit_that_starts_on_a_saddle_ends_on_a_hill():
    search = search_on(two_hills(1.0), MATRICES, AT_ZERO)
    end = maximise(search)
    assert end.status is Status.CONVERGED
    assert abs(search.point[0].sigma[0, 1]) == pytest.approx(0.5, abs=1e-4)  # c^2 = rise / bend
    assert end.weakest > 0.0


def test_without_a_free_coordinate_there_is_nothing_to_probe():
    fixed = search_on(quadratic([np.eye(1)]), (component("idv", residual=True),), [1.0], start={"units!R": 1.0}, bounds={"units!R": "F"})
    assert fixed.begin()
    found = leave_saddle(fixed)
    assert not found.left
    assert np.isnan(found.weakest)
