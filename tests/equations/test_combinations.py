"""Linear combinations in slices."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from vcmodel.equations.combinations import Combinations, System, slices


def test_slices_cover_every_row_once():
    for n_rows, length, size in ((0, 5, 10), (7, 5, 10), (7, 5, 3), (7, 0, 3), (4, 2, 100)):
        parts = slices(n_rows, length, size)
        rows = [row for part in parts for row in range(n_rows)[part]]
        assert rows == list(range(n_rows))
        assert all((part.stop - part.start) * length <= max(size, length) for part in parts)


@pytest.mark.parametrize("slice_size", [1, 3, 11, 1000])
def test_covariances_of_systems_add_up_whatever_the_slices(slice_size):
    rng = np.random.default_rng(4)
    systems, expected = [], np.zeros((6, 6))
    for n in (3, 5):
        rows, root = rng.normal(size=(6, n)), rng.normal(size=(n, n))
        covariance = root @ root.T
        systems.append(System(sparse.csr_matrix(rows), lambda columns, covariance=covariance: covariance @ columns))
        expected += rows @ covariance @ rows.T
    found = Combinations(np.arange(6.0), systems, slice_size)
    assert np.allclose(found.covariance(), expected)
    assert np.allclose(found.variances(), np.diag(expected))
