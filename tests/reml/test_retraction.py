"""Back to the constraints by the least change."""

from __future__ import annotations

import numpy as np
import pytest
from reml.surfaces import component, constraints_of, point_of

from vcmodel.reml.bounds import RESIDUAL_BOUNDS
from vcmodel.reml.equality import EqualityConstraints
from vcmodel.reml.retraction import effects, retracted

COMPONENTS = (component("corgh", 3), component("idv", residual=True))
SIGMAS = [np.array([[2.0, 0.5, 0.1], [0.5, 1.0, 0.3], [0.1, 0.3, 4.0]]), 0.5]
HELD = {"start": {"g!f_b:a.cor": 0.8, "g!f_c": 1.0}, "bounds": {"g!f_b:a.cor": "F", "g!f_c": "F"}}


def prepared(**asked):
    return EqualityConstraints.of(COMPONENTS, constraints_of(COMPONENTS, SIGMAS, **asked)), point_of(COMPONENTS, SIGMAS, **asked)


@pytest.mark.parametrize("size", [0.0, 0.1, 0.5])
def test_the_point_meets_the_equations(size):
    equalities, point = prepared(**HELD)
    away = point.moved(point.vector() + size * np.cos(np.arange(point.size)))
    found = retracted(equalities, away, RESIDUAL_BOUNDS[0])
    assert np.allclose(equalities.values(found), 0.0, atol=1e-10)
    reported = dict(zip(COMPONENTS[0].rows, found[0].reported, strict=True))
    assert [reported["g!f_c"], reported["g!f_b:a.cor"]] == pytest.approx([1.0, 0.8])
    assert np.array_equal(found[1].phi, away[1].phi)  # in no equation


def test_a_point_that_meets_them_stays():
    equalities, point = prepared(**HELD)
    first = retracted(equalities, point, RESIDUAL_BOUNDS[0])
    again = retracted(equalities, first, RESIDUAL_BOUNDS[0])
    for one, two in zip(first, again, strict=True):
        assert np.allclose(one.sigma, two.sigma, atol=1e-12)


def test_the_change_is_small_where_the_distance_is():
    equalities, point = prepared(**HELD)
    on = retracted(equalities, point, RESIDUAL_BOUNDS[0])
    near = retracted(equalities, on.moved(on.vector() + 1e-4), RESIDUAL_BOUNDS[0])
    assert max(np.abs(a.sigma - b.sigma).max() for a, b in zip(on, near, strict=True)) < 1e-3


def test_what_no_matrix_has_is_not_found():
    contradiction = {"g!f_b:a.cor": 0.9, "g!f_c:a.cor": 0.9, "g!f_c:b.cor": -0.9}
    point = point_of(COMPONENTS, SIGMAS, start={"g!f_b:a.cor": 0.9}, bounds={"g!f_b:a.cor": "F"})
    constraints = constraints_of(COMPONENTS, SIGMAS, start={"g!f_b:a.cor": 0.9}, bounds={"g!f_b:a.cor": "F"})
    rows = list(COMPONENTS[0].rows)
    for row, value in contradiction.items():
        constraints.theta[0][rows.index(row)], constraints.fixed[0][rows.index(row)] = value, True
    equalities = EqualityConstraints.of(COMPONENTS, constraints)
    found = retracted(equalities, point, RESIDUAL_BOUNDS[0])
    # met only, if at all, with variances at zero
    assert found is None or np.diag(found[0].sigma).min() < 1e-3


def test_the_effect_of_a_scale_is_in_units_of_the_data():
    components = (component("diag", 2, reference=[1.0, 100.0]), component("idv", residual=True))
    asked = {"start": {"g!f_a": 1.0}, "bounds": {"g!f_a": "F"}}
    equalities = EqualityConstraints.of(components, constraints_of(components, [np.eye(2), 1.0], **asked))
    point = point_of(components, [np.eye(2), 1.0], **asked)
    found = effects(equalities, point)[point[0].where]
    assert np.allclose(sorted(found), [0.01, 1.0])
