"""The damped Newton step and its trust region."""

from __future__ import annotations

import numpy as np
import pytest

from vcmodel.reml.step import FLAT, NewtonSystem, next_shift

HESSIAN = np.array([[4.0, 1.0], [1.0, 3.0]])
SCORE = np.array([1.0, -2.0])


def system(hessian, score, information=None, natural=None):
    information = np.abs(hessian) if information is None else information
    return NewtonSystem.of(hessian, score, information, np.ones(2) if natural is None else natural)


def test_without_damping_it_is_newtons_step_with_its_gain():
    found = system(HESSIAN, SCORE)
    exact = np.linalg.solve(HESSIAN, SCORE)
    assert np.allclose(found.step(0.0), exact)
    assert found.decrement == pytest.approx(0.5 * SCORE @ exact)
    assert found.predicted(0.0) == pytest.approx(found.decrement)


def test_the_units_of_the_coordinates_do_not_matter():
    unit = np.array([1000.0, 0.01])
    other = system(HESSIAN * np.outer(unit, unit), SCORE * unit, natural=unit)
    assert np.allclose(other.step(0.3) * unit, system(HESSIAN, SCORE).step(0.3))
    assert other.decrement == pytest.approx(system(HESSIAN, SCORE).decrement)


def test_damping_shortens_the_step_and_promises_less():
    found = system(HESSIAN, SCORE)
    lengths = [np.linalg.norm(found.step(shift)) for shift in (0.0, 0.1, 1.0, 10.0)]
    assert lengths == sorted(lengths, reverse=True)
    assert found.predicted(1.0) < found.predicted(0.0)
    assert found.predicted(1.0) > 0.0


def test_the_step_goes_uphill_along_negative_curvature():
    found = system(np.diag([-1.0, 2.0]), SCORE, np.diag([1.0, 2.0]))
    assert SCORE @ found.step(0.0) > 0.0
    assert found.step(0.0)[0] == pytest.approx(1.0)  # not thrown far away where the curvature is small


def test_a_direction_without_information_and_without_score_is_left_alone():
    found = system(np.diag([1.0, FLAT / 1e3]), np.array([1.0, 1e-12]), np.diag([1.0, 1.0]))
    assert found.step(0.0)[1] == 0.0


@pytest.mark.parametrize(
    ("shift", "gain", "expected"),
    [
        (1.0, 1.0, 0.1),  # as promised: relaxed
        (1.0, 1.2, 0.1),
        (1e-9, 1.0, 0.0),  # and gone at last
        (1.0, 0.5, 1.0),  # half of it: as it was
        (1.0, 0.1, 2.0),  # wrong by more than three quarters: tightened
        (1.0, 3.0, 2.0),
        (0.0, 0.0, 1e-3),  # from nothing
        (0.0, 1.0, 0.0),
    ],
)
def test_the_trust_region_relaxes_where_the_model_was_right(shift, gain, expected):
    assert next_shift(shift, gain, 1.0) == pytest.approx(expected)


def test_no_promise_counts_as_kept():
    assert next_shift(1.0, 0.0, 0.0) == pytest.approx(0.1)
