"""The kernel against CHOLMOD, against itself with more threads, and against a selected inverse in NumPy; the limits of its input."""

import numpy as np
import pytest
from scipy import sparse
from selected_inverse import fill_pattern, selected_inverse

from vcmodel.linalg import cholesky
from vcmodel.linalg.cholesky import SparseCholesky
from vcmodel.linalg.threads import limited_threads


def lower(matrix):
    result = sparse.csc_matrix(sparse.tril(matrix))
    result.sort_indices()
    return result


def lattice(rows, columns, traits):
    """A precision matrix of a lattice with several traits in each cell: fronts of all sizes."""
    path = [sparse.diags([-np.ones(k - 1), 2.5 * np.ones(k), -np.ones(k - 1)], [-1, 0, 1]) for k in (rows, columns)]
    return lower(sparse.kron(sparse.kronsum(*path), np.full((traits, traits), 0.3) + np.eye(traits)))


def families(groups, size, common):
    """Many dense blocks that meet in common columns: a supernode with many children."""
    generator = np.random.default_rng(4)
    border = sparse.random(common, groups * size, 0.5, random_state=1)
    blocks = sparse.block_diag([np.eye(size) + 0.2] * groups)
    full = sparse.bmat([[blocks, border.T], [border, (1.0 + groups * size) * sparse.identity(common)]])
    return lower(full + sparse.diags(generator.random(full.shape[0])))


def bordered(n, dense):
    """One dense block large enough for tiles, and sparse columns tied to it."""
    generator = np.random.default_rng(3)
    root = generator.normal(size=(dense, dense + 5))
    tie = sparse.csr_matrix((np.ones(n), (np.arange(n), generator.integers(0, dense, n))), shape=(n, dense))
    return lower(sparse.bmat([[3.0 * sparse.identity(n), tie], [tie.T, root @ root.T / dense + n * np.eye(dense)]]))


MATRICES = {
    "lattice": lattice(40, 40, 3),
    "families": families(60, 12, 25),
    "forest": sparse.csc_matrix(sparse.block_diag([lattice(12, 12, 2)] * 8)),
    "bordered": bordered(900, 700),
    "diagonal": lower(sparse.diags(np.arange(1.0, 40.0))),
}


@pytest.fixture(params=MATRICES, scope="module")
def pattern(request):
    return MATRICES[request.param]


def close(value, reference, share):
    return np.abs(value - reference).max() <= share * np.abs(reference).max()


def test_cholmod_gives_the_same(pattern):
    own, other = SparseCholesky(pattern), SparseCholesky(pattern, factorization="cholmod")
    assert own.refactor(pattern.data)
    assert other.refactor(pattern.data)
    assert np.array_equal(own.permutation, other.permutation)
    assert other.logdet() == pytest.approx(own.logdet(), rel=1e-12)
    assert other.pivot_ratio(pattern.data) == pytest.approx(own.pivot_ratio(pattern.data), rel=1e-10)
    assert close(other.selected_inverse(), own.selected_inverse(), 1e-10)
    for shape in ((own.size,), (own.size, 1), (own.size, 7), (own.size, 0)):
        rhs = np.random.default_rng(1).normal(size=shape)
        for mine, theirs in ((own.solve(rhs), other.solve(rhs)), (own.half_solve(rhs), other.half_solve(rhs))):
            assert mine.shape == theirs.shape == shape
            assert mine.size == 0 or close(theirs, mine, 1e-10)


def test_cholmod_refuses_what_is_not_positive_definite_and_recovers():
    pattern = MATRICES["families"]
    factor = SparseCholesky(pattern, factorization="cholmod")
    for poison in (-1.0, 0.0, np.nan):
        data = pattern.data.copy()
        data[pattern.indptr[5]] = poison
        assert not factor.refactor(data)
        with pytest.raises(RuntimeError, match="call refactor"):
            factor.logdet()
    assert factor.refactor(pattern.data)
    assert factor.logdet() == pytest.approx(np.linalg.slogdet(pattern.toarray() + sparse.tril(pattern, -1).T)[1], rel=1e-12)


def test_cholmod_refuses_an_indefinite_matrix_with_a_positive_diagonal():
    pattern = lower(np.array([[1.0, 2.0], [2.0, 1.0]]))
    assert not SparseCholesky(pattern, factorization="cholmod").refactor(pattern.data)


