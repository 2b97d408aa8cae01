"""Changes of several matrices at once that leave V, and so the likelihood of every y, as it is.

V is linear in the entries of the matrices Sigma. Changes d with sum_i d_i P0 V_i P0 = 0, P0 the projection beside the fixed effects, are
therefore confounded whatever the data and wherever the fit ends; the average information, a form in the one vector Py, sees them at
interior points only. They are looked for with random vectors r in place of Py: for almost all r, sum_i d_i P0 V_i P0 r = 0 for as many r
as there are parameters only if the matrix is zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.equations.separable_residual import SeparableResidual
from vcmodel.equations.term_precision import TermPrecision
from vcmodel.linalg.cholesky import SparseCholesky
from vcmodel.reml.equality import EqualityConstraints

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from vcmodel.design.design import Design
    from vcmodel.design.terms import DesignTerm
    from vcmodel.reml.constraints import Constraints
    from vcmodel.reml.point import Part, Point

    Array = NDArray[np.float64]

# eigenvalues of the Gram matrix of the changes, scaled to unit diagonal, that are rounding (squares of 1e-6)
NULL_EIGENVALUE = 1e-12
# changes of V that are this small beside the change of Sigma are rounding: the term itself is confounded with the fixed effects
NO_CHANGE = 1e-14
# numbers in the changes of V for one random vector, beyond which the search is left out
MOST_NUMBERS = 10_000_000
# where coordinates at their edge are put for the search, as a share of the data's standard deviation; two points, because a structure that
# is not linear in its parameters may have confounded directions at single points
INTERIOR = (0.3, 0.5)


@dataclass(frozen=True)
class Ridge:
    """The directions that no data can determine.

    Attributes
    ----------
    changes : tuple of (r, k, k) arrays
        dSigma of each component along the r directions.
    moved : (n parameters, r) array
        Change of the reported parameters of all components, as a fraction of what each moves at most.
    """

    changes: tuple[Array, ...]
    moved: Array

    @property
    def dimension(self) -> int:
        """Number of directions, r."""
        return self.moved.shape[1]


def find_ridge(design: Design, constraints: Constraints, point: Point) -> Ridge | None:
    """The confounded changes that join several components, at an interior point near `point`; None where there are none."""
    found: Ridge | None = None
    for share in INTERIOR:
        inside = lifted(point, share)
        ridge = _ridge_at(design, constraints, inside)
        if ridge is None:
            return None
        if found is None or ridge.dimension < found.dimension:
            found = ridge
        if all(part.chart.whole_cone or part.chart.linear for part in inside):
            break
    return found


def lifted(point: Point, share: float) -> Point:
    """The point with the coordinates at an edge at least a share of the data's standard deviation off it."""
    lifted = {}
    for c, part in enumerate(point):
        new = part.phi.copy()
        for number, edge in enumerate(part.edges):
            new[edge.coordinate] = max(new[edge.coordinate], (share + 0.01 * number) * edge.scale)
        if part.chart.feasible(new):
            lifted[c] = (part.chart, new)
    return point.changed(lifted)


def _ridge_at(design: Design, constraints: Constraints, point: Point) -> Ridge | None:
    transform = EqualityConstraints.of(point.components, constraints).directions(point)
    if transform.shape[1] < 2 or transform.shape[1] * design.y.size > MOST_NUMBERS:
        return None
    changes = [
        np.tensordot(transform[part.where].T, part.derivative, axes=1)
        if part.chart.size
        else np.zeros((transform.shape[1], part.chart.order, part.chart.order))
        for part in point
    ]
    # each column to unit size in units of the data
    size = np.sqrt(sum(np.sum((d / part.unit) ** 2, axis=(1, 2)) for d, part in zip(changes, point, strict=True)))
    # V is not linear in the parameters of sparse parts
    inner = np.concatenate([np.arange(part.where.stop - part.chart.n_sparse, part.where.stop) for part in point])
    alive = np.flatnonzero((size > 0.0) & ~np.any(transform[inner], axis=0))
    changes = [d[alive] / size[alive, None, None] for d in changes]
    gram = change_gram(design, changes, point)
    own = np.sqrt(np.diag(gram))
    kept = own > np.sqrt(NO_CHANGE) * own.max(initial=0.0)
    changes, gram, own = [d[kept] for d in changes], gram[np.ix_(kept, kept)], own[kept]
    members = np.array([[bool(np.any(d[j])) for j in range(own.size)] for d in changes])
    directions = _between(gram / np.outer(own, own), members)
    if directions.shape[1] == 0:
        return None
    directions = directions / own[:, None]
    moves = np.zeros((transform.shape[1], directions.shape[1]))
    moves[alive[kept]] = directions / size[alive[kept], None]
    stacked = np.nan_to_num(np.vstack([part.chart.jacobian(part.phi) @ transform[part.where] for part in point]))
    stacked[np.concatenate(constraints.fixed)] = 0.0  # but for rounding
    most = np.linalg.norm(stacked[:, alive] / size[alive], axis=1)
    length = np.linalg.norm(directions, axis=0)
    moved = (stacked @ moves) / length / np.where(most > 0.0, most, 1.0)[:, None]
    return Ridge(tuple(np.tensordot(directions.T, d, axes=1) for d in changes), moved)


