"""The state of a search: derivatives once per point, probes that put the equations back."""

from __future__ import annotations

import numpy as np
import pytest
from reml.surfaces import component, quadratic, search_on

import vcmodel as vc
from vcmodel.equations.mixed_model import MixedModelEquations
from vcmodel.reml.iterate import maximise

COMPONENTS = (component("us", 2), component("idv", residual=True))
TARGETS = [np.array([[2.0, 0.5], [0.5, 1.0]]), np.eye(1)]


@pytest.fixture
def search():
    result = search_on(quadratic(TARGETS), COMPONENTS, [np.eye(2), 2.0])
    assert result.begin()
    return result


def elsewhere(search):
    return search.point.moved(search.point.vector() * 1.1)


def test_a_probe_comes_back(search):
    here, loglik = search.point, search.loglik
    with search.probe() as probe:
        assert probe.at(elsewhere(search))
        assert probe.loglik != loglik
        assert search.loglik == loglik
    assert search.point is here
    assert np.array_equal(search.equations.sigmas[0], here[0].sigma)
    assert search.equations.loglik == loglik


def test_a_probe_comes_back_after_an_error(search):
    def looked_at():
        with search.probe() as probe:
            probe.at(elsewhere(search))
            raise KeyError("x")

    with pytest.raises(KeyError):
        looked_at()
    assert np.array_equal(search.equations.sigmas[0], search.point[0].sigma)


def test_a_probe_that_went_nowhere_costs_nothing(search):
    before = search.equations.calls["update"]
    with search.probe() as probe:
        assert not probe.at(None)
        assert not probe.at(search.point.moved(np.full(search.point.size, np.nan)))
    assert search.equations.calls["update"] == before + 1  # a point that is not feasible is not asked for


def test_a_kept_probe_moves_the_search(search):
    there, mask = elsewhere(search), np.array([False, False, True, False])
    _ = search.derivatives
    with search.probe() as probe:
        assert probe.at(there)
        probe.keep(mask)
    assert search.point is there
    assert search.at_bound is mask
    assert search.loglik == search.equations.loglik
    assert np.allclose(search.derivatives.gradients[0], TARGETS[0] - there[0].sigma)


def test_derivatives_and_active_set_are_made_once_per_point(search):
    assert search.derivatives is search.derivatives
    assert search.active_set is search.active_set
    assert search.equations.calls["information"] == 1


def test_a_probe_does_not_change_the_derivatives_of_the_point(search):
    known = search.derivatives
    with search.probe() as probe:
        probe.at(elsewhere(search))
        assert not np.allclose(probe.slopes().score, known.score)
    assert search.derivatives is known


def test_a_lower_residual_bound_asks_for_another_active_set(search):
    before = search.active_set
    search.lower_residual_bound(1e-4)
    assert search.active_set is not before
    assert search.active_set.bounds.lower[-1] < before.bounds.lower[-1]


def test_a_fit_differentiates_each_point_once():
    equations = quadratic(TARGETS)
    search = search_on(equations, COMPONENTS, [np.eye(2), 2.0])
    end = maximise(search)
    assert end.status.converged
    points = len(search.history)
    assert points > 3
    assert equations.calls["information"] == points
    assert equations.calls["derivatives"] == len(COMPONENTS) * (points + 1)  # and the probe for a saddle


def test_a_fit_of_data_differentiates_each_point_once(monkeypatch):
    calls = {"information": 0, "derivatives": 0, "update": 0}
    for name in calls:
        whole = getattr(MixedModelEquations, name)

        def counted(self, *arguments, name=name, whole=whole):
            calls[name] += 1
            return whole(self, *arguments)

        monkeypatch.setattr(MixedModelEquations, name, counted)
    fit = vc.fit("yield ~ gen", random="block + block:gen", data=vc.datasets.load("oats"), control=vc.Control(reductions="off"))
    points = len(fit.estimate.history)
    assert calls["information"] == points
    assert calls["derivatives"] == 3 * (points + 1)
    # no more points than steps, each perhaps once more in a better chart, the probe and back
    assert points + 2 <= calls["update"] <= 2 * points + 2
