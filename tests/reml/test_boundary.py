"""What goes onto a boundary, what leaves it, and what certifies that it belongs there."""

from __future__ import annotations

import numpy as np
import pytest
from reml.surfaces import Surface, at_zero, component, one_point, quadratic, search_on

from vcmodel.reml.boundary import EdgeModel, activate, multipliers, release
from vcmodel.reml.bounds import BOUND, RESIDUAL_BOUNDS
from vcmodel.reml.iterate import maximise
from vcmodel.reml.status import Status

VARIANCES = (component("idv"), component("idv", residual=True))


def slope(first):
    """LogL = first * variance - (residual - 1)^2 / 2."""
    return Surface(lambda s: first * s[0][0, 0] - 0.5 * (s[1][0, 0] - 1.0) ** 2, lambda s: [np.array([[first]]), -(s[1] - 1.0)])


# --- multipliers ------------------------------------------------------------------------------------------------------------------------


def test_nothing_at_a_bound_has_no_multiplier():
    assert multipliers(one_point(component("idv"), 1.0), np.array([False]), np.array([[-3.0]])).size == 0


def test_the_multiplier_of_a_variance_is_its_slope_in_units_of_the_data():
    part = one_point(component("idv", reference=[10.0]), 0.0)
    assert multipliers(part, np.array([True]), np.array([[-3.0]])) == pytest.approx([-300.0])


def test_without_d_the_multipliers_are_unknown_and_not_absent():
    found = multipliers(one_point(component("diag", 3), np.diag([0.0, 0.0, 1.0])), np.array([True, True, False]), None)
    assert found.shape == (2,)
    assert np.isnan(found).all()


@pytest.mark.parametrize("unit", [np.array([1.0, 1.0]), np.array([1.0, 1000.0]), np.array([1e-4, 5.0])])
def test_the_multipliers_of_a_singular_matrix_do_not_depend_on_units(unit):
    sigma, d = np.array([[1.0, 0.5], [0.5, 0.25]]), np.array([[-1.0, 0.4], [0.4, -2.0]])
    part = one_point(component("us", 2, reference=unit), sigma * np.outer(unit, unit))
    mask = np.zeros(3, dtype=bool)
    mask[[edge.coordinate for edge in part.edges][-1]] = True
    null = np.array([0.5, -1.0]) / np.sqrt(1.25)
    assert multipliers(part, mask, d / np.outer(unit, unit)) == pytest.approx([null @ d @ null])


# --- the model at the edge --------------------------------------------------------------------------------------------------------------


def test_the_edge_model_gives_the_slope_by_each_variance():
    part = one_point(component("diag", 2), np.diag([0.0, 0.0]))
    model = EdgeModel.of(part, np.array([True, True]), np.diag([-2.0, 3.0]))
    assert model.multipliers == pytest.approx([-2.0, 3.0])


def test_an_ascent_moves_what_rises_and_nothing_else():
    part = one_point(component("diag", 2, reference=[1.0, 10.0]), np.diag([0.0, 0.0]))
    move = EdgeModel.of(part, np.array([True, True]), np.diag([-2.0, 3.0])).ascent(0.1)
    assert move[0] == 0.0
    assert move[1] == pytest.approx(1.0)  # 0.1 standard deviations of the data
    assert not EdgeModel.of(part, np.array([True, True]), np.diag([-2.0, -3.0])).ascent(0.1).any()


# --- activation -------------------------------------------------------------------------------------------------------------------------


def at_lower_bound(equations):
    search = search_on(equations, VARIANCES, [BOUND**2, 1.0])
    assert search.begin()
    return search


def test_a_variance_that_presses_on_its_bound_becomes_exactly_zero():
    search = at_lower_bound(slope(-2.0))
    assert activate(search, np.zeros(2, dtype=bool))
    assert search.point[0].sigma[0, 0] == 0.0
    assert list(search.at_bound) == [True, False]
    assert search.equations.sigmas[0][0, 0] == 0.0


def test_a_variance_that_does_not_press_stays():
    search = at_lower_bound(slope(2.0))
    assert not activate(search, np.zeros(2, dtype=bool))
    assert not search.at_bound.any()


