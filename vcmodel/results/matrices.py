"""Covariance and correlation matrices of the components, with standard errors, intervals and tests of the correlations."""

from __future__ import annotations

from functools import cached_property
from math import atanh, isfinite, sqrt, tanh
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from vcmodel.results.distributions import Z95, normal_two_sided
from vcmodel.results.labels import matrix_levels

if TYPE_CHECKING:
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
    def derivative(self) -> Array:
        """Derivative of Sigma (m, k, k) by the component's own coordinates."""
        return self.estimate.point[self.index].derivative

    @cached_property
    def coordinate_covariance(self) -> Array:
        """Covariance (m, m) of the component's own coordinates."""
        part = self.estimate.point[self.index].where
        return self.estimate.covariance[part, part]

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

    @cached_property
    def correlations(self) -> Array:
        """R (k, k); NaN where a variance is zero."""
        scale = np.sqrt(np.diag(self.sigma))
        scale = np.where(scale > 0.0, scale, np.nan)
        result = self.sigma / scale[:, None] / scale
        # a quotient of a rank-one matrix can exceed one by a rounding error
        result = np.where(np.abs(np.abs(result) - 1.0) < 1e-14, np.sign(result), result)
        result[np.diag_indices_from(result)] = np.where(np.isnan(scale), np.nan, 1.0)
        return result

    def correlation(self, i: int, j: int) -> Correlation:
        """One correlation, its standard error from dr = dS_ij / (S_ii S_jj)^1/2 - r/2 (dS_ii / S_ii + dS_jj / S_jj)."""
        r = float(self.correlations[i, j])
        if not isfinite(r):
            return fisher(r, float("nan"))
        a, b = self.sigma[i, i], self.sigma[j, j]
        d = self.derivative
        gradient = d[:, i, j] / sqrt(a * b) - 0.5 * r * (d[:, i, i] / a + d[:, j, j] / b)
        if self.unknown[i, j] or self.unknown[i, i] or self.unknown[j, j]:
            return fisher(r, float("nan"))
        return fisher(r, sqrt(max(float(gradient @ self.coordinate_covariance @ gradient), 0.0)))

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
    return matrix.frame(matrix.correlations)


def correlations_table(estimate: Estimate) -> pd.DataFrame:
    """Every correlation that the model does not set to zero: ``term row column`` and the fields of :class:`Correlation`."""
    rows = []
    for index, component in enumerate(estimate.components):
        pattern = component.structure.pattern()
        pairs = [(i, j) for i in range(component.structure.size) for j in range(i) if pattern[i, j]]
        if not pairs:
            continue
        matrix = ComponentMatrix(estimate, index)
        rows += [(component.label, matrix.levels[i], matrix.levels[j], *matrix.correlation(i, j)) for i, j in pairs]
    columns = ["term", "row", "column", *Correlation._fields]
    table = pd.DataFrame(rows, columns=columns)
    return table.astype(dict.fromkeys(Correlation._fields, float))
