"""R of a section unit by unit: one small matrix for each pattern of observed levels."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.equations.chain_rule import matrix_derivatives
from vcmodel.equations.cross_products import Entries
from vcmodel.linalg.definite import inverted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.design.residual import Section
    from vcmodel.equations.base import Part, PartDerivatives

    Array = NDArray[np.float64]


class UnitResidual:
    """R = direct sum over units of Sigma restricted to the observed levels.

    The distinct entries of the small inverses are the coefficients rho: for each pattern the lower triangle, row-wise. See
    :class:`vcmodel.equations.residual_covariance.ResidualCovariance`.

    Parameters
    ----------
    section : Section
    """

    n_absent = 0

    def __init__(self, section: Section) -> None:
        self.rows = section.cells
        self.size = section.structure.size
        self.patterns = section.patterns
        self.triangles = [np.tril_indices(pattern.levels.size) for pattern in self.patterns]
        ends = np.cumsum([0, *(lower[0].size for lower in self.triangles)])
        self.slices = [slice(int(a), int(b)) for a, b in pairwise(ends)]
        self.coefficients: Array = np.zeros(int(ends[-1]))
        self.inverses: list[Array] = []
        self.logdet = 0.0

    @property
    def n_coefficients(self) -> int:
        """Entries of the small inverses."""
        return self.coefficients.size

    def entries(self) -> Entries:
        """Ones where a coefficient stands in the lower triangle of R^-1."""
        pieces = []
        for pattern, (i, j), own in zip(self.patterns, self.triangles, self.slices, strict=True):
            one, two = pattern.cells[:, i].T.ravel(), pattern.cells[:, j].T.ravel()
            coefficient = np.repeat(np.arange(own.start, own.stop), pattern.cells.shape[0])
            pieces.append(Entries(np.maximum(one, two), np.minimum(one, two), coefficient, np.ones(one.size)))
        return Entries.together(pieces)

    def update(self, part: Part) -> bool:
        """Take Sigma (k, k) of the part; False, and nothing usable, when it is not positive definite on an observed pattern."""
        sigma = part.sigma
        self.inverses, self.logdet = [], 0.0
        for pattern, lower, own in zip(self.patterns, self.triangles, self.slices, strict=True):
            block = sigma[np.ix_(pattern.levels, pattern.levels)]
            found = inverted(block)
            if found is None:
                return False
            inverse, logdet = found
            self.inverses.append(inverse)
            self.coefficients[own] = inverse[lower]
            self.logdet += pattern.cells.shape[0] * logdet
        return bool(np.isfinite(self.logdet))

    def solve(self, values: Array, result: Array) -> None:
        """R^-1 values in the section's rows of `result`."""
        for pattern, inverse in zip(self.patterns, self.inverses, strict=True):
            if pattern.levels.size == 1:
                only = pattern.cells[:, 0]
                result[only] = values[only] * inverse[0, 0]
            else:
                picked = values[pattern.cells]
                result[pattern.cells] = np.tensordot(picked, inverse, axes=(1, 0)).swapaxes(1, -1) if values.ndim == 2 else picked @ inverse

    def change(self, part: Part, weighted: Array, result: Array) -> None:
        """DSigma R^-1 e of every unit in the section's rows of `result` (N, m)."""
        for pattern in self.patterns:
            small = part.derivative[:, pattern.levels[:, None], pattern.levels[None, :]]
            result[pattern.cells] = np.einsum("ug,mgh->uhm", weighted[pattern.cells], small)

    def derivatives(self, part: Part, by_coefficient: Array, weighted: Array) -> PartDerivatives:
        """Score and curvature through D (k, k), dlogL = tr(D dSigma).

        For coordinates in which Sigma bends the curvature is tr(D d2Sigma) - tr(D dSigma R^-1 dSigma). The observed information is the
        average information plus half of n = y'P R' P R' P y - tr(P R' P R'), minus tr(D d2Sigma); n is what noise adds, large where rho
        is, and -2 tr(D dSigma R^-1 dSigma) with P for R^-1. Without it a fit of an autoregression takes twice the iterations.
        """
        pieces = self._gradients(by_coefficient, weighted)
        found = matrix_derivatives(part, self._summed(pieces))
        bent = part.chart.bent()
        for pattern, piece, inverse in zip(self.patterns, pieces, self.inverses, strict=True) if bent.any() else ():
            change = part.derivative[:, pattern.levels[:, None], pattern.levels]
            one, two = (piece @ change).reshape(bent.size, -1), (inverse @ change).transpose(0, 2, 1).reshape(bent.size, -1)
            found.curvature[...] -= np.where(bent[:, None] | bent, 0.5 * (one @ two.T + two @ one.T), 0.0)
        return found

    def gradient(self, by_coefficient: Array, weighted: Array) -> Array:
        """D (k, k) alone."""
        return self._summed(self._gradients(by_coefficient, weighted))

    def _summed(self, pieces: list[Array]) -> Array:
        """D (k, k) of what the patterns add to it."""
        result = np.zeros((self.size, self.size))
        for pattern, piece in zip(self.patterns, pieces, strict=True):
            result[np.ix_(pattern.levels, pattern.levels)] += piece
        return result

    def _gradients(self, by_coefficient: Array, weighted: Array) -> list[Array]:
        """What the units of each pattern add to D, (g, g)."""
        result = []
        for pattern, lower, own, inverse in zip(self.patterns, self.triangles, self.slices, self.inverses, strict=True):
            adjoint = np.zeros_like(inverse)
            adjoint[lower] = by_coefficient[own]
            adjoint = 0.5 * (adjoint + adjoint.T)
            v = weighted[pattern.cells]
            result.append(0.5 * (inverse @ adjoint @ inverse - pattern.cells.shape[0] * inverse + v.T @ v))
        return result