def _between(gram: Array, members: NDArray[np.bool_]) -> Array:
    """The null space (f, r) of a scaled Gram matrix without what is null within a single component."""
    null = _null_space(gram)
    if not null.shape[1]:
        return null
    for own in members:
        place = np.flatnonzero(own & (members.sum(axis=0) == 1))
        within = _null_space(gram[np.ix_(place, place)])
        null[place] -= within @ (within.T @ null[place])
    left, singular, _ = np.linalg.svd(null, full_matrices=False)
    return np.asarray(left[:, singular > 1e-6])


def _null_space(gram: Array) -> Array:
    """Eigenvectors of the eigenvalues that are zero but for rounding."""
    if not gram.size:
        return np.zeros((gram.shape[0], 0))
    values, vectors = np.linalg.eigh(gram)
    return np.asarray(vectors[:, values < NULL_EIGENVALUE * gram.shape[0]])


def change_gram(design: Design, changes: Sequence[Array], point: Point) -> Array:
    """Inner products (f, f) of the changes P0 dV P0 r of V, added over random vectors r.

    Parameters
    ----------
    changes : sequence of (f, k, k) arrays
        dSigma of every random term, then of every residual section.
    point : Point
        Where the sparse parts of terms stand.
    """
    f = changes[0].shape[0]
    x = design.x
    cross = SparseCholesky.of(x.T @ x) if x.shape[1] else None

    def beside(values: Array) -> Array:
        return values if cross is None else values - x @ cross.solve(np.asarray(x.T @ values))

    relationships = [_relate(term, part) for term, part in zip(design.terms, point.random, strict=True)]
    rng = np.random.default_rng(20)
    gram = np.zeros((f, f))
    # with k vectors and a few to spare no Sigma (k, k) is orthogonal to all of them by chance
    for _ in range(min(f, 4 + max(d.shape[1] for d in changes))):
        vector = beside(rng.standard_normal((design.y.size, 1)))[:, 0]
        image = np.zeros((design.y.size, f))
        for term, related, d in zip(design.terms, relationships, changes, strict=False):
            s = related((term.incidence.T @ vector).reshape(term.structure.size, term.n_levels).T)  # (q, k)
            moving = np.flatnonzero(np.any(d, axis=(1, 2)))
            by_effect = np.tensordot(d[moving], s, axes=(2, 1)).reshape(moving.size, term.incidence.shape[1])
            image[:, moving] += term.incidence @ by_effect.T
        for section, part, d in zip(design.sections, point.residual, changes[len(design.terms) :], strict=True):
            if not section.patterns:
                image[section.cells] += SeparableResidual(section, design.y.size).moved(part, d, vector)
            for pattern in section.patterns:
                small = d[:, pattern.levels[:, None], pattern.levels[None, :]]
                image[pattern.cells] += np.einsum("ug,mgh->uhm", vector[pattern.cells], small)
        image = beside(image)
        gram += image.T @ image
    return gram


def _relate(term: DesignTerm, part: Part) -> Callable[[Array], Array]:
    """K times the columns of an array (q, m), K at a part inside its domain."""
    precision, root = TermPrecision(term.inverses, term.relationship), term.root
    precision.update(part)
    if root is None:
        return precision.solve
    return lambda values: np.asarray(root @ precision.solve(np.asarray(root.T @ values)))
