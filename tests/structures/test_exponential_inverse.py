"""The tridiagonal inverse of an exponential correlation on one axis, against dense algebra."""

import numpy as np
import pytest
from structures.drawing import assert_near, differences

from vcmodel.structures.exponential_inverse import MOST_GAPS, ExponentialInverse
from vcmodel.structures.registry import build

SETS = {
    "regular": [0.0, 1.0, 2.0, 3.0, 4.0],
    "gaps": [0.0, 1.0, 3.0, 4.0, 9.0],
    "not in order": [4.0, 0.1, 7.1, 1.1, 5.0],
    "two": [0.0, 2.5],
}


@pytest.mark.parametrize("places", SETS.values(), ids=SETS)
@pytest.mark.parametrize("phi", [0.05, 0.6, 0.995])
def test_inverse_determinant_and_derivatives(places, phi):
    k = len(places)
    structure = build("exp", "x", tuple("abcde"[:k]), positions=tuple((value,) for value in places))
    theta = np.array([structure.parameters[0].of_shown(phi)])
    inverse = structure.sparse_inverse()
    matrices = [matrix.toarray() for matrix in inverse.matrices()]
    sigma = phi ** np.abs(np.subtract.outer(places, places))
    assert inverse.order == k
    assert all(np.array_equal(matrix, matrix.T) for matrix in matrices)
    assert_near(sum(a * matrix for a, matrix in zip(inverse.coefficients(theta), matrices, strict=True)) @ sigma, np.eye(k), 1e-10)
    assert inverse.logdet(theta) == pytest.approx(np.linalg.slogdet(sigma)[1], abs=1e-10)
    steps = 1e-7 * theta
    assert_near(inverse.derivative(theta), differences(inverse.coefficients, theta, steps[0]), 1e-5)
    assert_near(inverse.logdet_derivative(theta), differences(lambda t: np.array([inverse.logdet(t)]), theta, steps[0])[:, 0], 1e-6)


def test_gaps_of_one_length_but_for_rounding_are_one():
    assert ExponentialInverse.of(np.cumsum(np.full(50, 0.1))).lengths.size == 1


def test_too_many_lengths_have_no_sparse_inverse():
    assert ExponentialInverse.of(np.cumsum(np.arange(1.0, MOST_GAPS + 1.0))) is not None
    assert ExponentialInverse.of(np.cumsum(np.arange(1.0, MOST_GAPS + 3.0))) is None


def test_a_single_place():
    one = ExponentialInverse.of(np.array([3.0]))
    assert np.array_equal(one.coefficients(np.zeros(0)), [1.0])
    assert one.derivative(np.zeros(0)).shape == (0, 1)
    assert (one.logdet(np.zeros(0)), one.logdet_derivative(np.zeros(0)).shape) == (0.0, (0,))
