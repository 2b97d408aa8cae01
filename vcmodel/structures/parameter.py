"""The reported parameters of a structure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["variance", "covariance", "correlation", "loading"]


@dataclass(frozen=True)
class Parameter:
    """One reported parameter.

    Attributes
    ----------
    suffix : str
        What follows ``!`` in the row name: ``"trait_veloc:bden"``, ``"site.cor"``; empty for the single variance of a term.
    kind : str
        ``"variance"``, ``"covariance"``, ``"correlation"`` or ``"loading"``.
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