def test_it_is_refused_where_logl_falls_and_the_equations_come_back():
    equations = Surface(lambda s: -2.0 * s[0][0, 0] - (1.0 if s[0][0, 0] == 0.0 else 0.0), lambda s: [np.array([[-2.0]]), np.zeros((1, 1))])
    search, refused = at_lower_bound(equations), np.zeros(2, dtype=bool)
    before = search.point
    assert not activate(search, refused)
    assert list(refused) == [True, False]
    assert search.point is before
    assert equations.sigmas[0][0, 0] == pytest.approx(BOUND**2)
    assert not activate(search, refused)  # not tried again


# --- release ----------------------------------------------------------------------------------------------------------------------------


def released(equations, components=VARIANCES, sigmas=(0.0, 1.0)):
    search = at_zero(equations, components, sigmas)
    assert search.begin()
    return search, release(search)


def test_a_negative_multiplier_certifies_the_boundary():
    search, found = released(slope(-2.0))
    assert not found.left
    assert found.obstacle is None
    assert search.equations.sigmas[0][0, 0] == 0.0  # the equations stand there again


def test_a_positive_multiplier_frees_the_variance():
    search, found = released(slope(2.0))
    assert found.left
    assert not search.at_bound.any()
    assert search.point[0].sigma[0, 0] > 0.0
    assert search.loglik > 0.0


def test_a_boundary_off_which_logl_falls_against_its_multiplier_is_not_certified():
    lying = Surface(lambda s: -5.0 * s[0][0, 0], lambda s: [np.array([[2.0]]), np.zeros((1, 1))])
    search, found = released(lying)
    assert not found.left
    assert found.obstacle is Status.STALLED
    assert search.at_bound[0]


def test_a_boundary_without_d_is_not_certified():
    _, found = released(Surface(lambda s: -5.0 * s[0][0, 0], lambda s: [None, np.zeros((1, 1))]))
    assert not found.left
    assert found.obstacle is Status.UNCERTIFIED


def test_one_component_without_d_spoils_the_certificate_of_the_others():
    components = (component("idv"), component("idv", index=1, label="h"), component("idv", residual=True))
    equations = Surface(
        lambda s: -2.0 * s[0][0, 0] - 5.0 * s[1][0, 0] - 0.5 * (s[2][0, 0] - 1.0) ** 2,
        lambda s: [np.array([[-2.0]]), None, -(s[2] - 1.0)],
    )
    assert released(equations, components, (0.0, 0.0, 1.0))[1].obstacle is Status.UNCERTIFIED


def test_a_boundary_without_an_inside_is_not_certified():
    equations = Surface(lambda s: np.nan if s[0][0, 0] > 0.0 else 0.0, lambda s: [np.array([[-2.0]]), np.zeros((1, 1))])
    search, found = released(equations)
    assert found.obstacle is Status.UNCERTIFIED
    assert search.equations.sigmas[0][0, 0] == 0.0


def test_an_interior_point_needs_no_release():
    search = search_on(quadratic([np.eye(1), np.eye(1)]), VARIANCES, [2.0, 1.0])
    search.begin()
    assert release(search) == (False, None, pytest.approx(np.nan, nan_ok=True))


# --- the whole maximisation -------------------------------------------------------------------------------------------------------------


def test_the_fit_says_what_became_of_the_boundary():
    for equations, status in (
        (slope(-2.0), Status.CONVERGED),
        (Surface(lambda s: -5.0 * s[0][0, 0], lambda s: [np.array([[2.0]]), np.zeros((1, 1))]), Status.STALLED),
        (Surface(lambda s: -5.0 * s[0][0, 0], lambda s: [None, np.zeros((1, 1))]), Status.UNCERTIFIED),
    ):
        end = maximise(at_zero(equations, VARIANCES, (0.0, 1.0)))
        assert end.status is status
        assert end.status.converged == (status is Status.CONVERGED)


def test_a_residual_variance_at_its_bound_is_never_put_to_zero():
    equations = Surface(lambda s: -s[1][0, 0], lambda s: [np.zeros((1, 1)), np.array([[-1.0]])])
    search = search_on(equations, VARIANCES, [1.0, RESIDUAL_BOUNDS[0] ** 2])
    assert search.begin()
    assert search.active_set.active.tolist() == [False, True]
    assert not activate(search, np.zeros(2, dtype=bool))
    assert search.point[1].sigma[0, 0] > 0.0
