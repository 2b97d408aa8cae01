"""The one parameter of a decay, as it is worked with and as it is shown."""

import numpy as np
import pytest

from vcmodel.structures.decay import EXPONENTIAL, GAUSSIAN, MaternDecay
from vcmodel.structures.parameter import Parameter
from vcmodel.structures.range_parameter import RangeParameter


def parameter(decay=EXPONENTIAL, least=2.5, name="x.pow"):
    return RangeParameter(name, "decay", "U", decay=decay, least=least, most=100.0 * least)


@pytest.mark.parametrize("decay", [EXPONENTIAL, GAUSSIAN, MaternDecay(1.5), MaternDecay(0.75)], ids=str)
@pytest.mark.parametrize("theta", [0.02, 0.5, 0.97])
def test_back_and_forth_with_derivatives(decay, theta):
    one, step = parameter(decay), 1e-6
    assert one.of_shown(one.shown(theta)) == pytest.approx(theta)
    for function, slope in ((one.shown, one.shown_slope), (one.span, one.span_slope), (one.regular, one.regular_slope)):
        assert slope(theta) == pytest.approx((function(theta + step) - function(theta - step)) / (2.0 * step), rel=1e-6)


@pytest.mark.parametrize(("decay", "power"), [(EXPONENTIAL, 1), (GAUSSIAN, 2)])
def test_phi_is_the_correlation_at_distance_one(decay, power):
    one = parameter(decay)
    phi, span = one.shown(0.6), one.span(0.6)
    assert phi == pytest.approx(np.exp(-(span**-power)))
    assert phi ** (2.5**power) == pytest.approx(0.6)


def test_ends_and_what_is_undefined():
    one, smooth = parameter(), parameter(MaternDecay(1.5))
    assert (one.shown(0.0), one.shown(1.0), one.span(0.0), one.span(1.0)) == (0.0, 1.0, 0.0, np.inf)
    assert (smooth.shown(0.0), smooth.shown(1.0)) == (0.0, np.inf)
    assert np.isnan(one.shown(np.nan)) and np.isnan(smooth.shown(np.nan))
    assert parameter(GAUSSIAN, 1e-3).shown(0.5) == 0.0 and parameter(GAUSSIAN, 1e-3).span(0.5) > 1e-3  # phi underflows, the range does not


def test_equal_ranges_over_other_distances():
    one, two = parameter(least=1.0), parameter(least=2.5)
    assert two.like(one, 0.6) == pytest.approx(0.6**2.5)
    assert one.like(one, 0.6) == 0.6
    assert one.like(Parameter("", "variance", "P"), 0.6) == 0.6
    assert one.tied_as != parameter(GAUSSIAN).tied_as


def test_starting_values_that_cannot_be():
    assert "strictly between 0 and 1" in parameter().refusal(1.0, residual=False)
    assert "a range is > 0" in parameter(MaternDecay(0.5)).refusal(0.0, residual=True)
    assert not parameter().refusal(0.5, residual=True)
