"""The symmetric root of regular, singular and numerically singular matrices."""

import numpy as np
from structures.drawing import assert_near, differences

from vcmodel.structures.symmetric_root import SymmetricRoot


def test_root_and_derivative():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(4, 5))
    moves = rng.normal(size=(2, 4, 4))
    moves = moves + moves.transpose(0, 2, 1)
    sigma = root @ root.T
    found = SymmetricRoot.of(sigma)
    assert_near(found.matrix @ found.matrix, sigma, 1e-14)
    assert_near(found.derivative(moves), differences(lambda t: SymmetricRoot.of(sigma + np.tensordot(t, moves, 1)).matrix, np.zeros(2)))


def test_a_matrix_of_rank_one():
    ones = np.ones((5, 5))
    found = SymmetricRoot.of(ones)
    assert_near(found.matrix, ones / np.sqrt(5.0), 1e-7)
    half = found.derivative(ones[None])[0] @ found.matrix
    assert_near(half + half.T, ones, 1e-7)


def test_a_matrix_singular_by_rounding():
    x = np.linspace(0.0, 1.0, 40)
    apart = np.subtract.outer(x, x) ** 2
    sigma, move = np.exp(-apart), -apart * np.exp(-apart)
    found = SymmetricRoot.of(sigma)
    assert_near(found.matrix @ found.matrix, sigma, 1e-13)
    half = found.derivative(move[None])[0] @ found.matrix
    assert_near(half + half.T, move, 1e-7)
