"""Correlation functions of distance: known forms, derivatives, ranges and back."""

import numpy as np
import pytest
from structures.drawing import assert_near, differences

from vcmodel.errors import StructureError
from vcmodel.structures.decay import EXPONENTIAL, GAUSSIAN, MaternDecay

DECAYS = [EXPONENTIAL, GAUSSIAN, *(MaternDecay(nu) for nu in (0.1, 0.5, 0.75, 1.0, 1.5, 2.5, 7.0, 30.0))]
D = np.array([0.0, 1.0, 1.3, 2.0, 5.0, 40.0])


@pytest.mark.parametrize("decay", DECAYS, ids=str)
@pytest.mark.parametrize("v", [1e-6, 1e-2, 0.7, 5.0, 40.0])
def test_values_and_derivatives(decay, v):
    x = decay.distance(D)
    value = decay.value(x, v)
    assert value[0] == 1.0 and np.all(np.diff(value) <= 0.0) and np.all(value >= 0.0) and np.all(np.isfinite(value))
    log_v = np.array([np.log(v)])
    assert_near(v * decay.slope(x, v), differences(lambda t: decay.value(x, float(np.exp(t[0]))), log_v)[0])
    assert_near(v * decay.bend(x, v), differences(lambda t: decay.slope(x, float(np.exp(t[0]))), log_v)[0], 1e-5)
    span = decay.range_of(v)
    assert decay.rate_of(span) == pytest.approx(v, rel=1e-9)
    assert_near(v * decay.log_range_slope(v), differences(lambda t: np.log(decay.range_of(float(np.exp(t[0])))), log_v)[0])
    assert_near(v * decay.log_range_bend(v), differences(lambda t: decay.log_range_slope(float(np.exp(t[0]))), log_v)[0], 1e-5)


def test_closed_forms():
    r = 1.7
    x = D / r
    for decay, wanted in (
        (EXPONENTIAL, np.exp(-x)),
        (GAUSSIAN, np.exp(-(x**2))),
        (MaternDecay(0.5), np.exp(-x)),
        (MaternDecay(1.5), (1.0 + x) * np.exp(-x)),
        (MaternDecay(2.5), (1.0 + x + x**2 / 3.0) * np.exp(-x)),
    ):
        assert_near(decay.value(decay.distance(D), decay.rate_of(r)), wanted, 1e-12)


@pytest.mark.parametrize("decay", DECAYS, ids=str)
def test_ends(decay):
    assert decay.range_of(0.0) == np.inf
    assert decay.rate_of(0.0) == np.inf


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (0, "nu = 0 is no positive number; it says how smooth"),
        (-1.5, "no positive number"),
        ("a", "nu = a is no positive number"),
        (float("nan"), "no positive number"),
        (200, r"nu = 200 lies outside of 0.05 to 30: the Gaussian correlation \(gau, igau\) is its limit"),
        (0.01, "hardly any correlation"),
    ],
)
def test_orders_that_cannot_be(order, message):
    with pytest.raises(StructureError, match=message):
        MaternDecay.check(order)
