"""Second derivatives of smooth functions of working coordinates, by central differences of the first."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vcmodel.structures.chart import Array

STEP = 1e-5  # gives ten digits where coordinates are angles, or of the order of one


def differences(slope: Callable[[Array], Array], phi: Array) -> Array:
    """Symmetric second derivatives (m, m) of a function from its `slope` (m,)."""
    rows = [(slope(phi + move) - slope(phi - move)) / (2.0 * STEP) for move in STEP * np.eye(len(phi))]
    result = np.array(rows).reshape(len(phi), len(phi))
    return 0.5 * (result + result.T)
