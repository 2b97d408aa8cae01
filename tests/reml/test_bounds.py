"""Lower bounds: where they are, who is put onto them, and which of them are active."""

from __future__ import annotations

import numpy as np
from reml.surfaces import component, point_of

from vcmodel.reml.bounds import BOUND, PRESSURE, RESIDUAL_BOUNDS, LowerBounds

COMPONENTS = (component("idv", reference=[100.0]), component("idv", residual=True, reference=[100.0]))


def bounds_at(variances, residual_bound=RESIDUAL_BOUNDS[0]):
    point = point_of(COMPONENTS, variances)
    return LowerBounds.of(point, residual_bound), point.vector()


def test_bounds_are_measured_in_standard_deviations_of_the_data():
    bounds, _ = bounds_at([1.0, 1.0])
    assert np.allclose(bounds.lower, [BOUND * 100.0, RESIDUAL_BOUNDS[0] * 100.0])
    assert list(bounds.inverse) == [False, True]
    assert list(bounds.order) == [2, 2]


def test_a_residual_has_the_bound_in_use():
    for bound in RESIDUAL_BOUNDS:
        assert np.allclose(bounds_at([1.0, 1.0], bound)[0].lower[1], bound * 100.0)


def test_projection_raises_what_is_below_and_nothing_else():
    bounds, _ = bounds_at([1.0, 1.0])
    raised = bounds.projected(np.array([0.0, 5.0]), np.zeros(2, dtype=bool))
    assert np.allclose(raised, [0.01, 5.0])


def test_what_is_on_its_boundary_stays_there():
    bounds, _ = bounds_at([1.0, 1.0])
    assert bounds.projected(np.array([0.0, 5.0]), np.array([True, False]))[0] == 0.0


def test_a_residual_that_is_below_already_stays_there():
    bounds, _ = bounds_at([1.0, 1.0])
    present = np.array([0.001, 0.05])
    assert np.allclose(bounds.projected(present.copy(), np.zeros(2, dtype=bool), present), [0.01, 0.05])


def test_a_bound_is_active_where_the_score_pushes_below_it():
    bounds, vector = bounds_at([1e-4, 1e-4])
    vector[:] = bounds.lower
    free = np.zeros(2, dtype=bool)
    assert list(bounds.active(vector, np.array([-1.0, -1.0]), free)) == [True, True]
    assert list(bounds.active(vector, np.array([1.0, 0.0]), free)) == [False, False]
    assert list(bounds.active(2.0 * vector, np.array([-1.0, -1.0]), free)) == [False, False]
    assert list(bounds.active(vector, np.array([-1.0, -1.0]), np.array([True, False]))) == [False, True]


def test_a_push_of_rounding_does_not_count():
    bounds, vector = bounds_at([1e-4, 1e-4])
    vector[:] = bounds.lower
    just = PRESSURE / bounds.lower
    free = np.zeros(2, dtype=bool)
    assert not bounds.active(vector, -0.9 * just, free).any()
    assert bounds.active(vector, -1.1 * just, free).all()
    assert bounds.active(vector, -1e-10 / bounds.lower, free).all()  # a small data set's push on a small variance


def test_what_is_zero_together_is_one_group():
    point = point_of((component("us", 2),), [[[1.0, 0.0], [0.0, 1.0]]])
    groups = LowerBounds.of(point, RESIDUAL_BOUNDS[0]).groups
    assert sorted(len(group) for group in groups) in ([1, 1], [1, 2], [2, 2], [1, 3])
    for group, coordinate in zip(groups, LowerBounds.of(point, RESIDUAL_BOUNDS[0]).index, strict=True):
        assert coordinate in group
