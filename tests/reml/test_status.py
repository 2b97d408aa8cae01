"""Statuses: what counts as converged, and messages that end with a remedy."""

from __future__ import annotations

import pytest

from vcmodel.reml.status import Status
from vcmodel.reml.supremum import REPORTED, UNBOUNDED_SLOPE, Supremum, residual_status

SEEN, VAGUE = Supremum(0.0, None, 0.1 * REPORTED), Supremum(0.0, None, 10.0 * REPORTED)


def test_only_certified_ends_are_converged():
    assert {status for status in Status if status.converged} == {Status.CONVERGED, Status.FIXED, Status.RESIDUAL_BOUNDARY}


@pytest.mark.parametrize("status", list(Status))
def test_the_label_is_the_beginning_of_the_message(status):
    assert status.value.startswith(status.label)
    assert ":" not in status.label
    assert status.converged == status.label.startswith("converged")


@pytest.mark.parametrize(
    ("status", "slope", "seen", "expected"),
    [
        (Status.CONVERGED, 0.0, None, Status.CONVERGED),
        (Status.CONVERGED, 0.1, SEEN, Status.RESIDUAL_BOUNDARY),
        (Status.CONVERGED, 0.1, VAGUE, Status.STALLED),
        (Status.CONVERGED, 0.1, None, Status.STALLED),
        (Status.CONVERGED, 2.0 * UNBOUNDED_SLOPE, SEEN, Status.UNBOUNDED),
        (Status.UNBOUNDED, 2.0 * UNBOUNDED_SLOPE, SEEN, Status.UNBOUNDED),
        (Status.UNBOUNDED, 0.0, None, Status.STALLED),
        (Status.STALLED, 0.0, None, Status.STALLED),
        (Status.UNCERTIFIED, 0.0, None, Status.UNCERTIFIED),
        (Status.UNCERTIFIED, 0.1, SEEN, Status.UNCERTIFIED),
    ],
)
def test_a_residual_at_its_bound_decides_the_status(status, slope, seen, expected):
    assert residual_status(status, slope, seen) is expected
