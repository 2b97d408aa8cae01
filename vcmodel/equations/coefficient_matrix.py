"""Filling C, and gathering from its inverse, in buffers made once: an iteration allocates nothing of the size of C.

Lambda'H Lambda and the derivatives of log|C| by H and Lambda are two-sided products of all pieces of a pair of blocks at once, with work
k^3 for each piece of order k.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vcmodel.linalg._kernels import csr_multiply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.equations.layout import BlockPair, EquationLayout

    Array = NDArray[np.float64]


class ByLoading(NamedTuple):
    """dlog|C| by the loadings of the two blocks of a pair, (k_row, r_row) and (k_column, r_column)."""

    row: Array
    column: Array


class CoefficientMatrix:
    """The numbers of an :class:`EquationLayout`.

    Attributes
    ----------
    data : (nnz,) array
        C at the positions of the layout's pattern.
    """

    def __init__(self, layout: EquationLayout) -> None:
        self.layout = layout
        blocks = layout.unknowns.blocks
        self.data: Array = np.empty(layout.pattern.nnz)
        self._cross: Array = np.zeros(layout.fill.shape[0])
        self._by_cross: Array = np.zeros(layout.fill.shape[0])
        self._piece: Array = np.empty(max((pair.mirror.size for pair in layout.pairs), default=0))
        self._values: Array = np.empty(max((pair.inner.size for pair in layout.pairs), default=0))
        # pieces with one side multiplied
        half = max((pair.n_pairs * blocks[pair.row].k * blocks[pair.column].r for pair in layout.pairs), default=0)
        self._half: Array = np.empty(half)
        self._image: Array = np.empty(half)
        self._fill_transposed = layout.fill.T
        self._prior: list[Array] = []
        self._precisions: Array | None = None

    def cross(self, pair: BlockPair) -> Array:
        """The pieces of H = W0'R^-1W0, (k_row * n_pairs, k_column)."""
        return self._cross[pair.values].reshape(-1, self.layout.unknowns.blocks[pair.column].k)

    def fill(self, residual: Array, precisions: Array, loadings: Sequence[Array]) -> bool:
        """Fill ``data``; False when an entry is not finite.

        Parameters
        ----------
        residual, precisions : arrays
            Coefficients of R^-1 and of the relationships.
        loadings : sequence of (k, r) arrays
            Of every block.
        """
        self._set_precisions(precisions)
        fill = self.layout.fill
        csr_multiply(fill.indptr, fill.indices, fill.data, residual, self._cross)
        for pair, prior in zip(self.layout.pairs, self._prior, strict=True):
            piece = self._whitened(pair, loadings[pair.row], loadings[pair.column])
            values = self._values[: pair.inner.size]
            np.take(piece.reshape(-1), pair.inner, out=values, mode="clip")
            values += prior
            self.data[pair.target] = values
        return bool(np.isfinite(self.data.sum()))

    def _set_precisions(self, coefficients: Array) -> None:
        """K^-1 beside the entries of each pair of blocks; made anew only when the coefficients have changed."""
        if self._precisions is None or not np.array_equal(coefficients, self._precisions):
            prior = self.layout.prior @ coefficients
            # each entry of C belongs to one pair of blocks
            self._prior = [prior[pair.target] for pair in self.layout.pairs]
            self._precisions = coefficients.copy()

    def _whitened(self, pair: BlockPair, left: Array, right: Array) -> Array:
        """Lambda'H Lambda of a pair, (r_row, n_pairs * r_column); overwritten by the next call."""
        piece, cross = self._room(pair), self.cross(pair)
        if right.size == 1:
            return (
                np.matmul(right * left.T, cross.reshape(left.shape[0], -1), out=piece)
                if left.size > 1
                else np.multiply(cross.reshape(1, -1), left * right, out=piece)
            )
        half = np.matmul(cross, right, out=self._half[: cross.shape[0] * right.shape[1]].reshape(-1, right.shape[1]))
        return np.matmul(left.T, half.reshape(left.shape[0], -1), out=piece)

    def inverse(self, selected: Array, pair: BlockPair) -> Array:
        """The pieces of C^-1 times how often each stands in the full matrix, (r_row, n_pairs * r_column); overwritten by the next call."""
        piece = self._room(pair)
        np.take(selected, pair.mirror, out=piece, mode="clip")
        cube = piece.reshape(piece.shape[0], pair.n_pairs, -1)
        cube *= pair.weight[:, None]
        return piece

    def collect(self, pair: BlockPair, inverse: Array, left: Array, right: Array) -> ByLoading:
        """Take in a pair's part of dlog|C|/dH, and give that of dlog|C| by the two loadings."""
        cross, by_cross = self.cross(pair), self._by_cross[pair.values]
        if left.size == right.size == 1:
            np.multiply(inverse.reshape(-1), left[0, 0] * right[0, 0], out=by_cross)
            total = cross[:, 0] @ inverse.reshape(-1)
            return ByLoading(total * right, total * left)
        k, r = left.shape[0], right.shape[1]
        half = np.matmul(cross, right, out=self._half[: cross.shape[0] * r].reshape(-1, r))
        by_left = half.reshape(k, -1) @ inverse.T
        image = np.matmul(left, inverse, out=self._image[: half.size].reshape(k, -1)).reshape(-1, r)
        np.matmul(image, right.T, out=by_cross.reshape(-1, right.shape[0]))
        return ByLoading(by_left, cross.T @ image)

    def by_coefficient(self) -> Array:
        """dlog|C|/drho (n_coefficients,) of what was collected."""
        return np.asarray(self._fill_transposed @ self._by_cross)

    def _room(self, pair: BlockPair) -> Array:
        """The workspace in the shape of a pair's pieces of C."""
        return self._piece[: pair.mirror.size].reshape(pair.mirror.shape)
