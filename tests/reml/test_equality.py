"""Held and tied parameters as equations: values, derivatives, null space."""

from __future__ import annotations

import dense
import numpy as np
import pytest
from reml.surfaces import component, constraints_of, point_of

from vcmodel.reml.equality import EqualityConstraints, null_space

COMPONENTS = (component("corgh", 3), component("us", 2, index=1, label="h"), component("idv", residual=True))
SIGMAS = [np.array([[2.0, 0.5, 0.1], [0.5, 1.0, 0.3], [0.1, 0.3, 4.0]]), np.array([[1.5, 0.4], [0.4, 1.0]]), 0.5]
ASKED = {
    "start": {"g!f_a": 2.5},
    "bounds": {"g!f_a": "F"},
    "equal": [["g!f_b:a.cor", "g!f_c:a.cor"], ["h!f_a:a", "h!f_b:b", "units!R"]],
}


@pytest.fixture
def equalities():
    return EqualityConstraints.of(COMPONENTS, constraints_of(COMPONENTS, SIGMAS, **ASKED))


@pytest.fixture
def point():
    found = point_of(COMPONENTS, SIGMAS, **ASKED)
    return found.moved(found.vector() + 0.05 * np.sin(np.arange(found.size)))


def test_a_held_parameter_is_one_equation_and_a_group_one_less_than_its_members(equalities):
    assert len(equalities.target) == 1 + 1 + 2
    assert equalities.involved == (0, 1, 2)
    assert sorted(equalities.rows_of(k) for k in range(4)) == [
        ["g!f_a"],
        ["g!f_b:a.cor", "g!f_c:a.cor"],
        ["h!f_a:a", "h!f_b:b"],
        ["h!f_a:a", "units!R"],
    ]


def test_values_are_the_differences_on_the_scale_of_standard_deviations(equalities, point):
    held = next(k for k in range(4) if equalities.rows_of(k) == ["g!f_a"])
    variance = point[0].reported[list(COMPONENTS[0].rows).index("g!f_a")]
    assert equalities.values(point)[held] == pytest.approx(np.sqrt(variance) - np.sqrt(2.5))


def test_the_jacobian_equals_differences(equalities, point):
    numeric = np.array(
        [dense.differences(lambda v, k=k: equalities.values(point.moved(v))[k], point.vector()) for k in range(len(equalities.target))]
    )
    assert np.allclose(equalities.jacobian(point), numeric, atol=1e-6)


def test_the_curvature_equals_differences_of_the_jacobian(equalities, point):
    multipliers = np.array([1.0, -2.0, 0.5, 3.0])
    vector, step = point.vector(), 1e-5
    numeric = [
        multipliers
        @ (equalities.jacobian(point.moved(vector + step * e)) - equalities.jacobian(point.moved(vector - step * e)))
        / (2.0 * step)
        for e in np.eye(vector.size)
    ]
    assert np.allclose(equalities.curvature(point, multipliers), numeric, atol=1e-6)


def test_along_its_directions_the_equations_do_not_change(equalities, point):
    directions = equalities.directions(point)
    assert directions.shape == (point.size, point.size - 4)
    assert np.allclose(equalities.jacobian(point) @ directions, 0.0, atol=1e-10)
    assert np.linalg.matrix_rank(directions) == directions.shape[1]


def test_the_null_space_has_the_multipliers_of_a_score_that_the_equations_take_up():
    jacobian, lam = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, -1.0]]), np.array([3.0, -1.0])
    scale = np.array([1.0, 10.0, 0.1])
    basis, multipliers = null_space(jacobian, scale, np.ones(3, dtype=bool), np.ones(2), jacobian.T @ lam)
    assert np.allclose(multipliers, lam)
    assert np.allclose(jacobian @ basis, 0.0)
    assert np.allclose((basis / scale[:, None]).T @ (basis / scale[:, None]), np.eye(1))


def test_equations_that_say_the_same_twice_are_one():
    jacobian = np.array([[1.0, 1.0], [2.0, 2.0]])
    basis, _ = null_space(jacobian, np.ones(2), np.ones(2, dtype=bool), np.ones(2), np.zeros(2))
    assert basis.shape == (2, 1)


def test_coordinates_at_rest_do_not_move():
    basis, _ = null_space(np.array([[1.0, 1.0, 0.0]]), np.ones(3), np.array([True, False, True]), np.ones(1), np.zeros(3))
    assert not basis[1].any()
    assert basis.shape == (3, 1)  # the first is held by its equation alone


def test_a_residual_matrix_keeps_its_distance_from_singular(equalities, point):
    for bound in (1e-3, 1e-5):
        own = [limit for limit in equalities.limits(point, bound) if point[2].where.start <= limit.coordinate]
        assert own
        assert all(limit.lower == pytest.approx(bound * limit.size) for limit in own)
