"""One factor of a product, dense and sparse alike."""

import numpy as np
import pytest
from equations.covariances import autoregressive_inverse
from scipy import sparse

from vcmodel.equations.precision_factor import DenseFactor, SparseFactor, precision_factor

MATRICES = autoregressive_inverse(6).matrices()


@pytest.mark.parametrize("kind", [DenseFactor, SparseFactor])
@pytest.mark.parametrize("shape", [(1, 6, 1), (1, 6, 4), (3, 6, 1), (3, 6, 4)])
def test_products_along_the_middle(kind, shape):
    factor, rng = kind(MATRICES), np.random.default_rng(0)
    cube, slope = rng.normal(size=shape), rng.normal(size=3)
    for rho in (0.6, -0.3, 0.6):
        assert factor.update(autoregressive_inverse(6).coefficients(np.array([rho])))
        k = rho ** np.abs(np.subtract.outer(np.arange(6.0), np.arange(6.0)).astype(int))
        change = sum(a * m.toarray() for a, m in zip(slope, MATRICES, strict=True))
        for found, matrix in (
            (factor.times(cube), np.linalg.inv(k)),
            (factor.solve(cube), k),
            (factor.related_change(slope, cube), k @ change),
        ):
            assert np.allclose(found, np.einsum("ij,bja->bia", matrix, cube))
        assert np.allclose(factor.traces(), [np.trace(k @ m.toarray()) for m in MATRICES])


@pytest.mark.parametrize("kind", [DenseFactor, SparseFactor])
def test_what_is_not_positive_definite_is_refused_until_it_moves(kind):
    factor = kind(MATRICES)
    for coefficients in ([1.0, 1.0, 5.0], [np.inf, 1.0, 0.0], [np.nan, 1.0, 0.0]):
        for _ in range(2):
            assert not factor.update(np.array(coefficients))
    assert factor.update(np.array([1.0, 1.2, -0.3]))


def test_small_factors_with_coefficients_are_dense():
    assert isinstance(precision_factor(MATRICES), DenseFactor)
    assert isinstance(precision_factor(autoregressive_inverse(1000).matrices()), SparseFactor)
    assert isinstance(precision_factor((sparse.identity(3, format="csc"),)), SparseFactor)
    assert precision_factor((sparse.identity(3, format="csc"),), identity=True).identity
