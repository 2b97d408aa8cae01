import numpy as np
import pytest
from scipy import stats

from vcmodel.results.cones import mixture_weights
from vcmodel.results.projection import simulated_weights, split, to_matrix, to_vector, triangle_size


def covariance(size, seed=3):
    root = np.random.default_rng(seed).normal(size=(size, 2 * size))
    return root @ root.T


def test_triangles_keep_lengths():
    matrices = np.random.default_rng(1).normal(size=(5, 3, 3))
    matrices = matrices + matrices.transpose(0, 2, 1)
    vectors = to_vector(matrices)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), np.linalg.norm(matrices, axis=(1, 2)))
    np.testing.assert_allclose(to_matrix(vectors, 3), matrices)


@pytest.mark.parametrize(
    ("covariance", "orders", "weights"),
    [
        ([[4.0]], [1], [0.5, 0.5]),
        (np.diag([1.0, 3.0, 2.0, 5.0]), [1] * 4, [1 / 16, 1 / 4, 3 / 8, 1 / 4, 1 / 16]),
        ([[1.0, 0.5], [0.5, 1.0]], [1, 1], [1 / 6, 1 / 2, 1 / 3]),  # the angle between the constraints is 60 degrees
        ([[9.0, -1.5], [-1.5, 1.0]], [1, 1], [1 / 3, 1 / 2, 1 / 6]),
        # the cone of 2 x 2 matrices is a right circular cone of half angle 45 degrees
        (np.eye(3), [2], [(2 - 2**0.5) / 8 * 2, 2**0.5 / 4, 2**0.5 / 4, (2 - 2**0.5) / 8 * 2]),
    ],
)
def test_weights_in_closed_form(covariance, orders, weights):
    found = mixture_weights(np.array(covariance), orders)
    assert not found.simulated
    np.testing.assert_allclose(found.values, weights, atol=1e-10)


def test_two_by_two_matrices_do_not_depend_on_the_scale_of_the_levels():
    """A congruence maps the cone onto itself."""
    transform = np.array([[3.0, 0.0], [1.0, 0.2]])
    basis = to_matrix(np.eye(3), 2)
    mapped = to_vector(transform @ basis @ transform.T)
    found = mixture_weights(mapped.T @ covariance(3) @ mapped, [2]).values
    np.testing.assert_allclose(found, mixture_weights(covariance(3), [2]).values, atol=1e-8)


@pytest.mark.parametrize("orders", [[1, 1], [1, 1, 1], [2]])
def test_simulated_weights_are_the_exact_ones(orders):
    u = covariance(sum(map(triangle_size, orders)))
    np.testing.assert_allclose(simulated_weights(np.linalg.cholesky(u), orders), mixture_weights(u, orders).values, atol=0.01)


def test_a_product_of_independent_cones_has_the_convolved_weights():
    one, other = covariance(3), covariance(1)
    u = np.block([[one, np.zeros((3, 1))], [np.zeros((1, 3)), other]])
    found = mixture_weights(u, [2, 1])
    assert found.simulated
    np.testing.assert_allclose(found.values, np.convolve(mixture_weights(one, [2]).values, [0.5, 0.5]), atol=0.01)
    np.testing.assert_array_equal(found.values, mixture_weights(u, [2, 1]).values)  # the seed is fixed
    assert found.values[::2].sum() == pytest.approx(0.5)
    assert found.values.sum() == pytest.approx(1.0)


def test_a_part_of_the_matrices():
    """Diagonal 2 x 2 matrices are two half-lines; matrices that are all multiples of one are one."""
    u = np.array([[1.0, 0.6], [0.6, 1.0]])
    spread = np.zeros((3, 2))
    spread[[0, 2], [0, 1]] = 1.0
    found = mixture_weights(spread @ u @ spread.T, [2])
    assert found.simulated
    np.testing.assert_allclose(found.values, mixture_weights(u, [1, 1]).values, atol=0.01)
    one = to_vector(np.array([[2.0, 1.0], [1.0, 3.0]]))
    np.testing.assert_allclose(mixture_weights(np.outer(one, one), [2]).values, [0.5, 0.5], atol=1e-6)


def test_the_mixture_is_the_distribution_of_the_length_of_projections():
    """Matrices of order 3 with equal variances: a cone in four dimensions that is no product."""
    root = np.zeros((6, 4))
    root[[0, 2, 5], 0] = 1.0
    root[[1, 3, 4], [1, 2, 3]] = [1.0, 1.2, 1.4]
    w = np.random.default_rng(6).standard_normal((3000, 4))
    total = split(w, root, [3])
    values, axes = np.linalg.eigh(to_matrix(total, 3))
    matrices = to_vector((axes * np.maximum(values, 0.0)[:, None, :]) @ axes.transpose(0, 2, 1))
    squares = np.sum(np.linalg.lstsq(root, matrices.T, rcond=None)[0] ** 2, axis=0)
    weights = simulated_weights(root, [3])
    for level in (0.5, 1.5, 4.0, 8.0):
        tail = sum(weight * stats.chi2.sf(level, df) for df, weight in enumerate(weights) if df)
        assert np.mean(squares > level) == pytest.approx(tail, abs=0.03)


def test_projections_are_optimal():
    orders = [3, 1, 2]
    root = np.linalg.cholesky(covariance(10) / 10)
    w = np.random.default_rng(5).normal(size=(40, 10))
    total = split(w, root, orders)
    matrices = np.zeros_like(total)
    for part, order in ((slice(0, 6), 3), (slice(6, 7), 1), (slice(7, 10), 2)):
        values, axes = np.linalg.eigh(to_matrix(total[:, part], order))
        matrices[:, part] = to_vector((axes * np.maximum(values, 0.0)[:, None, :]) @ axes.transpose(0, 2, 1))
    # the multipliers are positive semi-definite and orthogonal to the matrices by construction: the conditions are met if x = w + F'Y
    np.testing.assert_allclose(np.linalg.solve(root, matrices.T).T, w + (matrices - total) @ root, atol=0.01)


def test_the_level_of_the_mixture_for_a_matrix_left_out():
    """Two traits, 40 families of 4: the statistic has a closed form in the eigenvalues of between against within."""
    rng = np.random.default_rng(12)
    between, within = 39, 120
    b, w = rng.normal(size=(4000, between, 2)), rng.normal(size=(4000, within, 2))
    squares = [matrix.transpose(0, 2, 1) @ matrix / matrix.shape[1] for matrix in (b, w)]
    ratio = np.linalg.eigvals(np.linalg.solve(squares[1], squares[0])).real
    total = between + within
    terms = total * np.log((between * ratio + within) / total) - between * np.log(ratio)
    statistics = np.where(ratio > 1.0, terms, 0.0).sum(axis=1)
    weights = mixture_weights(np.eye(3), [2]).values
    tails = np.array([sum(weight * stats.chi2.sf(value, df) for df, weight in enumerate(weights) if df) for value in statistics])
    assert 0.035 < np.mean(tails[statistics > 0] < 0.05) * np.mean(statistics > 0) < 0.055
    assert np.mean(stats.chi2.sf(statistics, 3) < 0.05) < 0.025
