"""A residual of correlations with distance that rounding keeps from being factorised."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from vcmodel.reml.estimate import Estimate

# smallest eigenvalue of the correlations of a unit below which rounding is all that keeps them regular
ROUNDING = 1e-10
# places of a unit up to which it is looked at
MOST = 3000


def decay_notes(estimate: Estimate, index: int) -> list[str]:
    """What is to say of a residual section whose correlations decay with distance: that it wants a nugget."""
    component = estimate.components[index]
    section = estimate.design.sections[component.index]
    rows = [row for row, one in zip(component.rows, component.structure.parameters, strict=True) if one.kind == "decay"]
    if not rows or _has_nugget(estimate, section.cells):
        return []
    sigma = estimate.sigma(index)
    for pattern in section.patterns:
        block = sigma[np.ix_(pattern.levels, pattern.levels)]
        scale = np.sqrt(np.diagonal(block))
        if not 1 < len(block) <= MOST or not np.all(scale > 0.0):
            continue
        if np.linalg.eigvalsh(block / np.outer(scale, scale))[0] < ROUNDING:
            return [
                f"{component.label}: places are so alike at this range ({', '.join(rows)}) that their matrix is singular by rounding, "
                "which stops the range from growing: write `units` in random for errors of the single records (a nugget)"
            ]
    return []


def _has_nugget(estimate: Estimate, cells: np.ndarray) -> bool:
    """Whether a random term has an effect of its own for each of these cells."""
    for term in estimate.design.terms:
        own = term.incidence[cells]
        if np.all(np.diff(own.indptr) == 1) and np.unique(own.indices).size == cells.size:
            return True
    return False
