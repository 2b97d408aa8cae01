"""The reported parameters of a structure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Kind = Literal["variance", "covariance", "correlation", "loading", "precision", "coefficient", "decay"]


@dataclass(frozen=True)
class Parameter:
    """One reported parameter.

    Attributes
    ----------
    suffix : str
        What follows ``!`` in the row name: ``"trait_veloc:bden"``, ``"site.cor"``; empty for the single variance of a term.
    kind : str
        ``"variance"``, ``"covariance"``, ``"correlation"``, ``"loading"``, ``"precision"`` (the inverse of a variance),
        ``"coefficient"`` (of a regression on levels or earlier values; not confined to -1 to 1 as a correlation is) or ``"decay"`` (of
        correlations with distance, :class:`vcmodel.structures.range_parameter.RangeParameter`).
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

    @property
    def tied_as(self) -> str:
        """Parameters that may be held equal have this in common."""
        return self.kind

    def like(self, other: Parameter, theta: float) -> float:
        """Theta of this parameter where it is equal to another one of its kind, which is at `theta`."""
        return theta

    def shown(self, theta: float) -> float:
        """What the reports show for the parameter; another number than theta only where theta would lose digits."""
        return theta

    def shown_slope(self, theta: float) -> float:
        """Derivative of :meth:`shown` by theta."""
        return 1.0

    def of_shown(self, value: float) -> float:
        """Theta of a value as shown."""
        return value

    def span(self, theta: float) -> float:
        """The range of a correlation that decays with distance, in units of the coordinates."""
        raise TypeError(f"a {self.kind} has no range")

    def span_slope(self, theta: float) -> float:
        """Derivative of the range by theta."""
        raise TypeError(f"a {self.kind} has no range")

    def refusal(self, value: float, residual: bool) -> str:
        """What is wrong with a value as shown, to start at in a random term or in a residual; empty if nothing is."""
        if self.kind == "variance" and (value < 0.0 or (residual and value == 0.0)):
            return "a residual variance is > 0" if residual else "a variance is >= 0"
        if self.kind == "correlation" and (abs(value) > 1.0 or (residual and abs(value) == 1.0)):
            return f"a correlation lies {'strictly between -1 and 1 in a residual' if residual else 'between -1 and 1'}"
        return ""
