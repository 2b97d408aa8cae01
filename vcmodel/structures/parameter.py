"""The reported parameters of a structure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Kind = Literal["variance", "covariance", "correlation", "loading", "precision", "coefficient"]


@dataclass(frozen=True)
class Parameter:
    """One reported parameter.

    Attributes
    ----------
    suffix : str
        What follows ``!`` in the row name: ``"trait_veloc:bden"``, ``"site.cor"``; empty for the single variance of a term.
    kind : str
        ``"variance"``, ``"covariance"``, ``"correlation"``, ``"loading"``, ``"precision"`` (the inverse of a variance) or
        ``"coefficient"`` (of a regression on levels or earlier values; not confined to -1 to 1 as a correlation is).
    bound : str
        Default bound code: ``"P"`` (part of a positive semi-definite matrix) or ``"U"`` (unbounded).
    factor : str
        Whose levels `entry` names.
    entry : tuple of str or None
        The later and the earlier level that a covariance or correlation is of; a level twice for its variance; None for a parameter
        that several levels share.
    """

    suffix: str
    kind: Kind
    bound: Literal["P", "U"]
    factor: str = ""
    entry: tuple[str, str] | None = None

    def regular(self, value: float) -> float:
        """The value on the scale on which constraints are regular: the standard deviation for a variance or a precision."""
        if self.kind == "variance":
            return float(np.sqrt(abs(value)))
        return float(1.0 / np.sqrt(abs(value))) if self.kind == "precision" else value

    def regular_slope(self, value: float) -> float:
        """The derivative of :meth:`regular`; one where it is infinite, at a variance of zero."""
        if self.kind == "variance":
            return float(0.5 / np.sqrt(value)) if value > 0.0 else 1.0
        return float(-0.5 * value**-1.5) if self.kind == "precision" else 1.0
