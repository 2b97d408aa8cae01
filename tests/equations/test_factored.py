"""Variances of combined levels: pairs in the selected inverse, solutions where they do not meet, in slices of any size."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from vcmodel.equations.factored import factored_variances

RNG = np.random.default_rng(6)
ROOT = RNG.normal(size=(5, 5))
COVARIANCE = ROOT @ ROOT.T


def solve(rows):
    return np.einsum("nl,lm,nm->n", rows, COVARIANCE, rows)[:, None] * np.array([1.0, 4.0])


def covariances(unknown):
    def of(first, second):
        found = COVARIANCE[first, second]
        found = np.where(unknown & (first != second), np.nan, found)
        return found[:, None] * np.array([1.0, 4.0])

    return of


@pytest.mark.parametrize("slice_size", [1, 3, 20, 10**6])
@pytest.mark.parametrize("unknown", [False, True])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
def test_variances_of_combinations(slice_size, unknown, kind):
    dense = np.where(RNG.random((9, 5)) < 0.5, RNG.normal(size=(9, 5)), 0.0)
    dense[3] = 0.0
    expected = np.diag(dense @ COVARIANCE @ dense.T)[:, None] * np.array([1.0, 4.0])
    assert np.allclose(factored_variances(kind(dense), 5, covariances(unknown), solve, slice_size), expected)
