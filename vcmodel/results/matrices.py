"""Covariance and correlation matrices of the components, with standard errors, intervals and tests of the correlations.

Standard errors are by the delta method from the covariance of the coordinates, so that they need no reported parameter of that entry.
"""

from __future__ import annotations

from functools import cached_property
from math import atanh, isfinite, tanh
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from vcmodel.results.distributions import Z95, normal_two_sided
from vcmodel.results.labels import matrix_levels
from vcmodel.results.varcomp import standard_errors
from vcmodel.structures.correlations import correlation_jacobian, correlations, pairs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from vcmodel.reml.estimate import Estimate

    Array = NDArray[np.float64]

# 1 - |r| below this is the rounding of a correlation of exactly one
ONE = 1e-10


class Correlation(NamedTuple):
    """A correlation with its standard error, 95 % interval and test of zero."""

    correlation: float
    std_error: float
    lower: float
    upper: float
    p_zero: float


def fisher(correlation: float, std_error: float) -> Correlation:
    """The 95 % interval and the two-sided Wald test of zero, both on Fisher's z = atanh(r), SE(z) = SE(r) / (1 - r^2).

    At a correlation of +-1, or without a standard error, there is neither.

    References
    ----------
    Fisher, R. A. (1921). On the 'probable error' of a coefficient of correlation deduced from a small sample. Metron 1, 3-32.
    """
    nan = float("nan")
    if not isfinite(correlation) or 1.0 - abs(correlation) < ONE:
        return Correlation(correlation, nan, nan, nan, nan)
    if not std_error > 0.0:
        return Correlation(correlation, nan, nan, nan, nan)
    z, half = atanh(correlation), std_error / (1.0 - correlation**2)
    return Correlation(correlation, std_error, tanh(z - Z95 * half), tanh(z + Z95 * half), normal_two_sided(z / half))


class ComponentMatrix:
    """Sigma (k, k) of one component, and how precisely its entries are known."""

    def __init__(self, estimate: Estimate, index: int) -> None:
        self.estimate, self.index = estimate, index
        self.component = estimate.components[index]
        self.levels = matrix_levels(estimate, index)
        self.sigma: Array = estimate.sigma(index)

    @cached_property
    def unknown(self) -> NDArray[np.bool_]:
        """Entries (k, k) that depend on a parameter the data do not determine."""
        k = self.sigma.shape[0]
        structure, rows = self.component.structure, range(len(self.component.rows))
        hidden = [i for i in rows if self.estimate.identifiability.unknown(self.index, i)]
        if not hidden:
            return np.zeros((k, k), dtype=bool)
        # the starting values are admissible, so that every entry that depends on a parameter shows it
        moves = structure.derivative(self.estimate.start_theta[self.index])
        return np.any(moves[hidden] != 0.0, axis=0)

    def standard_errors(self, jacobian: Array) -> Array:
        """Standard errors (n,) of n functions of Sigma from their Jacobian (n, m) by the component's own coordinates; NaN for none."""
        part = self.estimate.point[self.index].where
        errors = standard_errors(jacobian, self.estimate.covariance[part, part])
        return np.where(errors > 0.0, errors, np.nan)

    def correlation_matrix(self) -> Array:
        """R (k, k); NaN where a variance is zero."""
        result = np.where(np.diag(self.sigma) > 0.0, np.eye(len(self.sigma)), np.nan)
        result[~np.eye(len(self.sigma), dtype=bool)] = 0.0
        rows, columns = pairs(len(self.sigma))
        result[rows, columns] = result[columns, rows] = correlations(self.sigma)
        return result

    def covariances(self) -> list[tuple[str, str, float, float]]:
        """Levels, value and standard error of every entry of the lower triangle that the model does not set to zero."""
        rows, columns = np.nonzero(np.tril(self.component.structure.pattern()))
        derivative = self.estimate.point[self.index].derivative
        errors = np.where(self.unknown[rows, columns], np.nan, self.standard_errors(derivative[:, rows, columns].T))
        values = self.sigma[rows, columns].tolist()
        return list(zip(self._named(rows), self._named(columns), values, errors.tolist(), strict=True))

    def correlations(self) -> list[tuple[str, str, Correlation]]:
        """Levels and correlation of every pair that the model does not set to zero, the later level first."""
        rows, columns = pairs(len(self.sigma))
        kept = self.component.structure.pattern()[rows, columns]
        if not kept.any():
            return []
        jacobian = correlation_jacobian(self.sigma, self.estimate.point[self.index].derivative)[kept]
        rows, columns, values = rows[kept], columns[kept], correlations(self.sigma)[kept]
        with np.errstate(invalid="ignore"):
            errors = self.standard_errors(jacobian)
        errors[self.unknown[rows, columns] | self.unknown[rows, rows] | self.unknown[columns, columns]] = np.nan
        found = [fisher(value, error) for value, error in zip(values.tolist(), errors.tolist(), strict=True)]
        return list(zip(self._named(rows), self._named(columns), found, strict=True))

    def _named(self, places: NDArray[np.intp]) -> list[str]:
        return [self.levels[i] for i in places]

    def frame(self, values: Array) -> pd.DataFrame:
        """A (k, k) array labelled by the levels."""
        labels = list(self.levels)
        return pd.DataFrame(values, index=labels, columns=labels)


def covariance_table(estimate: Estimate, index: int) -> pd.DataFrame:
    """Sigma of a component as a labelled table."""
    matrix = ComponentMatrix(estimate, index)
    return matrix.frame(matrix.sigma)


def correlation_table(estimate: Estimate, index: int) -> pd.DataFrame:
    """The correlation matrix of a component as a labelled table; NaN where a variance is zero."""
    matrix = ComponentMatrix(estimate, index)
    return matrix.frame(matrix.correlation_matrix())


def covariances_table(estimate: Estimate) -> pd.DataFrame:
    """Every variance and covariance that the model does not set to zero: ``term row column covariance std_error``."""
    rows = []
    for index, component in enumerate(estimate.components):
        rows += [(component.label, *entry) for entry in ComponentMatrix(estimate, index).covariances()]
    table = pd.DataFrame(rows, columns=["term", "row", "column", "covariance", "std_error"])
    return table.astype({"covariance": float, "std_error": float})


def correlations_table(estimate: Estimate, components: Iterable[int] | None = None) -> pd.DataFrame:
    """Every correlation that the model does not set to zero: ``term row column`` and the fields of :class:`Correlation`.

    Parameters
    ----------
    components : iterable of int, optional
        Those of these components only.
    """
    rows = []
    for index in range(len(estimate.components)) if components is None else components:
        label = estimate.components[index].label
        rows += [(label, row, column, *found) for row, column, found in ComponentMatrix(estimate, index).correlations()]
    table = pd.DataFrame(rows, columns=["term", "row", "column", *Correlation._fields])
    return table.astype(dict.fromkeys(Correlation._fields, float))
