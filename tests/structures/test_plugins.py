"""Structures added from outside: one class and one line of the registry each."""

import pytest
from golden import preparation, test_golden
from structures.demo_fa import FactorAnalytic

from vcmodel.structures.registry import STRUCTURES


@pytest.fixture
def registry():
    """The registry, as it was again after the test."""
    before = dict(STRUCTURES)
    yield STRUCTURES
    STRUCTURES.clear()
    STRUCTURES.update(before)


def meets(case):
    """A fit of a golden case, every number compared."""
    fit, expected = preparation.fit(case), preparation.golden(case)
    assert fit.converged
    for part in (test_golden.loglik, test_golden.components, test_golden.fixed_effects):
        part(fit, expected)
    return fit


def test_factor_analytic_meets_its_reference(registry):
    registry["fa"] = FactorAnalytic
    fit = meets("besag_met_fa1")
    # the slopes of logL by the three specific variances of zero, from a dense computation
    assert fit.certificate.multipliers["county:gen"] == pytest.approx([-10.766886, -3.881786, -2.629582], rel=1e-5)
