"""What the user asks of single parameters, by position."""

from __future__ import annotations

import numpy as np

from vcmodel.reml.constraints import Constraints
from vcmodel.structures.parameter import Parameter

ASKED = Constraints(
    (np.array([1.0, 2.0]), np.array([3.0])),
    (np.array([True, False]), np.array([False])),
    (np.array([-1, 0]), np.array([0])),
)
NOTHING = Constraints((np.array([1.0]),), (np.array([False]),), (np.array([-1]),))


def test_held_and_tied_parameters_are_constrained():
    assert list(ASKED.constrained(0)) == [True, True]
    assert list(ASKED.constrained(1)) == [True]
    assert ASKED.any
    assert not NOTHING.any
    assert not NOTHING.constrained(0).any()


def test_the_members_of_a_group_are_listed():
    assert ASKED.groups() == [[(0, 1), (1, 0)]]
    assert NOTHING.groups() == []


def test_reported_values_meet_the_constraints_to_the_last_digit():
    one = Parameter("", "variance", "P")
    found = ASKED.exact([np.array([1.0 + 1e-12, 5.0]), np.array([5.0 + 1e-12])], [(one, one), (one,)])
    assert list(found[0]) == [1.0, 5.0]
    assert list(found[1]) == [5.0]
