"""A design completed by the cells that its residual has and the data lack.

A separable residual is a Kronecker product on complete grids only. A cell without a response gets zero rows in X and Z and a column of its
own in X, an indicator of it: the likelihood is that of the observed cells, log|R| + log|X'R^-1X| of these columns being log|R| of the
observed ones (Gilmour, Cullis & Verbyla 1997, J. Agric. Biol. Environ. Stat. 2, 269-293).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.design.design import Design

    Array = NDArray[np.float64]


def completed(design: Design, n_absent: int) -> Design:
    """The design with `n_absent` cells after the N observed ones, and as many columns after those of X; y is zero there."""
    if n_absent == 0:
        return design
    absent = sparse.identity(n_absent, format="csr")
    below = [sparse.csr_matrix((n_absent, term.incidence.shape[1])) for term in design.terms]
    terms = [
        replace(term, incidence=sparse.vstack([term.incidence, rows], format="csr")) for term, rows in zip(design.terms, below, strict=True)
    ]
    return replace(
        design,
        y=np.concatenate([design.y, np.zeros(n_absent)]),
        x=sparse.block_diag([design.x, absent], format="csr"),
        terms=tuple(terms),
    )
