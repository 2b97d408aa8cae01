"""When a climb stops, and with which status."""

from __future__ import annotations

import numpy as np
import pytest
from reml.surfaces import Surface, component, quadratic, search_on

import vcmodel as vc
from vcmodel.reml import iterate
from vcmodel.reml.iterate import CERTIFIED, maximise
from vcmodel.reml.status import Status

COMPONENTS = (component("us", 2), component("idv", residual=True))
TARGETS = [np.array([[2.0, 0.5], [0.5, 1.0]]), np.eye(1)]
START = [np.eye(2), 2.0]


def run(equations, **control):
    search = search_on(equations, COMPONENTS, START, control=vc.Control(**control))
    return search, maximise(search)


def test_the_maximum_of_a_smooth_logl_is_found():
    search, end = run(quadratic(TARGETS))
    assert end.status is Status.CONVERGED
    for part, target in zip(search.point, TARGETS, strict=True):
        assert np.allclose(part.sigma, target, atol=1e-5)
    assert search.history[-1].decrement < CERTIFIED
    assert end.weakest > 0.0
    logliks = [record.loglik for record in search.history]
    assert logliks == sorted(logliks)


def test_the_answer_does_not_depend_on_the_size_of_logl():
    for weight in (1e-3, 1e4):
        search, end = run(quadratic(TARGETS, weight))
        assert end.status is Status.CONVERGED
        assert np.allclose(search.point[0].sigma, TARGETS[0], atol=1e-2 / min(weight, 1.0) ** 0.5)


def test_too_few_iterations_are_said():
    search, end = run(quadratic(TARGETS), max_iterations=2)
    assert end.status is Status.ITERATION_LIMIT
    assert len(search.history) == 3  # the start and two steps
    assert not end.status.converged


def test_a_loose_tolerance_is_no_certificate():
    assert run(quadratic(TARGETS), tolerance=0.1)[1].status is Status.TOLERANCE


def test_equations_that_cannot_be_made_at_the_start_give_no_end():
    assert run(Surface(lambda s: np.nan, lambda s: [np.zeros((2, 2)), np.zeros((1, 1))]))[1] is None


def test_a_score_that_points_downhill_stalls():
    target = quadratic(TARGETS)
    wrong = Surface(target._loglik, lambda s: [-d for d in target._gradients(s)])
    search, end = run(wrong)
    assert end.status is Status.STALLED
    assert search.loglik == search.equations.loglik


def test_steps_that_gain_only_rounding_end_the_climb_after_some_patience():
    """A flat logL of many digits whose score, by rounding, is not quite zero."""
    flat = Surface(lambda s: 0.0, lambda s: [1e-5 * np.eye(2), np.zeros((1, 1))], weight=5.0, scale=1e3)
    search, end = run(flat, tolerance=1e-14)
    assert end.status is Status.CONVERGED
    assert 4 <= len(search.history) <= 12


@pytest.mark.parametrize(("decrement", "expected"), [(1e-10, True), (1e-6, False)])
def test_what_counts_as_rounding(decrement, expected):
    search = search_on(quadratic(TARGETS), COMPONENTS, START)
    search.begin()

    class System:
        pass

    System.decrement = decrement
    assert iterate._is_rounding(search, System) is expected
    search.slack = 1.0  # logL of large data keeps fewer digits
    assert iterate._is_rounding(search, System)


def test_an_unbounded_logl_is_called_so_after_some_patience():
    falling = Surface(
        lambda s: -0.5 * np.sum((s[0] - np.eye(2)) ** 2) - np.log(s[1][0, 0]), lambda s: [np.eye(2) - s[0], -1.0 / s[1]], scale=10.0
    )
    search, end = run(falling)
    assert end.status is Status.UNBOUNDED
    assert end.supremum is None
    assert search.residual_bound == 1e-5  # as far as it goes
    assert len(search.history) < 60


def test_a_residual_whose_supremum_is_at_zero_is_reported_there():
    bounded = Surface(
        lambda s: 5.0 - 0.5 * np.sum((s[0] - np.eye(2)) ** 2) - s[1][0, 0], lambda s: [np.eye(2) - s[0], np.array([[-1.0]])], scale=10.0
    )
    _, end = run(bounded)
    assert end.status is Status.RESIDUAL_BOUNDARY
    assert end.supremum.loglik == pytest.approx(5.0, abs=1e-7)
    assert end.supremum.point[1].sigma[0, 0] == 0.0


def test_a_model_with_nothing_to_estimate_is_fixed():
    residual = (component("idv", residual=True),)
    search = search_on(quadratic([np.eye(1)]), residual, [3.0], start={"units!R": 3.0}, bounds={"units!R": "F"})
    assert maximise(search).status is Status.FIXED
