"""What the reports print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd


@dataclass(frozen=True)
class Content:
    """The numbers and tables of a fit, ready to print.

    Attributes
    ----------
    formulas : mapping
        ``fixed``, ``random`` and ``residual`` as given; None for no random terms.
    status : str
        The message of the status.
    n_missing : int
        Cells without a value in the rows used.
    """

    formulas: Mapping[str, str | None]
    status: str
    converged: bool
    n_observations: int
    n_rows: int
    n_missing: int
    n_fixed: int
    n_parameters: int
    loglik: float
    loglik_full: float
    aic: float
    bic: float
    varcomp: pd.DataFrame
    correlations: pd.DataFrame
    fixed_effects: pd.DataFrame
    iterations: pd.DataFrame
    notes: list[str]
