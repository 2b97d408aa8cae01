"""The active set along constraints: free directions, multipliers, limits."""

from __future__ import annotations

import numpy as np
import pytest
from reml.surfaces import component, quadratic, search_on

from vcmodel.reml.tangent import moving_directions

COMPONENTS = (component("diag", 2), component("idv", residual=True))
TARGETS = [np.diag([2.0, 3.0]), np.eye(1)]
START = (np.diag([2.5, 2.5]), 1.0)
TIED = {"equal": [["g!f_a", "g!f_b"]]}


def standing(sigmas=START, targets=TARGETS, components=COMPONENTS, **asked):
    search = search_on(quadratic(targets), components, list(sigmas), **(asked or TIED))
    assert search.begin()
    return search


def test_tied_parameters_move_together():
    found = standing().active_set
    assert found.transform.shape == (3, 2)
    along = found.transform[:2]
    assert np.allclose(along[0], along[1])


def test_at_the_tied_maximum_the_multiplier_takes_up_the_slope():
    search = standing()
    found = search.active_set
    assert np.abs(search.derivatives.score[0]) > 0.1
    assert np.allclose(found.slopes, 0.0, atol=1e-10)
    slopes = search.constraint_slopes()
    assert slopes["g!f_a"] == pytest.approx(-0.5)  # dlogL/dvariance, and the other way for its partner
    assert slopes["g!f_b"] == pytest.approx(0.5)


def test_a_held_parameter_does_not_move_and_tells_its_slope():
    search = standing(start={"g!f_a": 5.0}, bounds={"g!f_a": "F"})
    assert not search.active_set.transform[0].any()
    assert not search.active_set.mobile[0]
    assert search.active_set.mobile[1:].all()
    assert search.constraint_slopes() == {"g!f_a": pytest.approx(-3.0)}


def test_directions_that_move_no_matrix_are_not_estimated():
    search = standing()
    transform = search.active_set.transform
    twice = np.hstack([transform, transform[:, :1]])
    assert moving_directions(search.point, transform).shape[1] == 2
    assert moving_directions(search.point, twice).shape[1] == 2
    assert moving_directions(search.point, np.zeros((3, 0))).shape[1] == 0


def test_a_scale_at_its_limit_rests_while_logl_falls_off_it():
    components = (component("corgh", 2), component("idv", residual=True))
    held = {"start": {"g!f_b:a.cor": 0.5}, "bounds": {"g!f_b:a.cor": "F"}}
    for rises in (False, True):
        # the second variance wants to be 4, or below zero
        target = np.array([[1.0, 0.0], [0.0, 4.0 if rises else -4.0]])
        search = standing([np.array([[1.0, 0.0], [0.0, 1.0]]), 1.0], [target, np.eye(1)], components, **held)
        part = search.point[0]
        scale = [s for s in part.chart.scale_coordinates(part.phi) if s.bounded][-1]
        vector = search.point.vector()
        vector[part.where.start + scale.coordinate] = 0.0
        with search.probe() as probe:
            assert probe.at(search.retracted(search.point.moved(vector)))
            probe.keep()
        assert bool(search.active_set.held[part.where.start + scale.coordinate]) is not rises or rises
