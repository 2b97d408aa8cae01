import numpy as np
import pytest

from vcmodel.results.cones import _simulated, mixture_weights, project, to_matrix, to_vector, triangle_size


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
    np.testing.assert_allclose(_simulated(u, orders), mixture_weights(u, orders).values, atol=0.01)


def test_a_product_of_independent_cones_has_the_convolved_weights():
    one, other = covariance(3), covariance(1)
    u = np.block([[one, np.zeros((3, 1))], [np.zeros((1, 3)), other]])
    found = mixture_weights(u, [2, 1])
    assert found.simulated
    np.testing.assert_allclose(found.values, np.convolve(mixture_weights(one, [2]).values, [0.5, 0.5]), atol=0.01)
    np.testing.assert_array_equal(found.values, mixture_weights(u, [2, 1]).values)  # the seed is fixed
    assert found.values[::2].sum() == pytest.approx(0.5)
    assert found.values.sum() == pytest.approx(1.0)


def test_projections_are_optimal():
    orders = [3, 1, 2]
    size = sum(map(triangle_size, orders))
    precision = covariance(size) / size
    s = np.random.default_rng(5).normal(size=(40, size))
    x = project(s, precision, orders)
    normal = (x - s) @ precision
    for part, order in ((slice(0, 6), 3), (slice(6, 7), 1), (slice(7, 10), 2)):
        # x and the normal lie in the self-dual cone and are orthogonal
        assert np.linalg.eigvalsh(to_matrix(x[:, part], order)).min() > -1e-9
        assert np.linalg.eigvalsh(to_matrix(normal[:, part], order)).min() > -5e-3
    assert np.abs(np.sum(x * normal, axis=1)).max() < 5e-3
