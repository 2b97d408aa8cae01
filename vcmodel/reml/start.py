"""Starting values: pairwise covariances of the residuals from the fixed effects, shared out over the terms.

Shares 0.1 for each random term and 0.5 for the residual, as measured to be good over a wide range of cases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import toeplitz

from vcmodel.errors import DataError
from vcmodel.structures.correlations import DEFAULT_START, LARGEST_START
from vcmodel.structures.separable import FEW, SeparableStructure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.design.design import Design
    from vcmodel.design.residual import Section
    from vcmodel.design.terms import DesignTerm
    from vcmodel.reml.components import Component

    Array = NDArray[np.float64]

RANDOM_SHARE, RESIDUAL_SHARE = 0.1, 0.5
# steps apart up to which residuals are compared along a direction
LAGS = 3
# residuals below this fraction of the data are rounding
EXACT = 1e-12


def level_sd(residual: Array, y: Array, level: NDArray[np.int64], k: int) -> Array:
    """Root mean square (k,) of the residuals at each level; a level that the fixed effects fit exactly gets the mean of the others.

    Levels are never compared with one another: traits may differ by any factor.
    """
    total = np.bincount(level, weights=residual**2, minlength=k)
    whole = np.bincount(level, weights=y**2, minlength=k)
    varies = total > EXACT**2 * whole
    own = np.sqrt(total / np.maximum(np.bincount(level, minlength=k), 1))
    # one observation beside its own mean, or none: nothing is known of the level's own scale
    return np.where(varies, own, np.sqrt(np.mean(own[varies] ** 2)) if varies.any() else 1.0)


def level_spread(residual: Array, y: Array, level: NDArray[np.int64], k: int) -> Array:
    """The same (k,) about the mean of each level, for a residual: fixed effects without the level's own mean leave it to random terms."""
    count = np.maximum(np.bincount(level, minlength=k), 1)
    centred = residual - (np.bincount(level, weights=residual, minlength=k) / count)[level]
    own = np.sqrt(np.bincount(level, weights=centred**2, minlength=k) / count)
    whole = level_sd(residual, y, level, k)
    return np.where(own > EXACT * whole, own, whole)


def pairwise_correlation(residual: Array, level: NDArray[np.int64], group: NDArray[np.int64], k: int) -> Array:
    """Correlations (k, k) of group means at two levels over the groups that have both; DEFAULT_START where fewer than 4 do."""
    correlation = np.full((k, k), DEFAULT_START)
    np.fill_diagonal(correlation, 1.0)
    if k == 1:
        return correlation
    groups, inverse = np.unique(group, return_inverse=True)
    cell = inverse * k + level
    count = np.bincount(cell, minlength=groups.size * k).reshape(-1, k)
    means = np.bincount(cell, weights=residual, minlength=groups.size * k).reshape(-1, k) / np.maximum(count, 1)
    seen = (count > 0).astype(float)
    both = seen.T @ seen
    products = means.T @ means
    power = (means**2).T @ seen
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = products / np.sqrt(power * power.T)
    usable = (both >= 4) & np.isfinite(estimate)
    np.fill_diagonal(usable, False)
    correlation[usable] = estimate[usable]
    return positive_definite(correlation)


def positive_definite(correlation: Array) -> Array:
    """The correlation matrix with off-diagonals limited and eigenvalues raised to 0.05, unit diagonal again; never exactly 0 off it."""
    off = ~np.eye(correlation.shape[0], dtype=bool)
    limited = np.clip(correlation, -LARGEST_START, LARGEST_START)
    limited[off & (np.abs(limited) < 1e-3)] = 0.01
    np.fill_diagonal(limited, 1.0)
    values, vectors = np.linalg.eigh(limited)
    raised = (vectors * np.maximum(values, 0.05)) @ vectors.T
    d = np.sqrt(np.diag(raised))
    return raised / np.outer(d, d)


def defaults(design: Design, components: Sequence[Component], residual: Array, starts: Sequence[Array]) -> list[Array]:
    """Reported parameters of every component near its starting covariance; of series in a residual, near what neighbours show."""
    found = []
    for component, covariance in zip(components, starts, strict=True):
        structure = component.structure
        if isinstance(structure, SeparableStructure) and not component.is_random:
            section = design.sections[component.index]
            found.append(structure.start(covariance, correlations_along(section, residual[section.cells])))
        else:
            found.append(structure.start(covariance))
    return found


