"""Fill-reducing orders: the cheapest of those tried, on fields, and remembered by pattern."""

from collections import OrderedDict

import numpy as np
import pytest
from scipy import sparse

from vcmodel.linalg import ordering
from vcmodel.linalg._kernels import Symbolic
from vcmodel.linalg.cholesky import SparseCholesky


def neighbours(n):
    return sparse.diags([np.ones(n - 1), np.ones(n), np.ones(n - 1)], [-1, 0, 1])


def field(rows, columns, genotypes, *, nugget, trials=1, missing=0.05):
    """Pattern of the equations of genotypes randomised over fields with a separable residual, and which are the fields' own.

    With a nugget these are all plots, otherwise the missing ones only. 5 % are missing; a trial of several grows half as many genotypes as
    it has plots.
    """
    draw = np.random.default_rng(1)
    size = rows * columns
    grids = sparse.kron(sparse.identity(trials), sparse.kron(neighbours(rows), neighbours(columns)), "csr")
    grown = [np.arange(genotypes) if trials == 1 else draw.choice(genotypes, size // 2, replace=False) for _ in range(trials)]
    genotype = np.concatenate([draw.permutation(np.resize(own, size)) for own in grown])
    gone = draw.random(trials * size) < missing
    seen = np.flatnonzero(~gone)
    ones, shape = np.ones(seen.size), trials * size
    x = sparse.csr_matrix((ones, (seen, seen // size)), shape=(shape, trials))
    z = sparse.csr_matrix((ones, (seen, genotype[seen])), shape=(shape, genotypes))
    plots = sparse.identity(shape, format="csr")
    other = trials + genotypes
    if nugget:
        w = sparse.hstack([x, z, plots], format="csr")[seen]
        whole = w.T @ w + sparse.block_diag([sparse.identity(other), grids])
    else:
        w = sparse.hstack([x, z, plots[:, gone]], format="csr")
        whole = w.T @ grids @ w + sparse.identity(w.shape[1])
    lower = sparse.csc_matrix(sparse.tril(whole))
    lower.sort_indices()
    return lower, np.arange(lower.shape[0]) >= other


def arrays(lower):
    return lower.indptr.astype(np.int64), lower.indices.astype(np.int32)


def flops_by_each(lower, own):
    """Flops of minimum degree, nested dissection, and the field by nested dissection first with the others last."""
    start, row = arrays(lower)
    graph = ordering._Quotient.of(start, row)
    amd, metis = graph.expanded(graph.minimum_degree()), ordering._order_by(own.size, start, row, "metis")
    nodes = np.flatnonzero(own)
    inside = nodes[ordering._order_by(nodes.size, *ordering._induced(start, row, own), "metis")]
    first = np.concatenate([inside, amd[~own[amd]]]).astype(np.int32)
    return [Symbolic(start, row, order).flops for order in (amd, metis, first)]


FIELDS = {
    "30 x 40": (30, 40, 300, {"nugget": False}),
    "30 x 40, nugget": (30, 40, 300, {"nugget": True}),
    "60 x 60, nugget": (60, 60, 1200, {"nugget": True}),
    "150 x 150": (150, 150, 3000, {"nugget": False}),
    "150 x 150, few genotypes, nugget": (150, 150, 300, {"nugget": True}),
    "100 trials": (20, 12, 500, {"nugget": False, "trials": 100}),
    "100 trials, many genotypes": (20, 12, 2000, {"nugget": False, "trials": 100}),
    "100 trials, nugget": (20, 12, 500, {"nugget": True, "trials": 100}),
}


@pytest.mark.parametrize(("rows", "columns", "genotypes", "option"), FIELDS.values(), ids=list(FIELDS))
def test_fields_get_the_cheapest_order(rows, columns, genotypes, option):
    lower, own = field(rows, columns, genotypes, **option)
    found = ordering.analyse(*arrays(lower), own).flops
    assert found <= 1.1 * min(flops_by_each(lower, own))


def test_a_large_field_is_eliminated_before_its_genotypes():
    lower, own = field(150, 150, 3000, nugget=True)
    amd, metis, first = flops_by_each(lower, own)
    # what the orders differ by: minimum degree on the grid and the genotypes is no choice
    assert 30.0 * first < amd
    assert ordering.analyse(*arrays(lower), own).flops <= 1.01 * first
    # without a word about the grid, nested dissection of all is found
    assert ordering.analyse(*arrays(lower)).flops <= 1.01 * metis


def test_orders_are_permutations_and_the_factor_is_the_same():
    lower, own = field(40, 40, 400, nugget=True)
    lower.data = np.where(lower.indices == np.repeat(np.arange(own.size), np.diff(lower.indptr)), 400.0, lower.data)
    factors = [SparseCholesky(lower, leading=leading) for leading in (None, own)]
    assert factors[1].flops < 0.9 * factors[0].flops
    for factor in factors:
        assert np.array_equal(np.sort(factor.permutation), np.arange(own.size))
        assert factor.refactor(lower.data)
    assert factors[0].logdet() == pytest.approx(factors[1].logdet(), rel=1e-12)


@pytest.fixture
def tried(monkeypatch):
    """The methods tried from here on, from an empty memory."""
    methods = []
    real = ordering._order_by
    monkeypatch.setattr(ordering, "_ORDERS", OrderedDict())
    monkeypatch.setattr(ordering, "_order_by", lambda n, start, row, method: methods.append(method) or real(n, start, row, method))
    return methods


def test_orders_are_remembered_by_pattern_and_by_what_comes_first(tried):
    lower, own = field(40, 40, 400, nugget=True)
    first = ordering.fill_reducing_order(*arrays(lower), own)
    count = len(tried)
    assert ordering.fill_reducing_order(*arrays(lower), own) is first
    assert ordering.analyse(*arrays(lower), own).flops == Symbolic(*arrays(lower), first).flops
    assert len(tried) == count
    plain = ordering.fill_reducing_order(*arrays(lower))
    assert len(tried) > count
    assert not np.array_equal(plain, first)


def test_one_analysis_of_a_small_matrix(monkeypatch, tried):
    made = []
    real = ordering.Symbolic
    monkeypatch.setattr(ordering, "Symbolic", lambda *arguments: made.append(1) or real(*arguments))
    lower, own = field(12, 10, 30, nugget=True)
    for leading in (None, own):
        SparseCholesky(lower, leading=leading)
    assert made == [1, 1]
    assert tried == ["amd", "amd"]


def test_nothing_is_tried_where_nothing_can_be_gained(tried):
    # the factor of a dense matrix has no fill to save
    dense = sparse.csc_matrix(np.tril(np.ones((1100, 1100)) - np.diag(np.ones(1099), -1)))
    assert ordering.analyse(*arrays(dense)).flops > ordering.MUCH_WORK
    assert "metis" not in tried


def test_columns_of_one_kind_name_nothing(tried):
    lower, own = field(40, 40, 400, nugget=True)
    orders = [ordering.fill_reducing_order(*arrays(lower), leading) for leading in (None, np.ones_like(own), np.zeros_like(own))]
    assert all(np.array_equal(orders[0], order) for order in orders)


@pytest.mark.parametrize("traits", [1, 2])
def test_columns_with_the_same_neighbours_stay_together(traits):
    lower, own = field(20, 20, 100, nugget=True)
    whole = lower + sparse.tril(lower, -1).T
    several = sparse.csc_matrix(sparse.tril(sparse.kron(whole, np.ones((traits, traits)))))
    several.sort_indices()
    order = ordering.fill_reducing_order(*arrays(several), np.repeat(own, traits))
    assert np.array_equal(order // traits, np.repeat(order[::traits] // traits, traits))
