"""Further starting values for small data, where a likelihood may have several maxima and a further climb costs little.

All are made from the first climb, without chance: the same data give the same fit.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from vcmodel.reml.constraints import Constraints
    from vcmodel.reml.search import Search

    Array = NDArray[np.float64]

# observations up to which there are further starts
SMALL = 2000
# terms with covariances from which on several maxima were seen on small data
MANY_TERMS = 3
# starts beside those of the structures
MOST = 4
# share of the end of the first climb in a new start, the rest being the first start: away from the boundary, where there is no slope
END = 0.9
# correlation of a residual turned round, and the factor of a residual that starts small
TURNED, REDUCED = 0.9, 0.01


def further_starts(search: Search) -> Iterator[Constraints]:
    """What to start from after a first climb; nothing on large data, little where nothing hints at a second maximum.

    A structure may name other starts itself. Where a matrix ended singular or the model has many terms with covariances, residual
    matrices start with the correlations of one level turned round, the rest near the end of the first climb, and once as small: random
    terms and residual compete for covariances, and their maxima differ in the residual's sign.
    """
    constraints, components = search.constraints, search.components
    if search.equations.y.size > SMALL:
        return
    free = [c for c in range(len(components)) if not constraints.constrained(c).any()]
    for c in free:
        for theta in components[c].structure.alternatives(constraints.theta[c]):
            yield _with(constraints, {c: theta})
    ended = {c: components[c].structure.alternatives_to(constraints.theta[c], search.point[c].reported) for c in free}
    others = {c: found[0] for c, found in ended.items() if found}
    if others:
        yield _with(constraints, others)
    residual = [c for c in free if not components[c].is_random and _has_covariances(search, c)]
    if not residual or not _several_maxima_likely(search):
        return
    near_end = {c: components[c].structure.start(_blend(search, c)) for c in free}
    turned = [(c, level) for c in residual for level in range(_turns(components[c].structure.size))]
    for c, level in turned[:MOST]:
        yield _with(constraints, near_end | {c: components[c].structure.start(_turned(_blend(search, c), level))})
    yield _with(
        constraints, {c: components[c].structure.start(REDUCED * components[c].structure.value(constraints.theta[c])) for c in residual}
    )


def _with(constraints: Constraints, changed: dict[int, Array]) -> Constraints:
    return replace(constraints, theta=tuple(changed.get(c, theta) for c, theta in enumerate(constraints.theta)))


def _turns(k: int) -> int:
    """How many levels can be turned round against the others: turning either of two is the same."""
    return k if k > 2 else k - 1


def _has_covariances(search: Search, c: int) -> bool:
    structure = search.components[c].structure
    return bool(np.any(structure.pattern() & ~np.eye(structure.size, dtype=bool)))


def _several_maxima_likely(search: Search) -> bool:
    """Whether a matrix of several levels ended singular, or there are many terms with covariances."""
    several = [c for c, component in enumerate(search.components) if component.is_random and component.structure.size > 1]
    singular = any(search.at_bound[search.point[c].where].any() for c in several)
    return singular or sum(_has_covariances(search, c) for c in several) >= MANY_TERMS


def _blend(search: Search, c: int) -> Array:
    """Sigma between the first start and the end of the first climb."""
    structure = search.components[c].structure
    return END * search.point[c].sigma + (1.0 - END) * structure.value(search.constraints.theta[c])


def _turned(sigma: Array, level: int) -> Array:
    """The variances of `sigma` with strong correlations whose signs are the present ones, but for those of one level."""
    sign = np.where(sigma[0] < 0.0, -1.0, 1.0)
    sign[0] = 1.0
    sign[level] *= -1.0
    deviations = np.sqrt(np.diag(sigma))
    correlation = TURNED * np.outer(sign, sign) + (1.0 - TURNED) * np.eye(sign.size)
    return correlation * np.outer(deviations, deviations)