@pytest.mark.parametrize("factorization", ["own", "cholmod"])
def test_a_twin_has_numbers_of_its_own(factorization):
    pattern = MATRICES["families"]
    first = SparseCholesky(pattern, factorization=factorization)
    assert first.refactor(pattern.data)
    second = first.twin()
    assert second.refactor(4.0 * pattern.data)
    assert second.logdet() - first.logdet() == pytest.approx(first.size * np.log(4.0))
    assert close(second.selected_inverse(), 0.25 * first.selected_inverse(), 1e-12)


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_do_not_change_the_numbers(pattern, threads):
    """L to the last bit, so that logL and the path of a fit stay; the rest but for rounding."""
    one, many = SparseCholesky(pattern), SparseCholesky(pattern, threads=threads)
    rhs = np.random.default_rng(2).normal(size=(one.size, 40))
    for scale in (1.0, 2.0):
        # with several of its own threads BLAS rounds differently
        with limited_threads(1):
            assert one.refactor(scale * pattern.data)
            solved, half = one.solve(rhs[:, 0]), one.half_solve(rhs)
        assert many.refactor(scale * pattern.data)
        assert one.logdet() == many.logdet()
        assert np.array_equal(many.solve(rhs[:, 0]), solved)
        assert close(many.half_solve(rhs), half, 1e-12)
        assert close(many.selected_inverse(), one.selected_inverse(), 1e-12)


@pytest.mark.parametrize("name", ["lattice", "bordered"])
def test_with_threads_a_bad_pivot_is_a_flag_wherever_it_stands(name):
    pattern = MATRICES[name]
    factor = SparseCholesky(pattern, threads=2)
    for column in (factor.permutation[0], factor.permutation[-1]):
        data = pattern.data.copy()
        data[pattern.indptr[column]] = -1.0
        assert not factor.refactor(data)
    assert factor.refactor(pattern.data)


def test_blas_is_held_at_one_thread_while_ours_run(monkeypatch):
    asked = []
    limited = cholesky.limited_threads
    monkeypatch.setattr(cholesky, "limited_threads", lambda threads: (asked.append(threads), limited(threads))[1])
    pattern = MATRICES["diagonal"]
    for threads, calls in ((1, 0), (2, 3)):
        asked.clear()
        factor = SparseCholesky(pattern, threads=threads)
        assert factor.refactor(pattern.data)
        factor.selected_inverse()
        factor.solve(np.ones(factor.size))
        assert asked == [1] * calls


@pytest.mark.parametrize("name", ["families", "diagonal"])
def test_selected_inverse_in_numpy_agrees(name):
    pattern = MATRICES[name]
    factor = SparseCholesky(pattern)
    assert factor.refactor(pattern.data)
    order = factor.permutation
    full = (pattern + sparse.tril(pattern, -1).T).toarray()[np.ix_(order, order)]
    structure = full != 0
    assert fill_pattern(structure).sum() == factor.fill
    expected = np.empty_like(full)
    expected[np.ix_(order, order)] = selected_inverse(full, structure)
    column = np.repeat(np.arange(factor.size), np.diff(pattern.indptr))
    assert close(factor.selected_inverse(), expected[pattern.indices, column], 1e-12)


@pytest.mark.parametrize("factorization", ["own", "cholmod"])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_matrix_without_rows(factorization, threads):
    pattern = sparse.csc_matrix((0, 0))
    factor = SparseCholesky(pattern, factorization=factorization, threads=threads)
    assert (factor.size, factor.fill, factor.flops) == (0, 0, 0.0)
    assert factor.refactor(np.zeros(0))
    assert factor.logdet() == 0.0
    assert factor.pivot_ratio(np.zeros(0)) == 1.0
    assert factor.selected_inverse().shape == factor.permutation.shape == (0,)
    for shape in ((0,), (0, 3)):
        assert factor.solve(np.zeros(shape)).shape == factor.half_solve(np.zeros(shape)).shape == shape
    assert factor.twin().refactor(np.zeros(0))


@pytest.mark.parametrize("option", [{"factorization": "qr"}, {"threads": 0}])
def test_unknown_options_are_refused(option):
    with pytest.raises(ValueError, match="at least one thread"):
        SparseCholesky(MATRICES["diagonal"], **option)


@pytest.mark.parametrize(("rows", "nonzeros"), [(2**31, 2**31), (10, 2**31)])
def test_positions_beyond_32_bits_are_refused(rows, nonzeros):
    with pytest.raises(ValueError, match="above the limit of 2,147,483,647"):
        cholesky.require_countable(rows, nonzeros)
    cholesky.require_countable(2**31 - 1, 2**31 - 1)
