"""Further starts of constrained fits on small data."""

from __future__ import annotations

import numpy as np
import pytest
from reml.surfaces import component, quadratic, search_on

from vcmodel.reml.further_starts import SMALL
from vcmodel.reml.ladder import RUNGS, ladder, turned_groups

COMPONENTS = (component("corgh", 3), component("idv", residual=True))
SIGMAS = [np.diag([1.0, 0.01, 4.0]), 1.0]
TIED = {"equal": [["g!f_b:a.cor", "g!f_c:a.cor"]]}
HELD = {"start": {"g!f_b:a.cor": 0.5}, "bounds": {"g!f_b:a.cor": "F"}}


def small(asked):
    equations = quadratic([np.diag([1.0, 0.01, 4.0]), np.eye(1)])
    equations.y = np.zeros(30)
    search = search_on(equations, COMPONENTS, SIGMAS, **asked)
    assert search.begin()
    return search


def test_each_start_has_one_scale_at_zero_the_smallest_first():
    search = small(HELD)
    starts = list(ladder(search))
    assert 2 <= len(starts) <= RUNGS
    zero = [np.flatnonzero(np.diag(point[0].sigma) < 1e-12).tolist() for point in starts]
    assert zero[0] == [1]
    assert all(len(found) == 1 for found in zero)
    assert len({found[0] for found in zero}) == len(zero)


def test_tied_correlations_start_with_the_other_sign_too():
    search = small(TIED)
    first = search.constraints.theta[0]
    (other,) = [c for c in turned_groups(search) if not np.array_equal(c.theta[0], first)][-1:]
    rows = list(COMPONENTS[0].rows)
    for row in TIED["equal"][0]:
        assert np.sign(other.theta[0][rows.index(row)]) == -np.sign(first[rows.index(row)] or -1.0)


def test_a_free_fit_and_large_data_have_no_ladder():
    assert not list(ladder(small({})))
    large = small(HELD)
    large.equations.y = np.zeros(SMALL + 1)
    assert not list(ladder(large))
    assert not list(turned_groups(large))


@pytest.mark.parametrize("asked", [HELD, TIED])
def test_the_starts_can_be_begun_from(asked):
    search = small(asked)
    for point in ladder(search):
        assert search.retracted(point) is not None
