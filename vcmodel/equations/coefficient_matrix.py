"""Filling C, and gathering from its inverse, in buffers made once: an iteration allocates nothing of the size of C."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vcmodel.linalg._kernels import csr_multiply

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from vcmodel.equations.layout import BlockPair, EquationLayout

    Array = NDArray[np.float64]


class CoefficientMatrix:
    """The numbers of a :class:`EquationLayout`.

    Attributes
    ----------
    data : (nnz,) array
        C at the positions of the layout's pattern.
    """

    def __init__(self, layout: EquationLayout) -> None:
        self.layout = layout
        self.data: Array = np.empty(layout.constant.size)
        self._cross: Array = np.zeros(layout.fill.shape[0])
        self._by_cross: Array = np.zeros(layout.fill.shape[0])
        self._piece: Array = np.empty(max((pair.mirror.size for pair in layout.block_pairs), default=0))
        self._values: Array = np.empty(max((pair.inner.size for pair in layout.block_pairs), default=0))
        # each entry of C belongs to one pair of blocks: its constant part stands beside it
        self._constant = [layout.constant[pair.target] for pair in layout.block_pairs]

    def cross(self, pair: BlockPair) -> Array:
        """The pieces of H = W0'R^-1W0, (n_pairs, k_row * k_column)."""
        return self._cross[pair.values].reshape(pair.weight.size, -1)

    def fill(self, coefficients: Array, loading: Callable[[int], Array]) -> bool:
        """Fill ``data`` for the coefficients rho of R^-1 and the loading of each block; False when an entry is not finite."""
        fill = self.layout.fill
        csr_multiply(fill.indptr, fill.indices, fill.data, coefficients, self._cross)
        for pair, constant in zip(self.layout.block_pairs, self._constant, strict=True):
            piece = self._room(pair)
            np.matmul(self.cross(pair), np.kron(loading(pair.row), loading(pair.column)), out=piece)
            values = self._values[: pair.inner.size]
            np.take(piece.reshape(-1), pair.inner, out=values, mode="clip")
            values += constant
            self.data[pair.target] = values
        return bool(np.isfinite(self.data.sum()))

    def inverse(self, selected: Array, pair: BlockPair) -> Array:
        """The pieces of C^-1 times how often each stands in the full matrix, (n_pairs, r_row * r_column); overwritten by the next call."""
        piece = self._room(pair)
        np.take(selected, pair.mirror, out=piece, mode="clip")
        piece *= pair.weight[:, None]
        return piece

    def collect(self, pair: BlockPair, inverse: Array, loadings: Array) -> None:
        """Take in a pair's part of dlog|C|/dH; `loadings` is the Kronecker product of its two loadings."""
        np.matmul(inverse, loadings.T, out=self._by_cross[pair.values].reshape(pair.weight.size, -1))

    def by_coefficient(self) -> Array:
        """dlog|C|/drho (n_coefficients,) of what was collected."""
        return np.asarray(self.layout.fill.T @ self._by_cross)

    def _room(self, pair: BlockPair) -> Array:
        """The workspace in the shape of a pair's pieces of C."""
        return self._piece[: pair.mirror.size].reshape(pair.mirror.shape)
