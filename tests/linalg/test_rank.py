"""Dropped columns against a dense left-to-right orthogonalisation."""

import time

import numpy as np
import pytest
from scipy import sparse

from vcmodel.linalg.rank import dependent_columns


def unit(x):
    x = sparse.csc_matrix(x)
    norm = np.sqrt(np.asarray(x.multiply(x).sum(axis=0)).ravel())
    return sparse.csc_matrix(x @ sparse.diags(1.0 / np.where(norm > 0, norm, 1.0)))


def dummies(codes, size=None):
    size = int(codes.max()) + 1 if size is None else size
    return sparse.csr_matrix((np.ones(len(codes)), (np.arange(len(codes)), codes)), shape=(len(codes), size))


def leftmost(x, tolerance=1e-10):
    """Orthogonalise column by column, twice for stability; a column with nothing left is dropped."""
    basis, dropped = np.zeros((len(x), 0)), []
    for column in x.T:
        rest = column - basis @ (basis.T @ column)
        rest -= basis @ (basis.T @ rest)
        dropped.append(rest @ rest <= tolerance)
        if not dropped[-1]:
            basis = np.column_stack([basis, rest / np.linalg.norm(rest)])
    return np.array(dropped)


@pytest.mark.parametrize("seed", range(60))
def test_random_designs(seed):
    """Intercept, nested and crossed factors, covariates, a zero, a repeated and a combined column, in any order."""
    generator = np.random.default_rng(seed)
    n = int(generator.integers(5, 60))
    outer = generator.integers(0, generator.integers(1, 8), n)
    inner = outer * 4 + generator.integers(0, generator.integers(1, 4), n)
    covariates = generator.normal(size=(n, 2))
    factors = [dummies(codes).toarray() for codes in (outer, inner, generator.integers(0, 5, n))]
    parts = [np.ones((n, 1)), *factors, covariates]
    parts += [np.zeros((n, 1)), parts[1][:, :1], 1e3 * covariates[:, :1] - 3.0]
    x = unit(np.hstack([parts[i] for i in generator.permutation(len(parts))]))
    assert np.array_equal(dependent_columns(sparse.csc_matrix(x.T @ x)), leftmost(x.toarray()))


def test_independent_columns_all_stay():
    x = unit(np.random.default_rng(0).normal(size=(50, 20)))
    assert not dependent_columns(sparse.csc_matrix(x.T @ x)).any()


def test_lower_triangle_is_enough():
    x = unit(np.column_stack([np.ones(6), np.eye(6)]))
    gram = sparse.csc_matrix(x.T @ x)
    expected = [False] * 6 + [True]
    assert dependent_columns(gram).tolist() == dependent_columns(sparse.tril(gram)).tolist() == expected


def test_only_zero_columns():
    assert dependent_columns(sparse.csc_matrix((4, 4))).all()


def test_no_columns():
    assert dependent_columns(sparse.csc_matrix((0, 0))).shape == (0,)


@pytest.mark.parametrize(("gap", "dropped"), [(1e-3, False), (1e-7, True)])
def test_nearly_equal_columns(gap, dropped):
    """The rest of the second column has squared length gap^2, against a tolerance of 1e-10."""
    x = unit(np.array([[1.0, 1.0], [0.0, gap], [0.0, 0.0]]))
    assert dependent_columns(sparse.csc_matrix(x.T @ x)).tolist() == [False, dropped]


def test_an_intercept_and_many_dummies_are_quick():
    codes = np.arange(60_000) % 20_000
    x = unit(sparse.hstack([np.ones((60_000, 1)), dummies(codes)]))
    gram = sparse.csc_matrix(x.T @ x)
    begin = time.perf_counter()
    dropped = dependent_columns(gram)
    assert time.perf_counter() - begin < 1.0
    assert np.flatnonzero(dropped).tolist() == [20_000]


def test_many_nested_levels():
    """Herds before herd-years: the last herd, then the last year of every herd."""
    herd_year = np.arange(30_000) % 10_000
    herd = herd_year // 10
    x = unit(sparse.hstack([np.ones((30_000, 1)), dummies(herd), dummies(herd_year)]))
    dropped = np.flatnonzero(dependent_columns(sparse.csc_matrix(x.T @ x)))
    assert dropped.tolist() == [1000, *(1001 + np.arange(9, 10_000, 10))]
