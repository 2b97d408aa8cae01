"""Values of the sections of a residual side by side."""

import numpy as np
import pytest
from scipy import sparse

from vcmodel.equations.average_information import SideBySide
from vcmodel.equations.blocks import Effects


@pytest.mark.parametrize("rows", [[np.arange(9)], [np.array([7, 0, 3]), np.array([1, 2, 4, 5, 6, 8])], [np.arange(4), np.arange(4, 9)]])
def test_columns_of_sections_are_those_of_one_wide_matrix(rows):
    rng = np.random.default_rng(0)
    thin = sparse.random(9, 6, 0.3, random_state=0, format="csr")
    dense = rng.normal(size=(9, 4))
    effects = [Effects(-1, np.arange(2), 3, thin, 0), Effects(0, np.arange(1), 4, dense, 6)]
    side = SideBySide(rows, effects)
    widths = [2, 3][: len(rows)]
    m = sum(widths) + 1
    values, columns, wide = rng.normal(size=(9, max(widths))), np.full((len(rows), max(widths)), m), np.zeros((9, m))
    start = 1
    for s, (own, width) in enumerate(zip(rows, widths, strict=True)):
        columns[s, :width] = np.arange(start, start + width)
        values[own, width:] = 0.0
        wide[own, start : start + width] = values[own, :width]
        start += width
    assert np.allclose(side.by_effect(values, columns, m), np.hstack([thin.toarray(), dense]).T @ wide)
    others = rng.normal(size=(9, 2))
    for own, found in zip(rows, side.squares(values, others), strict=True):
        assert np.allclose(found, values[own].T @ others[own])