def correlations_along(section: Section, residual: Array) -> list[Array]:
    """For each sparse part of a section, correlations (w, w) between levels as far apart: of the first few, of all where these have places.

    Parameters
    ----------
    residual : (n,) array
        At the section's cells; each Sigma-level is taken about its own mean and in its own units.
    """
    structure = section.separable
    level = section.sigma_level
    count = np.maximum(np.bincount(level), 1)
    centred = residual - (np.bincount(level, weights=residual) / count)[level]
    size = np.sqrt(np.bincount(level, weights=centred**2) / count)[level]
    orders = [part.size for part in structure.sparse]
    others = int(section.unit.max()) + 1, structure.size
    cube = np.zeros((*others, *orders))
    place = np.unravel_index(section.level % section.n_places, orders)
    cube[(section.unit, level, *place)] = np.divide(centred, size, out=np.zeros_like(centred), where=size > 0.0)
    seen = np.zeros(cube.shape)
    seen[(section.unit, level, *place)] = 1.0
    result = []
    for axis, part in enumerate(structure.sparse, start=len(others)):
        near = [_lagged(cube, axis, lag) / max(_lagged(seen, axis, lag), 1.0) for lag in range(min(part.size, LAGS + 1))]
        few = part.size if part.metric else min(part.size, FEW)
        lags = np.zeros(few)
        lags[: len(near)] = near[:few]
        result.append(positive_definite(toeplitz(lags / lags[0]) if lags[0] > 0.0 else np.eye(few)))
    return result


def _lagged(cube: Array, axis: int, lag: int) -> float:
    """The sum of the products of entries `lag` apart along an axis."""
    length = cube.shape[axis]
    return float(np.sum(np.take(cube, range(length - lag), axis) * np.take(cube, range(lag, length), axis)))


def term_cells(term: DesignTerm) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], Array]:
    """Cell, Sigma-level, relationship level and value of every nonzero of a term's incidence."""
    entries = term.incidence.tocoo()
    sigma, level = np.divmod(entries.col.astype(np.int64), term.n_levels)
    return entries.row.astype(np.int64), sigma, level, entries.data


def refuse_exact_fit(design: Design, residual: Array) -> None:
    """Raise where the fixed effects explain a response, or all of a residual section, exactly.

    Raises
    ------
    DataError
        Naming the response or section.
    """

    def exact(cells: NDArray[np.int64]) -> bool:
        return bool(np.sum(residual[cells] ** 2) <= EXACT**2 * np.sum(design.y[cells] ** 2))

    frame = design.frame
    for t, name in enumerate(frame.responses):
        if exact(np.flatnonzero(frame.trait == t)):
            raise DataError(
                f"response {name!r} is explained exactly by the fixed effects: nothing is left for the variances; simplify fixed"
            )
    for section in design.sections if len(design.sections) > 1 else ():
        if exact(section.cells):
            raise DataError(
                f"residual section {section.label}: its {section.cells.size} observation(s) are explained exactly by the fixed effects, "
                "so that it has no variance to estimate; join it with another section or remove its rows"
            )


def covariances(design: Design, residual: Array, scale: float = 1.0) -> tuple[list[Array], list[Array]]:
    """Reference standard deviations (k,) and starting covariances (k, k): random terms, then sections.

    Parameters
    ----------
    residual : (N,) array
        y minus its fixed-effects fit, on the weighted scale.
    scale : float
        Multiplies the covariances.
    """
    references, starts = [], []
    for term in design.terms:
        k = term.structure.size
        cell, sigma, level, value = term_cells(term)
        size = np.sqrt(np.bincount(sigma, weights=value**2, minlength=k) / np.maximum(np.bincount(sigma, minlength=k), 1))
        reference = level_sd(residual[cell], design.y[cell], sigma, k) / np.where(size > 0, size, 1.0)
        overlapping = np.unique(cell).size < cell.size  # str(): one cell at several Sigma-levels
        if overlapping:
            correlation = pairwise_correlation(np.zeros(0), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), k)
        else:
            unit = design.frame.row[cell]
            by_unit = np.unique(unit).size < unit.size and k > 1
            correlation = pairwise_correlation(residual[cell], sigma, unit if by_unit else level, k)
        references.append(reference)
        starts.append(scale * RANDOM_SHARE * correlation * np.outer(reference, reference))
    for section in design.sections:
        k = section.structure.size
        reference = level_spread(residual[section.cells], design.y[section.cells], section.sigma_level, k)
        correlation = pairwise_correlation(residual[section.cells], section.sigma_level, section.unit, k)
        references.append(reference)
        starts.append(scale * RESIDUAL_SHARE * correlation * np.outer(reference, reference))
    return references, starts
