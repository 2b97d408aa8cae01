import numpy as np
import pandas as pd
import pytest
from example_fits import oats, split_plot, trial, zero_variance
from scipy import stats

import vcmodel as vc
from vcmodel.results.diagnostics import normal_quantiles, outside_band, residual_table, trend, with_intervals


def test_residuals_are_divided_by_the_deviation_of_their_trait():
    table = residual_table(trial().estimate)
    sigma = np.sqrt(np.diag(trial().covariance("residual")))
    for trait, deviation in zip(("bden", "veloc"), sigma, strict=True):
        part = table[table["trait"] == trait]
        wide = trial().residuals[trait].to_numpy()
        np.testing.assert_allclose(part["residual"], wide[~np.isnan(wide)], rtol=1e-12)
        np.testing.assert_allclose(part["standardised"], part["residual"] / deviation, rtol=1e-12)
        np.testing.assert_allclose(part["fitted"] + part["residual"], part["observed"], rtol=1e-12)


def test_weights_and_sections_enter_the_deviation():
    data = oats().assign(w=np.linspace(1.0, 3.0, 72))
    fit = vc.fit("yield ~ gen", random="block", residual="dsum(~ units | nitrof)", data=data, weights="w")
    table = residual_table(fit.estimate)
    variances = np.array([fit.covariance(f"nitrof_{level}").iloc[0, 0] for level in data["nitrof"]])
    np.testing.assert_allclose(table["standardised"], table["residual"] / np.sqrt(variances / data["w"]), rtol=1e-12)


def test_quantiles_are_those_of_the_order_statistics():
    values = np.random.default_rng(3).normal(5.0, 2.0, 9)
    points = normal_quantiles([*values, np.nan])
    assert points["value"].tolist() == sorted(values)
    middle = stats.norm.ppf(stats.beta.ppf(0.5, 3, 7))
    assert points["expected"][2] == pytest.approx(middle, abs=1e-12)
    low, high = np.quantile(values, [0.25, 0.75])
    slope = (high - low) / (stats.norm.ppf(0.75) - stats.norm.ppf(0.25))
    assert points["line"][2] == pytest.approx((low + high) / 2 + slope * middle)
    assert points["upper"][8] == pytest.approx((low + high) / 2 + slope * stats.norm.ppf(stats.beta.ppf(0.975, 9, 1)))


def test_the_band_holds_nineteen_in_twenty_points():
    rng = np.random.default_rng(1)
    outside = [outside_band(normal_quantiles(rng.normal(size=101))) / 101 for _ in range(200)]
    # the line is fitted, which the band does not know of
    assert 0.01 < np.mean(outside) < 0.09
    heavy = [outside_band(normal_quantiles(rng.standard_t(2, size=101))) / 101 for _ in range(50)]
    assert np.mean(heavy) > 2 * np.mean(outside)


def test_a_trend_is_the_means_of_equal_groups():
    found = trend([4.0, 1.0, 3.0, 2.0, np.nan, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0], [4.0, 1.0, 3.0, 2.0, 9.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0])
    assert found.to_numpy().tolist() == [[3.0, 3.0, 5.0], [8.0, 8.0, 5.0]]
    assert trend([], []).empty


def test_intervals_are_symmetric():
    table = with_intervals(pd.DataFrame({"effect": [1.0], "std_error": [2.0]}))
    assert table["upper"][0] == pytest.approx(1.0 + 1.959963985 * 2.0)
    assert table["lower"][0] + table["upper"][0] == pytest.approx(2.0)


def test_a_residual_variance_is_not_that_of_the_residuals():
    """Predicted effects take a part of the residuals with them: their spread is below one."""
    assert residual_table(split_plot().estimate)["standardised"].std() < 1.0
    assert residual_table(zero_variance().estimate)["standardised"].std() == pytest.approx(1.0)
