"""Positive (semi-)definite: the same answer in every unit."""

from __future__ import annotations

import numpy as np
import pytest

from vcmodel.linalg.definite import inverted, is_positive_definite, is_positive_semidefinite

UNITS = [np.ones(2), np.array([1.0, 1e6]), np.array([1e-8, 1e3])]


def pair(correlation, unit=UNITS[0]):
    return np.array([[1.0, correlation], [correlation, 1.0]]) * np.outer(unit, unit)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(
    ("correlation", "semidefinite", "definite"),
    [
        (0.0, True, True),
        (0.999, True, True),
        (1.0, True, False),
        (-1.0, True, False),
        (1.0 + 1e-13, True, False),
        (1.0 + 1e-9, False, False),
    ],
)
def test_a_correlation_of_one_is_the_boundary(correlation, semidefinite, definite, unit):
    matrix = pair(correlation, unit)
    assert is_positive_semidefinite(matrix) is semidefinite
    assert is_positive_definite(matrix) is definite


def test_zero_variances_are_singular_and_have_no_covariances():
    assert is_positive_semidefinite(np.diag([1.0, 0.0]))
    assert is_positive_semidefinite(np.zeros((2, 2)))
    assert not is_positive_definite(np.diag([1.0, 0.0]))
    assert not is_positive_semidefinite(np.array([[1.0, 1e-20], [1e-20, 0.0]]))


def test_negative_variances_and_what_is_no_number_are_refused():
    assert not is_positive_semidefinite(np.diag([1.0, -1e-30]))
    assert not is_positive_semidefinite(np.full((2, 2), np.nan))
    assert not is_positive_definite(np.diag([1.0, np.inf]))


def test_a_matrix_of_no_levels_is_both():
    assert is_positive_semidefinite(np.zeros((0, 0)))
    assert is_positive_definite(np.zeros((0, 0)))


@pytest.mark.parametrize("rank", [1, 3, 6])
def test_matrices_of_reduced_rank_are_semidefinite(rank):
    rng = np.random.default_rng(rank)
    for _ in range(20):
        root = rng.normal(size=(6, rank)) * 10.0 ** rng.integers(-4, 4, (6, 1))
        assert is_positive_semidefinite(root @ root.T)
        assert is_positive_definite(root @ root.T) == (rank == 6)


@pytest.mark.parametrize("order", [1, 2, 5, 40])
def test_inverse_and_determinant(order):
    root = np.random.default_rng(order).normal(size=(order, order)) + 2.0 * np.eye(order)
    matrix = root @ root.T
    inverse, logdet = inverted(matrix)
    assert np.allclose(inverse @ matrix, np.eye(order))
    assert np.array_equal(inverse, inverse.T)
    assert logdet == pytest.approx(np.linalg.slogdet(matrix)[1])


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_what_has_no_inverse(value):
    assert inverted(np.array([[value]])) is None
    assert inverted(np.diag([1.0, value])) is None
    assert inverted(np.array([[1.0, 2.0], [2.0, 1.0]])) is None
