import numpy as np

from vcmodel.results.field import Field
from vcmodel.results.field_covariance import SeparableCovariance


def test_values_stand_at_their_places_and_in_standard_deviations():
    covariance = SeparableCovariance(np.diag([1.0, 4.0]), np.eye(3))
    row, column = np.array([0, 1, 1]), np.array([2, 0, 1])
    found = Field(
        "row:col", "", "y", "row", "col", ("1", "2"), ("a", "b", "c"), row, column, np.arange(3), np.array([5.0, 6.0, 8.0]), covariance
    )
    np.testing.assert_array_equal(found.grid, [[np.nan, np.nan, 5.0], [6.0, 8.0, np.nan]])
    np.testing.assert_array_equal(found.standardised, [[np.nan, np.nan, 5.0], [3.0, 4.0, np.nan]])
    assert found.title == "y"


def test_a_place_without_variance_has_no_standardised_value():
    found = Field(
        "s_A", "s A", "y", "", "c", ("",), ("1",), *np.zeros((3, 1), int), np.ones(1), SeparableCovariance(np.zeros((1, 1)), np.eye(1))
    )
    assert np.isnan(found.standardised).all()
    assert found.title == "y, s A"
