"""Wald tests of the fixed terms.

With the coefficients in an order, R upper triangular and Cov(beta)^-1 = R'R, the squares of R beta add up to the Wald statistic of all
coefficients, and those of one term are its statistic given the terms before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vcmodel.results.distributions import chi_square_tail
from vcmodel.results.labels import split_product, squeezed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.reml.estimate import Estimate

    Array = NDArray[np.float64]


def sequential(coefficients: Array, covariance: Array) -> Array:
    """Contribution (p,) of each coefficient, given those before it, to the Wald statistic of all."""
    scale = np.sqrt(np.diag(covariance))
    # reversing both axes turns the lower Cholesky factor of Cov into R^-1
    lower = np.linalg.cholesky((covariance / np.outer(scale, scale))[::-1, ::-1])
    rotated = np.linalg.solve(lower, (coefficients / scale)[::-1])
    return np.asarray(rotated[::-1] ** 2, dtype=float)


def contains(term: str, other: str) -> bool:
    """Whether `other` is an interaction that contains `term`, so that testing `term` beside it would mean nothing.

    >>> contains("trait", "trait:site"), contains("1", "site"), contains("site", "trait")
    (True, True, False)
    """
    own = set() if squeezed(term) == "1" else set(split_product(squeezed(term)))
    return own < set(split_product(squeezed(other))) and squeezed(other) != "1"


def wald(estimate: Estimate, coefficients: Array, covariance: Array) -> pd.DataFrame:
    """One row per fixed term: ``df chi2_incremental p_incremental chi2_conditional p_conditional``.

    Incremental: each term given those before it in the formula. Conditional: each term given all others that do not contain it
    (``site`` is tested without ``site:variety``). Every term contains the intercept, so that its conditional test is the incremental one:
    the mean against zero with no other fixed effect in the model. Probabilities are of the chi-square distribution: the denominator is
    taken as known, which makes them too small in small trials. Columns dropped as combinations of earlier ones belong to the earlier term
    in both.
    """
    design = estimate.design
    place = {int(column): i for i, column in enumerate(design.kept)}
    terms = [(text, [place[int(c)] for c in columns if int(c) in place]) for text, columns in design.fixed.terms]
    incremental = sequential(coefficients, covariance) if coefficients.size else np.zeros(0)
    rows = []
    for i, (_, own) in enumerate(terms):
        first = float(incremental[own].sum()) if own else np.nan
        second = _conditional(i, terms, coefficients, covariance) if own else np.nan
        tails = [chi_square_tail(value, len(own)) for value in (first, second)]
        rows.append((len(own), first, tails[0], second, tails[1]))
    columns = ["df", "chi2_incremental", "p_incremental", "chi2_conditional", "p_conditional"]
    return pd.DataFrame(rows, columns=columns, index=["Intercept" if text == "1" else text for text, _ in terms])


def _conditional(index: int, terms: Sequence[tuple[str, list[int]]], coefficients: Array, covariance: Array) -> float:
    """The statistic of a term given all others that do not contain it."""
    text, own = terms[index]
    after = [column for i, (other, columns) in enumerate(terms) if i != index and contains(text, other) for column in columns]
    before = [column for column in range(coefficients.size) if column not in set(own) | set(after)]
    order = [*before, *own, *after]
    values = sequential(coefficients[order], covariance[np.ix_(order, order)])
    return float(values[len(before) : len(before) + len(own)].sum())
