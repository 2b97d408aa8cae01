"""Sparse inverses of large correlation matrices, as functions of the reported parameters."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scipy import sparse

    from vcmodel.structures.chart import Array


class SparseInverse(ABC):
    """K^-1(theta) = sum of a_c(theta) M_c with constant sparse M_c, for a correlation matrix K (k, k) with parameters theta (m,).

    Defined where K is regular; elsewhere coefficients are infinite or not numbers.
    """

    @property
    @abstractmethod
    def order(self) -> int:
        """k, the number of levels."""

    @abstractmethod
    def matrices(self) -> tuple[sparse.csc_matrix, ...]:
        """Symmetric M_c (k, k), both triangles."""

    @abstractmethod
    def coefficients(self, theta: Array) -> Array:
        """A (number of matrices,)."""

    @abstractmethod
    def derivative(self, theta: Array) -> Array:
        """Derivative of a by theta, (m, number of matrices)."""

    @abstractmethod
    def logdet(self, theta: Array) -> float:
        """log|K|."""

    @abstractmethod
    def logdet_derivative(self, theta: Array) -> Array:
        """Derivative of log|K| by theta, (m,)."""
