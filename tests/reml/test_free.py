"""A search without constraints: the system of the free coordinates, and what it leaves."""

from __future__ import annotations

import numpy as np
from reml.surfaces import Surface, at_zero, component, quadratic, search_on

from vcmodel.reml.status import Status

COMPONENTS = (component("diag", 2), component("idv", residual=True))
TARGETS = [np.diag([2.0, -1.0]), np.eye(1)]


def test_the_system_is_that_of_the_free_coordinates():
    search = at_zero(quadratic(TARGETS), COMPONENTS, [np.diag([1.0, 0.0]), 2.0])
    assert search.begin()
    free = ~search.active_set.held
    assert list(free) == [True, False, True]
    derivatives = search.derivatives
    step = search.system().step(0.0)
    expected = np.linalg.solve(derivatives.hessian[np.ix_(free, free)], derivatives.score[free])
    assert np.allclose(search.active_set.transform @ step, np.array([expected[0], 0.0, expected[1]]))


def test_every_free_coordinate_is_estimated():
    search = search_on(quadratic(TARGETS), COMPONENTS, [np.eye(2), 2.0])
    assert search.begin()
    assert search.estimated_transform() is search.active_set.transform


def test_a_certified_boundary_and_no_saddle_are_a_maximum():
    search = at_zero(quadratic(TARGETS), COMPONENTS, [np.diag([2.0, 0.0]), 1.0])
    assert search.begin()
    found = search.leave()
    assert not found.left
    assert found.obstacle is None
    assert found.weakest > 0.0


def test_a_boundary_that_is_not_certified_stays_so_where_the_saddle_probe_finds_nothing():
    equations = Surface(
        lambda s: -0.5 * (s[1][0, 0] - 1.0) ** 2 - 3.0 * s[0][1, 1] - 0.5 * (s[0][0, 0] - 2.0) ** 2,
        lambda s: [None if s[0][1, 1] < 1e-3 else np.diag([2.0 - s[0][0, 0], -3.0]), 1.0 - s[1]],
    )
    search = at_zero(equations, COMPONENTS, [np.diag([2.0, 0.0]), 1.0])
    assert search.begin()
    found = search.leave()
    assert not found.left
    assert found.obstacle is Status.UNCERTIFIED
