"""The secant correction reproduces the last change of the score, or stays out of the way."""

from __future__ import annotations

import numpy as np
import pytest
from reml.surfaces import component, point_of

from vcmodel.reml.secant import Memory

TRUE = np.array([[2.0, 0.3, 0.0], [0.3, 1.0, 0.2], [0.0, 0.2, 3.0]])
MOVE = np.array([0.05, -0.02, 0.03])
POINT = point_of((component("us", 2),), [np.eye(2)])
NEXT = POINT.moved(POINT.vector() + MOVE)
SCORE = np.array([1.0, 2.0, -1.0])


def corrected(hessian, move=MOVE, transform=None, later=None):
    transform = np.eye(3) if transform is None else transform
    point = POINT.moved(POINT.vector() + move)
    memory = Memory(POINT, np.eye(3), SCORE)
    return memory.corrected(hessian, point, transform, SCORE - TRUE @ move if later is None else later)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_the_last_change_of_the_score_is_reproduced(factor):
    found = corrected(factor * TRUE)
    assert np.allclose(found @ MOVE, TRUE @ MOVE)
    assert np.allclose(found, found.T)


def test_curvature_that_is_right_is_left():
    assert np.allclose(corrected(TRUE), TRUE)


def test_a_long_or_a_tiny_move_tells_nothing():
    for length in (1e3, 1e-6):
        assert corrected(2.0 * TRUE, length * MOVE) is not TRUE
        assert np.array_equal(corrected(2.0 * TRUE, length * MOVE), 2.0 * TRUE)


def test_other_free_directions_are_no_pair():
    assert np.array_equal(corrected(2.0 * TRUE, transform=np.eye(3)[:, ::-1]), 2.0 * TRUE)


def test_another_chart_is_no_pair():
    other = point_of((component("us", 2),), [2.0 * np.eye(2)])
    memory = Memory(other, np.eye(3), SCORE)
    assert np.array_equal(memory.corrected(2.0 * TRUE, NEXT, np.eye(3), SCORE - TRUE @ MOVE), 2.0 * TRUE)


def test_an_ill_defined_correction_is_left_out():
    across = np.array([0.02, 0.05, 0.0])  # what the model leaves out is at right angles to the move
    assert np.array_equal(corrected(np.eye(3), later=SCORE - MOVE - across / np.linalg.norm(across)), np.eye(3))
