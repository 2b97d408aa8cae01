import numpy as np
import pytest

from vcmodel.results.field_covariance import PlacesCovariance, SeparableCovariance


def some_covariance(size, seed):
    root = np.random.default_rng(seed).normal(size=(size, size + 2))
    return root @ root.T


@pytest.fixture
def separable():
    """Rows and columns of unequal variances, without a pattern by lag."""
    return SeparableCovariance(some_covariance(4, 1), some_covariance(5, 2))


def naive(covariance, shape, a, b):
    """Half the mean expected squared difference of all pairs of places."""
    found = []
    for i in range(shape[0] - a):
        for j in range(shape[1]):
            for other in {j + b, j - b}:
                if 0 <= other < shape[1]:
                    one, two = i * shape[1] + j, (i + a) * shape[1] + other
                    found.append(0.5 * (covariance[one, one] + covariance[two, two]) - covariance[one, two])
    return np.mean(found)


@pytest.mark.parametrize("lag", [(0, 1), (1, 0), (2, 3), (3, 4), (1, 1)])
def test_the_expected_semivariance_is_that_of_all_pairs(separable, lag):
    matrix = np.kron(separable.rows, separable.columns)
    same = PlacesCovariance(matrix, np.arange(20).reshape(4, 5))
    expected = naive(matrix, (4, 5), *lag)
    assert separable.semivariance(*lag) == pytest.approx(expected, rel=1e-12)
    assert same.semivariance(*lag) == pytest.approx(expected, rel=1e-12)


def test_deviations(separable):
    row, column = np.array([0, 3]), np.array([4, 1])
    expected = np.sqrt(np.diag(np.kron(separable.rows, separable.columns)).reshape(4, 5)[row, column])
    same = PlacesCovariance(np.kron(separable.rows, separable.columns), np.arange(20).reshape(4, 5))
    np.testing.assert_allclose(separable.deviation(row, column), expected)
    np.testing.assert_allclose(same.deviation(row, column), expected)


def test_places_that_are_not_there_are_in_no_pair():
    level = np.array([[0, -1], [1, 2]])
    found = PlacesCovariance(np.diag([1.0, 2.0, 3.0]), level)
    assert found.semivariance(1, 0) == pytest.approx(1.5)
    assert found.semivariance(1, 1) == pytest.approx(2.0)
    assert np.isnan(PlacesCovariance(np.eye(1), np.array([[0, -1]])).semivariance(0, 1))


def test_beyond_the_grid_there_is_nothing(separable):
    assert np.isnan(separable.semivariance(4, 0))
    assert np.isnan(PlacesCovariance(np.eye(4), np.arange(4).reshape(2, 2)).semivariance(0, 2))


def test_the_matrix_of_places(separable):
    row, column = np.array([0, 3, 1]), np.array([4, 1, 1])
    whole = np.kron(separable.rows, separable.columns)
    place = row * 5 + column
    expected = whole[np.ix_(place, place)]
    np.testing.assert_allclose(separable.between(row, column), expected)
    np.testing.assert_allclose(PlacesCovariance(whole, np.arange(20).reshape(4, 5)).between(row, column), expected)
