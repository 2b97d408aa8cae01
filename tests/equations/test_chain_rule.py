"""From derivatives by matrices to derivatives by coordinates."""

from __future__ import annotations

import numpy as np
import pytest

from vcmodel.equations.chain_rule import recover_gradient

RNG = np.random.default_rng(2)


def symmetric(k):
    half = RNG.normal(size=(k, k))
    return half + half.T


@pytest.mark.parametrize("shape", [(3, 3), (3, 5), (1, 2)])
def test_d_comes_back_from_a_regular_loading_of_any_width(shape):
    d, loading = symmetric(shape[0]), RNG.normal(size=shape)
    reference = np.array([1.0, 1e3, 1e-3])[: shape[0]]
    loading = loading * reference[:, None]
    d = d / np.outer(reference, reference)
    assert np.allclose(recover_gradient(loading, 2.0 * d @ loading, reference, None), d, rtol=1e-8)


@pytest.mark.parametrize("shape", [(4, 4), (4, 2), (4, 6)])
def test_where_sigma_is_singular_the_remembered_d_changes_on_its_range_only(shape):
    d, former = symmetric(4), symmetric(4)
    loading = np.zeros(shape)
    loading[:, :2] = RNG.normal(size=(4, 2))
    found = recover_gradient(loading, 2.0 * d @ loading, np.ones(4), former)
    assert np.allclose(found, found.T)
    assert np.allclose(found @ loading, d @ loading)
    null = np.linalg.svd(loading)[0][:, 2:]
    assert np.allclose(null.T @ found @ null, null.T @ former @ null)
    assert recover_gradient(loading, 2.0 * d @ loading, np.ones(4), None) is None
