"""The sparse factorisation against dense algebra."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples
from scipy import sparse

from vcmodel.linalg.cholesky import SparseCholesky


def lower(matrix):
    """Lower triangle as sorted csc with the whole diagonal."""
    result = sparse.csc_matrix(np.tril(matrix))
    result.sort_indices()
    return result


def grid(rows, columns):
    """A precision matrix of a lattice: each cell tied to its neighbours."""
    path = [sparse.diags([-np.ones(k - 1), 2.5 * np.ones(k), -np.ones(k - 1)], [-1, 0, 1]) for k in (rows, columns)]
    return sparse.kronsum(path[0], path[1]).toarray()


def random_matrix(n, density, seed):
    generator = np.random.default_rng(seed)
    root = generator.normal(size=(n, n)) * (generator.random((n, n)) < density)
    return root @ root.T + np.eye(n)


def arrow(n):
    matrix = 3.0 * n * np.eye(n)
    matrix[0, :] = matrix[:, 0] = 1.0
    matrix[0, 0] = 3.0 * n
    return matrix


def mixed_model(seed):
    """Equations of a small trial: crossed factors, three traits per level."""
    generator = np.random.default_rng(seed)
    a, b = generator.integers(0, 40, 300), generator.integers(0, 25, 300)
    design = np.hstack([np.ones((300, 1)), np.eye(40)[a], np.eye(25)[b]])
    return np.kron(design.T @ design, np.full((3, 3), 0.3) + np.eye(3)) + np.eye(198)


MATRICES = {
    "one": np.array([[4.0]]),
    "diagonal": np.diag(np.arange(1.0, 9.0)),
    "dense": random_matrix(120, 1.0, 1),
    "arrow": arrow(200),
    "reversed arrow": arrow(200)[::-1, ::-1],
    "blocks": np.kron(np.eye(12), random_matrix(9, 1.0, 2)),
    "disconnected": np.block([[random_matrix(30, 0.2, 3), np.zeros((30, 50))], [np.zeros((50, 30)), random_matrix(50, 0.05, 4)]]),
    "lattice": grid(17, 23),
    "sparse": random_matrix(400, 0.004, 5),
    "denser": random_matrix(250, 0.02, 6),
    "mixed model": mixed_model(7),
}


@pytest.fixture(params=MATRICES, scope="module")
def case(request):
    matrix = MATRICES[request.param]
    pattern = lower(matrix)
    factor = SparseCholesky(pattern)
    assert factor.refactor(pattern.data)
    return matrix, pattern, factor


def entries(dense, pattern):
    return dense[pattern.indices, np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr))]


def test_selected_inverse(case):
    matrix, pattern, factor = case
    expected = entries(np.linalg.inv(matrix), pattern)
    assert np.abs(factor.selected_inverse() - expected).max() <= 1e-12 * np.abs(expected).max()


def test_trace_of_product_is_order(case):
    _, pattern, factor = case
    weight = 2.0 - (pattern.indices == np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr)))
    assert weight @ (pattern.data * factor.selected_inverse()) == pytest.approx(factor.size, rel=1e-11)


def test_logdet(case):
    matrix, _, factor = case
    assert factor.logdet() == pytest.approx(np.linalg.slogdet(matrix)[1], rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("columns", [None, 1, 3, 4, 30])
def test_solves(case, columns):
    matrix, _, factor = case
    shape = (len(matrix),) if columns is None else (len(matrix), columns)
    rhs = np.random.default_rng(0).normal(size=shape)
    expected = np.linalg.solve(matrix, rhs)
    solution, half = factor.solve(rhs), factor.half_solve(rhs)
    assert solution.shape == half.shape == shape
    assert np.allclose(solution, expected, rtol=0, atol=1e-11 * np.abs(expected).max())
    product = rhs.T @ expected
    assert np.allclose(half.T @ half, product, rtol=0, atol=1e-11 * np.abs(product).max())


def test_right_hand_sides_are_not_changed_and_none_is_fine(case):
    _, _, factor = case
    rhs = np.ones((factor.size, 5))
    factor.solve(rhs)
    factor.half_solve(rhs)
    assert np.all(rhs == 1.0)
    assert factor.solve(np.empty((factor.size, 0))).shape == (factor.size, 0)


def test_permutation_fill_and_flops(case):
    matrix, pattern, factor = case
    order = factor.permutation
    assert np.array_equal(np.sort(order), np.arange(len(matrix)))
    # nonzeros of L by elimination of the pattern, and one multiplication for each pair of them in a column
    structure = np.zeros(matrix.shape, dtype=bool)
    structure[pattern.indices, np.repeat(np.arange(len(matrix)), np.diff(pattern.indptr))] = True
    structure = (structure | structure.T)[np.ix_(order, order)]
    count = 0
    for k in range(len(matrix)):
        below = k + 1 + np.flatnonzero(structure[k + 1 :, k])
        structure[np.ix_(below, below)] = True
        count += 1 + len(below)
    assert factor.fill == count
    assert factor.flops >= count


@settings(max_examples=examples(40))
@given(n=st.integers(1, 90), density=st.floats(0, 0.4), seed=st.integers(0, 2**32 - 1))
def test_random_matrices(n, density, seed):
    matrix = random_matrix(n, density, seed)
    pattern = lower(matrix)
    factor = SparseCholesky(pattern)
    assert factor.refactor(pattern.data)
    expected = np.linalg.inv(matrix)
    assert np.abs(factor.selected_inverse() - entries(expected, pattern)).max() <= 1e-12 * np.linalg.cond(matrix) * np.abs(expected).max()
    assert factor.logdet() == pytest.approx(np.linalg.slogdet(matrix)[1], rel=1e-10, abs=1e-10)


def test_refactor_with_other_values_on_the_same_pattern():
    pattern = lower(MATRICES["lattice"])
    factor = SparseCholesky(pattern)
    for scale in (1.0, 3.0):
        data = scale * pattern.data
        assert factor.refactor(data)
        expected = entries(np.linalg.inv(scale * MATRICES["lattice"]), pattern)
        assert np.allclose(factor.selected_inverse(), expected, rtol=1e-11)


def test_stored_zeros_belong_to_the_pattern():
    """A pattern filled with zeros now and with values later gives the right inverse both times."""
    full = lower(np.ones((6, 6)))
    factor = SparseCholesky(full)
    for matrix in (np.diag(np.arange(1.0, 7.0)), random_matrix(6, 1.0, 0)):
        data = entries(matrix, full)
        assert factor.refactor(data)
        assert np.allclose(factor.selected_inverse(), entries(np.linalg.inv(matrix), full), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("name", ["one", "dense", "arrow", "lattice"])
@pytest.mark.parametrize("poison", [-1.0, 0.0, np.nan])
def test_not_positive_definite_is_a_flag(name, poison):
    pattern = lower(MATRICES[name])
    factor = SparseCholesky(pattern)
    data = pattern.data.copy()
    data[pattern.indptr[:-1][factor.size // 2]] = poison
    assert not factor.refactor(data)
    for use in (factor.logdet, factor.selected_inverse, lambda: factor.solve(np.ones(factor.size))):
        with pytest.raises(RuntimeError, match="call refactor"):
            use()
    assert factor.refactor(pattern.data)
    assert np.isfinite(factor.logdet())


def test_indefinite_with_positive_diagonal():
    pattern = lower(np.array([[1.0, 2.0], [2.0, 1.0]]))
    assert not SparseCholesky(pattern).refactor(pattern.data)


def test_pivot_ratio_shows_a_matrix_singular_but_for_rounding():
    pattern = lower(np.array([[1.0, 1.0], [1.0, 1.0 + 1e-14]]))
    factor = SparseCholesky(pattern)
    assert factor.refactor(pattern.data)
    assert 0.0 < factor.pivot_ratio(pattern.data) < 1e-13
    good = lower(np.diag([1.0, 1e9]))
    factor = SparseCholesky(good)
    assert factor.refactor(good.data)
    assert factor.pivot_ratio(good.data) == pytest.approx(1.0)


def test_traits_of_one_level_cost_no_more_order_than_the_levels():
    """Columns with equal neighbours stand together in the order."""
    tree = sparse.random(60, 60, 0.05, random_state=3).toarray()
    structure = (tree @ tree.T + np.eye(60)) != 0
    matrix = np.kron(structure, np.ones((4, 4)))
    order = SparseCholesky(lower(matrix + 400 * np.eye(240))).permutation
    assert np.all(np.diff((order // 4).reshape(-1, 4), axis=1) == 0)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (np.eye(3), "square csc"),
        (sparse.csr_matrix(np.eye(3)), "square csc"),
        (sparse.csc_matrix(np.ones((2, 3))), "square csc"),
        (sparse.csc_matrix(np.ones((2, 2))), "lower triangle"),
        (sparse.csc_matrix(np.array([[1.0, 0], [1, 0]])), "whole diagonal"),
    ],
)
def test_a_bad_pattern_is_refused(pattern, message):
    with pytest.raises(ValueError, match=message):
        SparseCholesky(pattern)


def test_wrong_lengths_are_refused():
    pattern = lower(np.eye(3))
    factor = SparseCholesky(pattern)
    with pytest.raises(ValueError, match="wrong length"):
        factor.refactor(np.ones(2))
    assert factor.refactor(pattern.data)
    with pytest.raises(ValueError, match="3 rows"):
        factor.solve(np.ones(4))


def test_agrees_with_cholmod():
    from sksparse.cholmod import cholesky

    matrix = MATRICES["mixed model"]
    pattern = lower(matrix)
    factor = SparseCholesky(pattern)
    assert factor.refactor(pattern.data)
    assert factor.logdet() == pytest.approx(cholesky(sparse.csc_matrix(matrix)).logdet(), rel=1e-13)
