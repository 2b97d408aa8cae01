"""Sparse inverses: those of the dense matrix, with their derivatives."""

import numpy as np
import pytest
from structures.drawing import NAMES, assert_near, differences, instances

from vcmodel.structures.autoregressive_inverse import AutoregressiveInverse, FirstOrderInverse

FOUND = [
    pytest.param(item, id=f"{name}-{size}-{number}")
    for name in NAMES
    for size in (1, 2, 3, 4, 8)
    for number, item in enumerate(instances(name, size))
    if item.sparse_inverse() is not None
]


@pytest.mark.parametrize("structure", FOUND)
def test_laws(structure):
    inverse, rng = structure.sparse_inverse(), np.random.default_rng(3)
    weights = rng.normal(size=len(inverse.matrices()))
    assert not structure.carries_variance and inverse.order == structure.size
    for theta in (structure.start(np.eye(structure.size)), structure.start(0.6 * np.eye(structure.size) + 0.4)):
        matrix = sum(a * m.toarray() for a, m in zip(inverse.coefficients(theta), inverse.matrices(), strict=True))
        assert_near(matrix @ structure.value(theta), np.eye(structure.size), 1e-12)
        assert_near(inverse.logdet(theta), np.linalg.slogdet(structure.value(theta))[1], 1e-12)
        assert_near(inverse.derivative(theta) @ weights, differences(lambda x: inverse.coefficients(x) @ weights, theta))
        assert_near(inverse.logdet_derivative(theta), differences(inverse.logdet, theta))


def test_a_matrix_of_rank_one_has_no_inverse():
    structure = next(item.values[0] for item in FOUND if item.values[0].name == "ar1" and item.values[0].size == 4)
    inverse = structure.sparse_inverse()
    assert not np.isfinite(inverse.coefficients(np.ones(1))).all() and inverse.logdet(np.ones(1)) == -np.inf


@pytest.mark.parametrize("levels", [2, 3, 7])
def test_the_closed_form_of_first_order_is_that_of_any_order(levels):
    closed, general = FirstOrderInverse(levels), AutoregressiveInverse(levels, lambda theta: (theta, np.eye(1)), 1)
    for one, other in zip(closed.matrices(), general.matrices(), strict=True):
        assert np.array_equal(one.toarray(), other.toarray())
    for r in (-0.9, 0.0, 0.4):
        theta = np.array([r])
        assert_near(closed.coefficients(theta), general.coefficients(theta), 1e-14)
        assert_near(closed.derivative(theta), general.derivative(theta), 1e-13)
        assert_near(closed.logdet(theta), general.logdet(theta), 1e-14)
        assert_near(closed.logdet_derivative(theta), general.logdet_derivative(theta), 1e-14)
