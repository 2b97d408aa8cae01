"""Counts, likelihoods and information criteria."""

from __future__ import annotations

from math import log, pi
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vcmodel.reml.estimate import Estimate


def n_observations(estimate: Estimate) -> int:
    """Observed cells."""
    return int(estimate.design.frame.y.size)


def n_rows(estimate: Estimate) -> int:
    """Rows of the data that were used."""
    return estimate.design.frame.n_rows


def n_missing(estimate: Estimate) -> int:
    """Cells without a value in the rows used."""
    frame = estimate.design.frame
    return frame.n_rows * len(frame.responses) - frame.y.size


def n_fixed(estimate: Estimate) -> int:
    """Rank of the fixed effects."""
    return len(estimate.design.kept)


def loglik_full(estimate: Estimate) -> float:
    """REML logL with the term -(n - p) / 2 log(2 pi), comparable with programs that include it."""
    return estimate.loglik - 0.5 * (n_observations(estimate) - n_fixed(estimate)) * log(2.0 * pi)


def aic(estimate: Estimate) -> float:
    """-2 logL + 2 k, k the free working parameters; for models with the same fixed effects."""
    return -2.0 * estimate.loglik + 2.0 * estimate.n_free


def bic(estimate: Estimate) -> float:
    """-2 logL + k log(n - p)."""
    return -2.0 * estimate.loglik + estimate.n_free * log(n_observations(estimate) - n_fixed(estimate))
