"""What pages and pictures ask of a fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pandas as pd

    from vcmodel.reml.estimate import Estimate


class Source(Protocol):
    """A fit as far as reports look at it; :class:`vcmodel.Fit` is one."""

    @property
    def estimate(self) -> Estimate:
        """The engine's record."""

    def to_dict(self) -> dict[str, Any]:
        """The fit in plain types."""

    def random_effects(self, term: str) -> pd.DataFrame:
        """Predicted effects of a term, ``effect std_error pev reliability``."""
