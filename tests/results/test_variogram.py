import numpy as np
import pytest

from vcmodel.results.field import Field
from vcmodel.results.field_covariance import SeparableCovariance
from vcmodel.results.variogram import semivariogram, variograms


def naive(values, a, b):
    total, count = 0.0, 0
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            for k in range(values.shape[0]):
                for m in range(values.shape[1]):
                    if (k - i, abs(m - j)) == (a, b) and (k, m) > (i, j):
                        difference = values[i, j] - values[k, m]
                        if not np.isnan(difference):
                            total, count = total + difference**2, count + 1
    return total / (2 * count), count


def test_the_semivariogram_is_that_of_all_pairs():
    values = np.random.default_rng(0).normal(size=(7, 6))
    values[2, 3] = values[5, 0] = np.nan
    table = semivariogram(values)
    assert (0, 0) not in set(zip(table["row_lag"], table["column_lag"], strict=True))
    for row in table.itertuples():
        expected, pairs = naive(values, row.row_lag, row.column_lag)
        assert row.pairs == pairs >= 10
        assert row.semivariance == pytest.approx(expected, rel=1e-12)


def test_a_slope_along_the_rows_shows_along_the_rows_only():
    table = semivariogram(np.repeat(np.arange(8.0)[:, None], 8, axis=1)).set_index(["row_lag", "column_lag"])["semivariance"]
    assert table[(2, 0)] == 2.0
    assert table[(0, 2)] == 0.0


def test_small_fields_have_none():
    assert semivariogram(np.zeros((2, 2))).empty
    assert semivariogram(np.zeros((0, 0))).empty


def test_the_estimates_stand_beside_the_sample():
    rng = np.random.default_rng(3)
    places = np.divmod(np.arange(80), 10)
    rho = SeparableCovariance(4.0 * 0.5 ** np.abs(np.subtract.outer(np.arange(8), np.arange(8))), np.eye(10))
    both = [
        Field("loc_A", "loc A", "y", "row", "col", tuple("abcdefgh"), tuple("ABCDEFGHIJ"), *places, np.arange(80), rng.normal(size=80), rho)
    ] * 2
    table = variograms(both)
    assert len(table) == 2 * len(semivariogram(both[0].grid))
    assert table.columns.tolist() == ["section", "trait", "row_lag", "column_lag", "semivariance", "pairs", "expected"]
    assert table.iloc[0].tolist()[:4] == ["loc_A", "y", 0, 1]
    at = table.set_index(["row_lag", "column_lag"])["expected"]
    assert at[2, 0].tolist() == pytest.approx([3.0, 3.0])
    assert at[2, 1].tolist() == pytest.approx([4.0, 4.0])
    assert variograms([]).columns.tolist() == table.columns.tolist()
