"""A search along constraints: where it begins, and what it looks at from inside."""

from __future__ import annotations

import numpy as np
import pytest
from reml.surfaces import component, quadratic, search_on

import vcmodel as vc
from vcmodel.reml.constrained import ConstrainedSearch
from vcmodel.reml.free import FreeSearch
from vcmodel.reml.iterate import maximise

COMPONENTS = (component("us", 2), component("idv", residual=True))
TARGETS = [np.array([[2.0, 0.9], [0.9, 1.0]]), np.eye(1)]
HELD = {"start": {"g!f_a:a": 5.0}, "bounds": {"g!f_a:a": "F"}}


def test_a_search_is_constrained_where_something_is_held_or_tied():
    free = search_on(quadratic(TARGETS), COMPONENTS, [np.eye(2), 1.0])
    held = search_on(quadratic(TARGETS), COMPONENTS, [np.eye(2), 1.0], **HELD)
    assert isinstance(free, FreeSearch)
    assert isinstance(held, ConstrainedSearch)


def test_it_begins_on_its_constraints():
    search = search_on(quadratic(TARGETS), COMPONENTS, [np.eye(2), 1.0], **HELD)
    assert search.begin()
    assert search.point[0].sigma[0, 0] == pytest.approx(5.0)
    assert search.start is search.point


def test_it_stays_on_them_and_finds_the_best_point_there():
    search = search_on(quadratic(TARGETS), COMPONENTS, [np.eye(2), 1.0], **HELD)
    assert maximise(search).status.converged
    assert np.allclose(search.point[0].sigma, [[5.0, 0.9], [0.9, 1.0]], atol=1e-4)
    assert search.point[0].sigma[0, 0] == pytest.approx(5.0, abs=1e-10)


def test_a_look_from_inside_comes_back_with_d():
    sigma = np.array([[5.0, 0.0], [0.0, 0.0]])
    search = search_on(quadratic(TARGETS), COMPONENTS, [sigma, 1.0], **HELD)
    assert search.begin()
    search.gradients[0] = None
    assert search.look(1e-3)
    assert np.allclose(search.gradients[0], TARGETS[0] - sigma, atol=1e-4)
    assert np.allclose(search.equations.sigmas[0], search.point[0].sigma)


def test_there_is_nothing_to_look_at_beside_a_regular_matrix():
    search = search_on(quadratic(TARGETS), COMPONENTS, [np.diag([5.0, 1.0]), 1.0], **HELD)
    assert search.begin()
    assert not search.look(1e-3)


def test_constraints_that_no_matrix_meets_are_named():
    three = (component("corgh", 3), component("idv", residual=True))
    values = {"g!f_b:a.cor": 0.95, "g!f_c:a.cor": 0.95, "g!f_c:b.cor": -0.95}
    with pytest.raises(vc.StructureError, match=r"f_b:a\.cor"):
        search_on(quadratic([np.eye(3), np.eye(1)]), three, [np.eye(3), 1.0], start=values, bounds=dict.fromkeys(values, "F")).begin()
