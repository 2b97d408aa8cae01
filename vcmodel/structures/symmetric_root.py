"""The symmetric square root of a matrix that may be singular but for rounding, and how it moves with the matrix."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vcmodel.structures.chart import Array


class SymmetricRoot(NamedTuple):
    """U diag(s) U' with Sigma = U diag(s^2) U'.

    Attributes
    ----------
    vectors : (k, k) array
        U.
    roots : (k,) array
        s; zero for eigenvalues that are negative by rounding.
    """

    vectors: Array
    roots: Array

    @classmethod
    def of(cls, sigma: Array) -> SymmetricRoot:
        """That of a symmetric (k, k) matrix."""
        values, vectors = np.linalg.eigh(sigma)
        return cls(vectors, np.sqrt(np.maximum(values, 0.0)))

    @property
    def matrix(self) -> Array:
        """The root (k, k)."""
        return np.asarray((self.vectors * self.roots) @ self.vectors.T)

    def derivative(self, moves: Array) -> Array:
        """Its derivative for moves (m, k, k) of Sigma: in the eigenvectors, each entry over the sum of its two roots."""
        inner = self.vectors.T @ moves @ self.vectors
        sums = self.roots[:, None] + self.roots
        return np.asarray(self.vectors @ np.divide(inner, sums, out=np.zeros_like(inner), where=sums > 0.0) @ self.vectors.T)
