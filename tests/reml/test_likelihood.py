"""Derivatives at a point: of any logL given, against differences; D known better later."""

from __future__ import annotations

import dense
import numpy as np
from reml.surfaces import Surface, component, point_of, quadratic

from vcmodel.reml.likelihood import differentiate, set_point, slopes

COMPONENTS = (component("us", 2), component("corgh", 2, residual=True))
TARGETS = [np.array([[2.0, 0.5], [0.5, 1.0]]), np.array([[1.0, -0.2], [-0.2, 3.0]])]
SIGMAS = [np.array([[1.5, -0.3], [-0.3, 0.7]]), np.array([[1.1, 0.4], [0.4, 0.9]])]
FREE, NOTHING = [True, True], [None, None]


def standing(sigmas=SIGMAS):
    equations, point = quadratic(TARGETS), point_of(COMPONENTS, sigmas)
    assert set_point(equations, point)
    return equations, point


def loglik_at(equations, point):
    assert set_point(equations, point)
    return equations.loglik


def test_score_and_hessian_equal_differences():
    equations, point = standing()
    found = differentiate(equations, point, FREE, NOTHING)
    vector = point.vector()
    assert np.allclose(found.score, dense.differences(lambda v: loglik_at(equations, point.moved(v)), vector), atol=1e-6)

    def score(v):
        assert set_point(equations, point.moved(v))
        return slopes(equations, point.moved(v), FREE, NOTHING).score

    step = 1e-5
    numeric = [(score(vector - step * e) - score(vector + step * e)) / (2.0 * step) for e in np.eye(vector.size)]
    assert np.allclose(found.hessian, numeric, atol=1e-6)  # the average information of this logL is exact


def test_slopes_are_the_first_order_part():
    equations, point = standing()
    whole, first = differentiate(equations, point, FREE, NOTHING), slopes(equations, point, FREE, NOTHING)
    assert np.array_equal(whole.score, first.score)
    for one, two in zip(whole.gradients, first.gradients, strict=True):
        assert np.array_equal(one, two)


def test_a_component_without_a_free_coordinate_has_no_score():
    equations, point = standing()
    found = differentiate(equations, point, [True, False], NOTHING)
    own = point[1].where
    assert not found.score[own].any()
    assert not found.information[own].any()
    assert found.gradients[1] is not None


def test_an_infeasible_point_is_not_asked_of_the_equations():
    equations, point = standing()
    before = equations.calls["update"]
    assert not set_point(equations, point.moved(np.full(point.size, np.inf)))
    assert equations.calls["update"] == before


def test_d_seen_from_inside_counts_on_the_null_space_only():
    """On the range of a singular Sigma the loading shows D itself; beside it, D seen from elsewhere is taken over."""
    sigma = np.array([[1.0, 0.5], [0.5, 0.25]])
    point = point_of(COMPONENTS, [sigma, SIGMAS[1]])
    exact, stale = np.array([[-1.0, 0.4], [0.4, -2.0]]), np.array([[-1.0, 0.4], [0.4, -2.0]])
    null = np.array([0.5, -1.0]) / np.sqrt(1.25)
    stale = stale + 7.0 * np.outer(null, null)
    equations = Surface(lambda s: 0.0, lambda s: [stale, np.zeros((2, 2))])
    assert set_point(equations, point)
    known = differentiate(equations, point, FREE, NOTHING)
    fresh = known.refreshed(point, FREE, {0: exact + 0.0})
    assert np.allclose(fresh.gradients[0], exact)
    part = point[0]
    assert np.allclose(fresh.curvature[part.where, part.where], part.chart.curvature(part.phi, exact))
    # a D that is wrong on the range is not believed there
    root = np.array([2.0, 1.0]) / np.sqrt(5.0)
    assert np.allclose(known.refreshed(point, FREE, {0: exact + 3.0 * np.outer(root, root)}).gradients[0], exact)
    assert np.array_equal(fresh.score, known.score)
    assert np.array_equal(fresh.information, known.information)
