"""Trends that a model leaves in a field: its semivariogram at large lags against what the model predicts for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.stats import chi2

from vcmodel.results.find_fields import fields
from vcmodel.results.variogram import LEAST_PAIRS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from vcmodel.reml.estimate import Estimate
    from vcmodel.results.field import Field

    Array = NDArray[np.float64]

# plots of a field up to which the covariance of its values, a full matrix, is made
MOST_PLOTS = 1_500
# a semivariance so improbable is told
LEVEL = 0.01
# a line shorter than this has no large lags
SHORTEST = 6


def trend_notes(estimate: Estimate, row: str = "", column: str = "") -> list[str]:
    """A sentence for each direction of a field in which plots far apart differ by more than the model has it.

    The statistic is half the mean squared difference of the values in one line that are more than half of the field apart. It is a
    quadratic form of the residuals (or predicted effects), whose covariance under the model is known but for the estimation of the
    variance parameters; its distribution is taken as a multiple of chi-square with the same mean and variance. Fields of more than 1,500
    plots are left out.

    References
    ----------
    Gilmour, A. R., Cullis, B. R. & Verbyla, A. P. (1997). J. Agric. Biol. Environ. Stat. 2, 269-293: a variogram that goes on rising shows
    a global trend. Stefanova, K. T., Smith, A. B. & Cullis, B. R. (2009). Enhanced diagnostics for the spatial analysis of field trials.
    J. Agric. Biol. Environ. Stat. 14, 392-410: its lines against their distribution under the model.
    """
    found = []
    for field in fields(estimate, row, column):
        if field.values.size > MOST_PLOTS:
            continue
        covariance = None
        for direction, form in _forms(field):
            covariance = _values_covariance(estimate, field) if covariance is None else covariance
            p, ratio = _tail(form, field.values, covariance)
            if p < LEVEL:
                where = f"{field.title}: " if field.name or len(estimate.design.frame.responses) > 1 else ""
                found.append(
                    f"{where}plots far apart along {direction} differ more than the model has it (semivariance at lags beyond half of the "
                    f"field {ratio:.2g} times the expected one, p = {p:.2g}): a global trend; consider {direction} as a covariate in fixed "
                    "or a random term, and see fit.variogram()"
                )
    return found


def _forms(field: Field) -> Iterator[tuple[str, sparse.csr_matrix]]:
    """For each direction with large lags its name and A (n, n): v'Av is the semivariance of the values there."""
    index = np.full((len(field.rows), len(field.columns)), -1)
    index[field.row, field.column] = np.arange(field.values.size)
    for name, lines in ((field.row_name, index), (field.column_name, index.T)):
        length = len(lines)
        if length < SHORTEST:
            continue
        steps = range((length + 1) // 2, length)
        one = np.concatenate([lines[: length - step].ravel() for step in steps])
        two = np.concatenate([lines[step:].ravel() for step in steps])
        pair = (one >= 0) & (two >= 0)
        if pair.sum() >= LEAST_PAIRS:
            number = np.arange(int(pair.sum()))
            signs = np.repeat([1.0, -1.0], number.size)
            places = (np.tile(number, 2), np.concatenate([one[pair], two[pair]]))
            differences = sparse.csr_matrix((signs, places), shape=(number.size, field.values.size))
            yield name, sparse.csr_matrix(differences.T @ differences) / (2 * number.size)


def _values_covariance(estimate: Estimate, field: Field) -> Array:
    """Covariance (n, n) of the values of a field under the model: that of the field less that of its prediction error."""
    design, root = estimate.design, estimate.design.frame.weight_root[field.cells]
    own = [term.incidence[field.cells] for term in design.terms]
    # incidences are on the weighted scale, fixed columns are not
    if field.term is None:
        blocks = [sparse.diags(root) @ design.fixed_matrix[field.cells], *own]
    else:
        blocks = [sparse.csr_matrix((root.size, design.fixed_matrix.shape[1]))]
        blocks += [sparse.diags(1.0 / root) @ item if number == field.term else 0.0 * item for number, item in enumerate(own)]
    errors = estimate.equations.combinations(sparse.csr_matrix(sparse.hstack(blocks))).covariance()
    return field.covariance.between(field.row, field.column) - errors


def _tail(form: sparse.csr_matrix, values: Array, covariance: Array) -> tuple[float, float]:
    """The probability of a larger v'Av for v ~ N(0, covariance), and v'Av over its mean."""
    product = form @ covariance
    mean, variance = float(np.trace(product)), 2.0 * float(np.sum(product * product.T))
    observed = float(values @ (form @ values))
    if not mean > 0.0 or not variance > 0.0:
        return 1.0, np.nan
    return float(chi2.sf(2.0 * mean * observed / variance, 2.0 * mean**2 / variance)), observed / mean
