"""The search that a model asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vcmodel.reml.constrained import ConstrainedSearch
from vcmodel.reml.free import FreeSearch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vcmodel.control import Control
    from vcmodel.equations.base import Equations
    from vcmodel.reml.constraints import Constraints
    from vcmodel.reml.point import Point
    from vcmodel.reml.search import Search


def make_search(
    equations: Equations, constraints: Constraints, point: Point, control: Control, at_bound: NDArray[np.bool_] | None = None
) -> Search:
    """A search from `point`: a free one where nothing is held or tied.

    Parameters
    ----------
    at_bound : (m,) bool array, optional
        Coordinates that are on their boundary, at exactly zero; by default none.
    """
    return (ConstrainedSearch if constraints.any else FreeSearch)(equations, constraints, point, control, at_bound)
