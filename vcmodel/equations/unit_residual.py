"""R and its inverse: unit by unit, one small matrix per section and pattern of observed levels."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.design.residual import Section

    Array = NDArray[np.float64]


class UnitResidual:
    """R = direct sum over sections and units of Sigma restricted to the observed levels.

    The distinct entries of the small inverses are the coefficients rho in which W0'R^-1W0 is linear: for each section and pattern
    the lower triangle, row-wise.
    """

    def __init__(self, sections: Sequence[Section]) -> None:
        self.sections = tuple(sections)
        self.members = [(s, pattern) for s, section in enumerate(self.sections) for pattern in section.patterns]
        self.triangles = [np.tril_indices(pattern.levels.size) for _, pattern in self.members]
        ends = np.cumsum([0, *(lower[0].size for lower in self.triangles)])
        self.slices = [slice(int(a), int(b)) for a, b in pairwise(ends)]
        self.n_coefficients = int(ends[-1])
        self.coefficients: Array = np.zeros(self.n_coefficients)
        self.inverses: list[Array] = []
        self.logdet = 0.0

    def cell_pairs(self) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """For each coefficient, the cells it joins: two index arrays of equal length (identical on a diagonal)."""
        pairs = []
        for (_, pattern), (rows, columns) in zip(self.members, self.triangles, strict=True):
            pairs += [(pattern.cells[:, i], pattern.cells[:, j]) for i, j in zip(rows, columns, strict=True)]
        return pairs

    def update(self, sigmas: Sequence[Array]) -> bool:
        """Set Sigma (k, k) of every section; False, and nothing usable, when one is not positive definite on an observed pattern."""
        self.inverses, self.logdet = [], 0.0
        for (s, pattern), lower, part in zip(self.members, self.triangles, self.slices, strict=True):
            block = sigmas[s][np.ix_(pattern.levels, pattern.levels)]
            if block.shape[0] == 1:
                if not block[0, 0] > 0.0 or not np.isfinite(block[0, 0]):
                    return False
                inverse, logdet = 1.0 / block, np.log(block[0, 0])
            else:
                try:
                    root = np.linalg.cholesky(block)
                except np.linalg.LinAlgError:
                    return False
                half = np.linalg.solve(root, np.eye(block.shape[0]))
                inverse, logdet = half.T @ half, 2.0 * np.log(np.diag(root)).sum()
            self.inverses.append(inverse)
            self.coefficients[part] = inverse[lower]
            self.logdet += pattern.cells.shape[0] * float(logdet)
        return bool(np.isfinite(self.logdet))

    def solve(self, values: Array) -> Array:
        """R^-1 values for values (N,) or (N, m)."""
        result = np.empty_like(values)
        for (_, pattern), inverse in zip(self.members, self.inverses, strict=True):
            if pattern.levels.size == 1:
                only = pattern.cells[:, 0]
                result[only] = values[only] * inverse[0, 0]
            else:
                picked = values[pattern.cells]
                result[pattern.cells] = np.tensordot(picked, inverse, axes=(1, 0)).swapaxes(1, -1) if values.ndim == 2 else picked @ inverse
        return result

    def variates(self, section: int, derivatives: Array, weighted: Array) -> Array:
        """The variates dR R^-1 e (N, m) of a section's matrices dSigma (m, k, k), given `weighted` = R^-1 e (N,)."""
        result = np.zeros((weighted.size, derivatives.shape[0]))
        for s, pattern in self.members:
            if s == section:
                small = derivatives[:, pattern.levels[:, None], pattern.levels[None, :]]
                result[pattern.cells] = np.einsum("ug,mgh->uhm", weighted[pattern.cells], small)
        return result

    def gradients(self, by_coefficient: Array, weighted: Array) -> list[Array]:
        """D (k, k) of every section with dlogL = tr(D dSigma).

        Parameters
        ----------
        by_coefficient : (n_coefficients,) array
            d log|C| / d rho.
        weighted : (N,) array
            R^-1 e.
        """
        result = [np.zeros((section.structure.size,) * 2) for section in self.sections]
        for (s, pattern), lower, part, inverse in zip(self.members, self.triangles, self.slices, self.inverses, strict=True):
            adjoint = np.zeros_like(inverse)
            adjoint[lower] = by_coefficient[part]
            adjoint = 0.5 * (adjoint + adjoint.T)
            v = weighted[pattern.cells]
            d = 0.5 * (inverse @ adjoint @ inverse - pattern.cells.shape[0] * inverse + v.T @ v)
            result[s][np.ix_(pattern.levels, pattern.levels)] += d
        return result
