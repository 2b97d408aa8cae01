"""W0'A_c W0 with values in A_c, sparse and dense columns."""

from __future__ import annotations

import numpy as np
import pytest
from equations.test_mixed_model import made
from scipy import sparse

from vcmodel.equations.blocks import make_unknowns
from vcmodel.equations.cross_products import Entries, cross_products


@pytest.mark.parametrize("relationship", ["pedigree", "low rank"])
@pytest.mark.parametrize("values", ["ones", "any"])
def test_products_are_those_of_dense_matrices(relationship, values):
    design = made("us(site):vm(gen, K) + vm(gen, K) + rep", relationship=relationship)
    effects = make_unknowns(design).effects
    n, rng = design.y.size, np.random.default_rng(1)
    matrices = []
    for density in (0.02, 0.1):
        lower = np.tril(np.where(rng.random((n, n)) < density, rng.normal(size=(n, n)) if values == "any" else 1.0, 0.0))
        matrices.append(sparse.coo_matrix(lower))
    matrices.append(sparse.coo_matrix(np.diag(rng.normal(size=n))))
    matrices.append(sparse.coo_matrix((n, n)))
    w = np.hstack([item.incidence.toarray() if sparse.issparse(item.incidence) else item.incidence for item in effects])
    pieces = [Entries(lower.row, lower.col, np.full(lower.nnz, c), lower.data) for c, lower in enumerate(matrices)]
    found = cross_products(effects, Entries.together(pieces))
    for c, lower in enumerate(matrices):
        own = found.coefficient == c
        dense = lower.toarray()
        expected = w.T @ (dense + np.tril(dense, -1).T) @ w
        product = sparse.coo_matrix((found.value[own], (found.row[own], found.column[own])), shape=expected.shape).toarray()
        assert np.allclose(product, expected)
