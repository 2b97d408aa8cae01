"""The end of a constrained search: small scales to zero, and off a point that is no maximum."""

from __future__ import annotations

import numpy as np
import pytest
from reml.surfaces import Surface, component, quadratic, search_on

from vcmodel.reml.departure import depart, settle
from vcmodel.reml.iterate import maximise
from vcmodel.reml.status import Status

COMPONENTS = (component("corgh", 2), component("idv", residual=True))
HELD = {"start": {"g!f_b:a.cor": 0.0}, "bounds": {"g!f_b:a.cor": "F"}}


def standing(target, sigma, equations=None):
    search = search_on(equations or quadratic([target, np.eye(1)]), COMPONENTS, [sigma, 1.0], **HELD)
    assert search.begin()
    return search


def test_a_scale_that_is_nearly_zero_is_put_there():
    search = standing(np.diag([1.0, 0.0]), np.diag([1.0, 1e-10]))
    assert settle(search, search.equalities)
    assert search.point[0].sigma[1, 1] == 0.0
    assert search.equations.sigmas[0][1, 1] == 0.0


def test_a_scale_that_is_not_stays():
    search = standing(np.diag([1.0, 0.01]), np.diag([1.0, 0.01]))
    before = search.point
    assert not settle(search, search.equalities)
    assert search.point is before


def test_it_is_left_where_logl_would_fall():
    step = Surface(lambda s: -1.0 if s[0][1, 1] == 0.0 else 0.0, lambda s: [np.zeros((2, 2)), np.zeros((1, 1))])
    search = standing(None, np.diag([1.0, 1e-10]), step)
    assert not settle(search, search.equalities)
    assert search.equations.sigmas[0][1, 1] > 0.0


def test_a_scale_leaves_zero_for_a_higher_point():
    search = standing(np.diag([1.0, 4.0]), np.diag([1.0, 0.0]))
    found = depart(search, search.equalities)
    assert found.left
    assert search.point[0].sigma[1, 1] > 0.0
    assert search.equations.loglik == search.loglik


def test_a_maximum_is_not_left():
    search = standing(np.diag([1.0, 4.0]), np.diag([1.0, 4.0]))
    before = search.loglik
    found = depart(search, search.equalities)
    assert not found.left
    assert found.weakest > 0.0
    assert search.loglik == before == search.equations.loglik


@pytest.mark.parametrize("start", [1.0, 0.0])
def test_the_fit_ends_at_the_maximum_of_the_held_model(start):
    search = search_on(quadratic([np.array([[1.0, 0.7], [0.7, 4.0]]), np.eye(1)]), COMPONENTS, [np.diag([2.0, start]), 1.0], **HELD)
    assert maximise(search).status is Status.CONVERGED
    assert np.allclose(search.point[0].sigma, np.diag([1.0, 4.0]), atol=1e-4)
