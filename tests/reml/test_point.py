"""A point is one part per component; its vector holds all coordinates in order."""

from __future__ import annotations

import numpy as np
from reml.surfaces import component, point_of

COMPONENTS = (component("us", 2), component("diag", 3, label="h", index=1), component("idv", residual=True))
SIGMAS = [[[2.0, 0.5], [0.5, 1.0]], np.diag([1.0, 4.0, 9.0]), 0.25]


def test_the_coordinates_of_the_parts_stand_one_after_the_other():
    point = point_of(COMPONENTS, SIGMAS)
    assert [(part.where.start, part.where.stop) for part in point] == [(0, 3), (3, 6), (6, 7)]
    assert point.size == 7
    for part in point:
        assert np.array_equal(point.vector()[part.where], part.phi)
    assert point.components == COMPONENTS
    assert [len(point.random), len(point.residual)] == [2, 1]


def test_the_parts_know_their_matrices():
    for part, sigma in zip(point_of(COMPONENTS, SIGMAS), SIGMAS, strict=True):
        assert np.allclose(part.sigma, sigma)
        assert np.allclose(part.loading @ part.loading.T, sigma)


def test_the_vector_is_the_callers_own():
    point = point_of(COMPONENTS, SIGMAS)
    point.vector()[:] = 7.0
    assert not np.any(point.vector() == 7.0)


def test_a_moved_point_leaves_the_first_as_it_was():
    point = point_of(COMPONENTS, SIGMAS)
    before = point.vector()
    moved = point.moved(before + 1.0)
    assert np.array_equal(moved.vector(), before + 1.0)
    assert np.array_equal(point.vector(), before)
    assert all(a.chart is b.chart for a, b in zip(point, moved, strict=True))


def test_a_change_of_one_part_keeps_the_others_and_shifts_what_follows():
    point = point_of(COMPONENTS, SIGMAS)
    smaller = point_of((component("idv", 3),), [np.eye(3)])[0]
    changed = point.changed({1: (smaller.chart, smaller.phi)})
    assert changed[0] is point[0]
    assert [part.where.start for part in changed] == [0, 3, 4]
    assert np.array_equal(changed[2].phi, point[2].phi)
    assert np.allclose(changed[1].sigma, np.eye(3))


def test_a_better_chart_leaves_the_matrices():
    point = point_of(COMPONENTS, SIGMAS)
    vector = point.vector()
    vector[0], vector[3:6] = -vector[0], -vector[3:6]
    turned = point.moved(vector)
    best = turned.renormalised()
    for old, new in zip(turned, best, strict=True):
        assert np.allclose(old.sigma, new.sigma)
    assert np.all(best[1].phi >= 0.0)


def test_a_part_that_needs_no_better_chart_is_the_same_object():
    point = point_of(COMPONENTS, SIGMAS).renormalised()
    assert point.changed({}) is not None
    assert all(a is b for a, b in zip(point, point.changed({}), strict=True))


def test_coordinates_that_are_no_numbers_are_not_feasible():
    point = point_of(COMPONENTS, SIGMAS)
    assert point.feasible()
    assert not point.moved(np.full(7, np.nan)).feasible()
