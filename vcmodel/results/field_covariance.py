"""Covariances between the plots of a field, as the estimates have them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Integers = NDArray[np.int64]


class FieldCovariance(Protocol):
    """Covariances between the places of a grid."""

    def deviation(self, row: Integers, column: Integers) -> Array:
        """Standard deviations (n,) at the places."""

    def between(self, row: Integers, column: Integers) -> Array:
        """The covariance matrix (n, n) of the places."""

    def semivariance(self, row_lag: int, column_lag: int) -> float:
        """Half the mean expected squared difference of the pairs so many rows and columns apart, to either side; NaN without a pair."""


@dataclass(frozen=True, eq=False)
class SeparableCovariance:
    """Covariance A_ik B_jl of the places (i, j) and (k, l).

    Attributes
    ----------
    rows, columns : (m, m) and (n, n) arrays
        A and B.
    """

    rows: Array
    columns: Array

    def deviation(self, row: Integers, column: Integers) -> Array:
        """Standard deviations (n,) at the places."""
        return np.sqrt(np.diag(self.rows)[row] * np.diag(self.columns)[column])

    def between(self, row: Integers, column: Integers) -> Array:
        """The covariance matrix (n, n) of the places."""
        return self.rows[np.ix_(row, row)] * self.columns[np.ix_(column, column)]

    def semivariance(self, row_lag: int, column_lag: int) -> float:
        """Half the mean expected squared difference at a lag: variance x (1 - correlation) where every place has the same variance."""
        if row_lag >= len(self.rows) or column_lag >= len(self.columns):
            return np.nan
        variances = _ends(self.rows, row_lag) * _ends(self.columns, column_lag)
        between = float(np.mean(np.diagonal(self.rows, row_lag)) * np.mean(np.diagonal(self.columns, column_lag)))
        return variances - between


def _ends(matrix: Array, lag: int) -> float:
    """Mean variance of the two ends of all steps of a length."""
    variance = np.diag(matrix)
    return 0.5 * float(np.mean(variance[: variance.size - lag]) + np.mean(variance[lag:]))


@dataclass(frozen=True, eq=False)
class PlacesCovariance:
    """A covariance of places that is no product of one for rows and one for columns.

    Attributes
    ----------
    matrix : (k, k) array
    level : (m, n) int array
        Its row for each place of the grid; -1 where it has none.
    """

    matrix: Array
    level: Integers

    def deviation(self, row: Integers, column: Integers) -> Array:
        """Standard deviations (n,) at the places."""
        return np.sqrt(np.diag(self.matrix)[self.level[row, column]])

    def between(self, row: Integers, column: Integers) -> Array:
        """The covariance matrix (n, n) of the places."""
        level = self.level[row, column]
        return self.matrix[np.ix_(level, level)]

    def semivariance(self, row_lag: int, column_lag: int) -> float:
        """Half the mean expected squared difference of the pairs of places at a lag, to either side."""
        m, n = self.level.shape
        if row_lag >= m or column_lag >= n:
            return np.nan
        one, other = self.level[: m - row_lag, :], self.level[row_lag:, :]
        left, right = slice(None, n - column_lag), slice(column_lag, None)
        i = np.concatenate([one[:, left].ravel(), one[:, right].ravel()])
        j = np.concatenate([other[:, right].ravel(), other[:, left].ravel()])
        known = (i >= 0) & (j >= 0)
        i, j = i[known], j[known]
        variance = np.diag(self.matrix)
        return float(np.mean(0.5 * (variance[i] + variance[j]) - self.matrix[i, j])) if i.size else np.nan
