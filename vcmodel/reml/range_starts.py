"""Starting ranges of correlations that decay with distance: the best of a few, by logL, since covariances of few records say little."""

from __future__ import annotations

from dataclasses import replace
from math import exp
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.reml.likelihood import set_point
from vcmodel.reml.point import starting_point
from vcmodel.structures.range_parameter import RangeParameter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.equations.base import Equations
    from vcmodel.reml.components import Component
    from vcmodel.reml.constraints import Constraints

    Array = NDArray[np.float64]

# ranges tried, in equal ratios from neighbours to half of the largest distance
STEPS = 5
# components up to which each is looked at by itself, the others as they are; beyond, all together
ALONE = 3


def best_ranges(equations: Equations, components: Sequence[Component], constraints: Constraints, defaults: Sequence[Array]) -> Constraints:
    """The constraints with those starting ranges at which logL is highest; what the user started, held or tied stays.

    Parameters
    ----------
    defaults : sequence of arrays
        The starting values before the user's.
    """
    open_ = [
        c
        for c, component in enumerate(components)
        if any(isinstance(one, RangeParameter) for one in component.structure.parameters)
        and not constraints.constrained(c).any()
        and np.array_equal(constraints.theta[c], defaults[c])
    ]
    best = constraints
    groups = [[c] for c in open_] if len(open_) <= ALONE else [open_]
    for group in groups:
        trials = [best, *(_moved(best, components, group, step / STEPS) for step in range(1, STEPS + 1))]
        best = max(trials, key=lambda trial: _loglik(equations, components, trial))
    return best


def _moved(constraints: Constraints, components: Sequence[Component], group: Sequence[int], share: float) -> Constraints:
    """The constraints with ranges of some components moved a share of the way to half of the largest distance."""
    theta = list(constraints.theta)
    for c in group:
        theta[c] = theta[c].copy()
        for i, one in enumerate(components[c].structure.parameters):
            if isinstance(one, RangeParameter):
                span = one.span(float(theta[c][i]))
                wider = span * max(0.5 * one.most / span, 1.0) ** share
                theta[c][i] = exp(-one.decay.rate_of(wider / one.least))
    return replace(constraints, theta=tuple(theta))


def _loglik(equations: Equations, components: Sequence[Component], constraints: Constraints) -> float:
    """LogL at starting values; minus infinity where the equations cannot stand there."""
    return equations.loglik if set_point(equations, starting_point(components, constraints)) else -np.inf
