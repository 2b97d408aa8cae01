"""Designs completed by absent cells."""

import numpy as np
from equations.test_mixed_model import made

from vcmodel.equations.completion import completed


def test_absent_cells_have_a_column_each_and_no_effects():
    design = made("gen + us(site):rep")
    whole, n, p = completed(design, 3), design.y.size, design.x.shape[1]
    assert whole.x.shape == (n + 3, p + 3)
    np.testing.assert_array_equal(whole.x[:n, :p].toarray(), design.x.toarray())
    np.testing.assert_array_equal(whole.x[n:, p:].toarray(), np.eye(3))
    assert whole.x.nnz == design.x.nnz + 3
    assert [term.incidence.shape[0] for term in whole.terms] == [n + 3, n + 3]
    assert not any(term.incidence[n:].nnz for term in whole.terms)
    assert not whole.y[n:].any()
    assert completed(design, 0) is design
