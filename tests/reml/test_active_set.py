"""Which coordinates rest at a point."""

from __future__ import annotations

import numpy as np
from reml.surfaces import component, point_of

from vcmodel.reml.active_set import ActiveSet, idle
from vcmodel.reml.bounds import RESIDUAL_BOUNDS, LowerBounds
from vcmodel.reml.likelihood import Derivatives

RESIDUAL = RESIDUAL_BOUNDS[0]


def derivatives_with(score, natural=None):
    m = len(score)
    return Derivatives(np.asarray(score, dtype=float), np.eye(m), np.zeros((m, m)), (None,) * m, np.ones(m) if natural is None else natural)


def at_bounds(components):
    """The point with every coordinate at its lower bound."""
    point = point_of(components, [np.eye(c.structure.size) for c in components])
    bounds, vector = LowerBounds.of(point, RESIDUAL), point.vector()
    vector[bounds.index] = bounds.lower
    return point.moved(vector)


def test_a_coordinate_at_an_active_bound_is_held_and_the_others_are_free():
    point = at_bounds((component("idv"), component("idv", residual=True)))
    found = ActiveSet.of(point, derivatives_with([-1.0, 1.0]), np.zeros(2, dtype=bool), RESIDUAL)
    assert list(found.active) == [True, False]
    assert list(found.held) == [True, False]
    assert np.array_equal(found.transform, [[0.0], [1.0]])
    assert found.inverse.size == 0


def test_the_residual_at_its_bound_is_named_with_its_distance():
    point = at_bounds((component("idv"), component("idv", residual=True)))
    found = ActiveSet.of(point, derivatives_with([1.0, -1.0]), np.zeros(2, dtype=bool), RESIDUAL)
    assert list(found.inverse) == [1]
    assert np.allclose(found.distance, RESIDUAL)


def test_what_is_on_its_boundary_is_held_without_being_active():
    point = at_bounds((component("idv"), component("idv", residual=True)))
    found = ActiveSet.of(point, derivatives_with([-1.0, 1.0]), np.array([True, False]), RESIDUAL)
    assert list(found.active) == [False, False]
    assert list(found.held) == [True, False]


def test_a_coordinate_without_any_effect_is_held():
    point = point_of((component("us", 2),), [np.eye(2)])
    found = ActiveSet.of(point, derivatives_with([1.0, 1.0, 1.0], np.array([1.0, 0.0, 1.0])), np.zeros(3, dtype=bool), RESIDUAL)
    assert list(found.held) == [False, True, False]


def test_without_constraints_everything_may_move():
    point = point_of((component("us", 2),), [np.eye(2)])
    found = ActiveSet.of(point, derivatives_with([1.0, 1.0, 1.0]), np.zeros(3, dtype=bool), RESIDUAL)
    assert found.mobile.all()
    assert np.array_equal(found.slopes, [1.0, 1.0, 1.0])


def residual_pair(first):
    """A residual matrix of two levels, the second (or both) with a variance at its bound, its edges and the other coordinates."""
    components = (component("us", 2, residual=True),)
    point = point_of(components, [np.diag([first**2, RESIDUAL**2])])
    bounds, vector = LowerBounds.of(point, RESIDUAL), point.vector()
    small = vector[bounds.index] < 2.0 * RESIDUAL
    vector[bounds.index[small]] = bounds.lower[small]
    others = np.setdiff1d(np.arange(point.size), bounds.index)
    return point.moved(vector), others


def test_a_residual_covariance_of_levels_without_variance_is_idle():
    point, others = residual_pair(RESIDUAL)
    assert others.size
    score = np.full(point.size, -1.0)
    score[others] = 5.0
    found = ActiveSet.of(point, derivatives_with(score), np.zeros(point.size, dtype=bool), RESIDUAL)
    assert found.held.all()


def test_a_residual_covariance_beside_a_variance_is_not_idle():
    point, others = residual_pair(1.0)
    score = np.full(point.size, -1.0)
    found = ActiveSet.of(point, derivatives_with(score), np.zeros(point.size, dtype=bool), RESIDUAL)
    assert found.active.any()
    assert not found.held[others].any()


def test_nothing_is_idle_where_no_bound_is_active():
    point, _ = residual_pair(RESIDUAL)
    bounds = LowerBounds.of(point, RESIDUAL)
    assert not idle(point, bounds, np.zeros(len(bounds.lower), dtype=bool), RESIDUAL).any()
