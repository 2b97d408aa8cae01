"""Kronecker products of vectors and of families of sparse matrices, in one order."""

import numpy as np
import pytest
from scipy import sparse

from vcmodel.structures.kronecker_algebra import kronecker_vector, sparse_products


@pytest.mark.parametrize("counts", [(), (1,), (3,), (2, 1, 3)])
def test_sums_of_products_are_products_of_sums(counts):
    rng = np.random.default_rng(2)
    vectors = [rng.normal(size=count) for count in counts]
    families = [[sparse.csc_matrix(rng.normal(size=(2, 2))) for _ in range(count)] for count in counts]
    total = sum(a * m.toarray() for a, m in zip(kronecker_vector(vectors), sparse_products(families), strict=True))
    wanted = np.ones((1, 1))
    for vector, family in zip(vectors, families, strict=True):
        wanted = np.kron(wanted, sum(a * m.toarray() for a, m in zip(vector, family, strict=True)))
    assert np.allclose(total, wanted)
