import math

import pytest
from scipy import stats

from vcmodel.results.distributions import Z95, chi_square_tail, mixture_tail, normal_two_sided


@pytest.mark.parametrize("df", [1, 2, 3, 4, 7, 10, 51, 400])
@pytest.mark.parametrize("x", [1e-8, 0.3, 3.84, 30.0, 400.0])
def test_chi_square_tail_is_scipys(df, x):
    assert chi_square_tail(x, df) == pytest.approx(stats.chi2.sf(x, df), rel=1e-10, abs=1e-300)


def test_chi_square_tail_at_the_edges():
    assert chi_square_tail(0.0, 3) == 1.0
    assert chi_square_tail(2.0, 0) == 0.0
    assert math.isnan(chi_square_tail(math.nan, 1))


@pytest.mark.parametrize("z", [0.0, 0.5, -1.96, 8.0])
def test_normal_tails_are_scipys(z):
    assert normal_two_sided(z) == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-12)


def test_interval_quantile():
    assert pytest.approx(stats.norm.ppf(0.975), rel=1e-14) == Z95


def test_every_component_of_a_mixture_counts():
    x = 3.2
    one, two = math.erfc(math.sqrt(x / 2)), math.exp(-x / 2)
    assert mixture_tail(x, [0.25, 0.5, 0.25]) == pytest.approx(0.5 * one + 0.25 * two, rel=1e-12)
    assert mixture_tail(x, [0.0, 0.5, 0.5]) == pytest.approx(0.5 * one + 0.5 * two, rel=1e-12)
