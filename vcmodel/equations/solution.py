"""The state of the mixed-model equations at one set of matrices: numbers that belong together, made once and never changed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.equations.blocks import Block, Unknowns
    from vcmodel.linalg.cholesky import SparseCholesky

    Array = NDArray[np.float64]


def multiplied(matrix: Array, cube: Array) -> Array:
    """The product (r, k) (k, m) of a matrix with every level of a cube (levels, k, m), (levels, r, m)."""
    if matrix.size == 1:
        return matrix[0, 0] * cube
    if cube.shape[2] == 1:
        return (cube[:, :, 0] @ matrix.T)[:, :, None]
    return np.matmul(matrix, cube)


@dataclass(frozen=True, eq=False)
class WhitenedColumns:
    """W = W0 Lambda.

    Attributes
    ----------
    loadings : tuple of (k, r) arrays
        Of every block.
    """

    unknowns: Unknowns
    loadings: tuple[Array, ...]

    def transposed_effects(self, values: Array) -> Array:
        """W0' values (n_effects, m) for values (N, m)."""
        return np.concatenate([item.transposed @ values for item in self.unknowns.effects])

    def whiten(self, by_effect: Array) -> Array:
        """Lambda' values: from columns of W0 to equations, (n_equations, m)."""
        pieces = []
        for block, loading in zip(self.unknowns.blocks, self.loadings, strict=True):
            cube = block.effects.by_level(by_effect)
            cube = cube if block.whole else cube[:, block.places]
            pieces.append(multiplied(loading.T, cube).reshape(-1, by_effect.shape[1]))
        return np.concatenate(pieces)

    def transposed(self, values: Array) -> Array:
        """W' values (n_equations, m) for values (N, m)."""
        return self.whiten(self.transposed_effects(values))

    def times(self, by_equation: Array) -> Array:
        """W values (N, m) for values of the equations (n_equations, m)."""
        effects = self.unknowns.effects
        images = [np.zeros((item.n_levels, item.k, by_equation.shape[1])) for item in effects]
        place = {id(item): image for item, image in zip(effects, images, strict=True)}
        for block, loading in zip(self.unknowns.blocks, self.loadings, strict=True):
            image = multiplied(loading, block.by_level(by_equation))
            if block.whole:
                place[id(block.effects)] += image
            else:
                place[id(block.effects)][:, block.places] += image
        result = np.zeros((effects[0].incidence.shape[0], by_equation.shape[1]))
        for item, image in zip(effects, images, strict=True):
            result += item.incidence @ image.reshape(-1, by_equation.shape[1])
        return result


@dataclass(frozen=True, eq=False)
class Solution:
    """Where the equations stand.

    Attributes
    ----------
    columns : WhitenedColumns
    factor : SparseCholesky
        Of C. Its numbers, and so the inverse, are those of the last update.
    vector : (n_equations,) array
        The solution [tau; b].
    residual, weighted : (N,) arrays
        e = y - Ws and R^-1 e.
    loglik, loglik_scale : float
        REML logL, and half the sum of the magnitudes of its terms.
    """

    columns: WhitenedColumns
    factor: SparseCholesky
    vector: Array
    residual: Array
    weighted: Array
    loglik: float
    loglik_scale: float

    @cached_property
    def inverse(self) -> Array:
        """C^-1 at the positions of its pattern."""
        return self.factor.selected_inverse()

    @cached_property
    def score(self) -> Array:
        """W0'R^-1 e (n_effects,)."""
        return self.columns.transposed_effects(self.weighted[:, None])[:, 0]

    def loading(self, number: int) -> Array:
        """Lambda (k, r) of a block."""
        return self.columns.loadings[number]

    def by_level(self, block: Block) -> tuple[Array, Array]:
        """S (q, k) = Z'R^-1 e and B (q, r) = b of a block, by level."""
        score = block.effects.by_level(self.score)
        return score if block.whole else score[:, block.places], block.by_level(self.vector)
