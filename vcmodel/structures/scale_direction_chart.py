"""Roots whose rows are scale times unit direction: the chart of structures with held or tied parameters.

A row Lambda_i of the root is written as s_i u_i, |u_i| = 1, where a constraint concerns its variance or one of its correlations; the other
rows are free. Then a variance is s_i^2 and a correlation is u_i'u_j, so that constraints on them are regular where variances vanish: in
the entries of a Cholesky factor these manifolds are cones with their tip at zero. Levels whose correlation is held at +-1 share one
direction.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vcmodel.structures.base import Parameter
from vcmodel.structures.chart import Array, Chart, Limit, Scale
from vcmodel.structures.cholesky_chart import SMALL
from vcmodel.structures.correlations import correlation_jacobian, snapped
from vcmodel.structures.pivoting import pivoted_root
from vcmodel.structures.ray import Ray

# a direction takes part in the choice of the pivots with at least this weight, even where its scale is zero
LEAST_WEIGHT = 1e-4


class Place(NamedTuple):
    """Where a reported parameter stands in the matrix, and whether it is held or tied."""

    parameter: Parameter
    row: int
    column: int
    constrained: bool


@dataclass(frozen=True, eq=False)
class ScaleDirectionChart(Chart):
    """Coordinates are the scales, then the coordinates of each ray.

    Attributes
    ----------
    rays : tuple of Ray
        In pivot order: ray p has entries up to column p.
    scale_of : tuple of int
        The scale coordinate of each level; -1 for a free row and for unit variances.
    places : tuple of Place
        The reported parameters.
    reference : (k,) array
        Standard deviation of the data at each level.
    turning : bool
        False where the directions are constants: independent levels.
    """

    linear: ClassVar[bool] = False

    rays: tuple[Ray, ...]
    scale_of: tuple[int, ...]
    places: tuple[Place, ...]
    reference: Array
    turning: bool = True

    @property
    def order(self) -> int:
        """Number of rows, k."""
        return len(self.scale_of)

    @cached_property
    def n_scales(self) -> int:
        """Number of scale coordinates."""
        return max(self.scale_of) + 1

    @cached_property
    def parts(self) -> list[slice]:
        """Where the coordinates of each ray stand."""
        ends = np.cumsum([self.n_scales, *(ray.size for ray in self.rays)]).tolist()
        return [slice(a, b) for a, b in pairwise(ends)]

    @property
    def size(self) -> int:
        """Scales and coordinates of the rays."""
        return self.n_scales + sum(ray.size for ray in self.rays)

    @cached_property
    def ray_of(self) -> list[tuple[int, float]]:
        """The ray and the sign of each level."""
        found = {level: (p, sign) for p, ray in enumerate(self.rays) for level, sign in zip(ray.levels, ray.signs, strict=True)}
        return [found[level] for level in range(self.order)]

    @cached_property
    def correlated(self) -> tuple[bool, ...]:
        """Levels with a held or tied correlation: a negative scale would turn its sign."""
        pairs = [place for place in self.places if place.constrained and place.parameter.kind == "correlation"]
        named = {level for place in pairs for level in (place.row, place.column)}
        shared = {level for ray in self.rays if len(ray.levels) > 1 for level in ray.levels}
        return tuple(level in named or level in shared for level in range(self.order))

    # --- the root -------------------------------------------------------------------------------------------------------------------

    def _deviations(self, phi: Array) -> Array:
        """The scale of each level (k,), 1 where it has none."""
        return np.append(phi[: self.n_scales], 1.0)[list(self.scale_of)]

    def _rows(self, phi: Array) -> Array:
        """Signed u (k, k) of each level."""
        result = np.empty((self.order, self.order))
        for ray, part in zip(self.rays, self.parts, strict=True):
            result[list(ray.levels)] = np.outer(ray.signs, ray.vector(phi[part]))
        return result

    def _row_derivative(self, phi: Array) -> Array:
        """Derivative of the signed u by phi (m, k, k)."""
        result = np.zeros((self.size, self.order, self.order))
        for ray, part in zip(self.rays, self.parts, strict=True):
            turned = ray.derivative(phi[part])
            for level, sign in zip(ray.levels, ray.signs, strict=True):
                result[part, level] = sign * turned
        return result

    def loading(self, phi: Array) -> Array:
        """Lambda (k, k)."""
        return self._deviations(phi)[:, None] * self._rows(phi)

    def loading_derivative(self, phi: Array) -> Array:
        """Derivative of Lambda by phi (m, k, k)."""
        result = self._deviations(phi)[:, None] * self._row_derivative(phi)
        rows = self._rows(phi)
        for level, scale in enumerate(self.scale_of):
            if scale >= 0:
                result[scale, level] += rows[level]
        return result

    def loading_curvature(self, phi: Array, weights: Array) -> Array:
        """Second derivative of s u: within a ray, and between a scale and its ray."""
        result = np.zeros((self.size, self.size))
        deviations = self._deviations(phi)
        for ray, part in zip(self.rays, self.parts, strict=True):
            z = phi[part]
            turned = ray.derivative(z)
            for level, sign in zip(ray.levels, ray.signs, strict=True):
                result[part, part] += ray.curvature(z, sign * deviations[level] * weights[level])
                scale = self.scale_of[level]
                if scale >= 0:
                    cross = sign * (turned @ weights[level])
                    result[scale, part] += cross
                    result[part, scale] += cross
        return result

    # --- reported parameters --------------------------------------------------------------------------------------------------------

    def reported(self, phi: Array) -> Array:
        """Variances, covariances and correlations; a correlation beside a variance of zero is NaN unless a constraint gives it."""
        root, rows, deviations = self.loading(phi), self._rows(phi), self._deviations(phi)
        sigma = root @ root.T
        lengths = np.where(self._unit(), 1.0, np.linalg.norm(rows, axis=1))
        result = np.empty(len(self.places))
        for n, (parameter, i, j, constrained) in enumerate(self.places):
            if parameter.kind != "correlation":
                result[n] = sigma[i, j]
                continue
            size = lengths[i] * lengths[j] * (1.0 if constrained else abs(deviations[i] * deviations[j]))
            sign = 1.0 if constrained else np.sign(deviations[i] * deviations[j])
            result[n] = sign * (rows[i] @ rows[j]) / (lengths[i] * lengths[j]) if size > 0.0 else np.nan
        return np.where([place.parameter.kind == "correlation" for place in self.places], snapped(result), result)

    def jacobian(self, phi: Array) -> Array:
        """Derivative of the reported parameters."""
        derivative, sigma = self.derivative(phi), self.value(phi)
        rows, columns = np.tril_indices(self.order, -1)
        by_pair = dict(zip(zip(rows.tolist(), columns.tolist(), strict=True), correlation_jacobian(sigma, derivative), strict=True))
        result = np.empty((len(self.places), self.size))
        for n, (parameter, i, j, constrained) in enumerate(self.places):
            if parameter.kind != "correlation":
                result[n] = derivative[:, i, j]
            elif not constrained:
                result[n] = by_pair[max(i, j), min(i, j)]
        result[self._pairs[0]] = self._cosine_derivatives(phi)
        return result

    def _relative(self, phi: Array) -> Array:
        """What multiplies u (k,) in units of the data: the scale of a unit direction, one for a free row."""
        reference = np.where((np.array(self.scale_of) < 0) & self._unit(), 1.0, self.reference)
        return np.abs(self._deviations(phi)) / reference

    def _unit(self) -> NDArray[np.bool_]:
        """Levels (k,) with a unit direction."""
        return np.array([self.rays[p].unit for p, _ in self.ray_of], dtype=bool)

    @cached_property
    def _pairs(self) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
        """Number, row and column of the constrained correlations."""
        found = [(n, i, j) for n, (parameter, i, j, own) in enumerate(self.places) if own and parameter.kind == "correlation"]
        numbers, rows, columns = np.array(found, dtype=np.intp).reshape(-1, 3).T
        return numbers, rows, columns

    def _cosine_derivatives(self, phi: Array) -> Array:
        """Derivative of u_i'u_j for the constrained correlations, (their number, m); zero where both share a direction."""
        _, i, j = self._pairs
        rows, turned = self._rows(phi), self._row_derivative(phi)
        shared = np.array([ray for ray, _ in self.ray_of])
        moves = np.einsum("mpc,pc->pm", turned[:, i], rows[j]) + np.einsum("mpc,pc->pm", turned[:, j], rows[i])
        return np.where((shared[i] == shared[j])[:, None], 0.0, moves)

    # --- what constraints need ------------------------------------------------------------------------------------------------------

    def constrained(self, phi: Array) -> Array:
        """Scales, u_i'u_j and covariances of the constrained parameters."""
        rows, root = self._rows(phi), self.loading(phi)
        result = np.zeros(len(self.places))
        for n, (parameter, i, j, constrained) in enumerate(self.places):
            if not constrained:
                continue
            if parameter.kind == "variance":
                result[n] = self._deviations(phi)[i]
            else:
                result[n] = rows[i] @ rows[j] if parameter.kind == "correlation" else root[i] @ root[j]
        return result

    def constrained_jacobian(self, phi: Array) -> Array:
        """Derivative of :meth:`constrained`."""
        result = np.zeros((len(self.places), self.size))
        derivative = None
        for n, (parameter, i, j, constrained) in enumerate(self.places):
            if not constrained:
                continue
            if parameter.kind == "variance":
                result[n, self.scale_of[i]] = 1.0
            elif parameter.kind == "covariance":
                derivative = self.derivative(phi) if derivative is None else derivative
                result[n] = derivative[:, i, j]
        if self._pairs[0].size:
            result[self._pairs[0]] = self._cosine_derivatives(phi)
        return result

    def constrained_curvature(self, phi: Array, weights: Array) -> Array:
        """Weighted second derivative: scales are linear, u_i'u_j moves within and between two rays, a covariance is Sigma_ij."""
        gradient = np.zeros((self.order, self.order))
        result = np.zeros((self.size, self.size))
        rows = self._rows(phi)
        turned = [ray.derivative(phi[part]) for ray, part in zip(self.rays, self.parts, strict=True)]
        pull = np.zeros((self.order, self.order))
        for weight, (parameter, i, j, constrained) in zip(weights, self.places, strict=True):
            if not constrained or weight == 0.0 or parameter.kind == "variance":
                continue
            if parameter.kind == "covariance":
                gradient[i, j] += 0.5 * weight
                gradient[j, i] += 0.5 * weight
                continue
            (p, sign_i), (q, sign_j) = self.ray_of[i], self.ray_of[j]
            if p == q:
                continue
            one, other = self.parts[p], self.parts[q]
            pull[p] += weight * sign_i * rows[j]
            pull[q] += weight * sign_j * rows[i]
            cross = weight * sign_i * sign_j * turned[p] @ turned[q].T
            result[one, other] += cross
            result[other, one] += cross.T
        for ray, part, own in zip(self.rays, self.parts, pull, strict=False):
            result[part, part] += ray.curvature(phi[part], own)
        return result + self.curvature(phi, gradient) if np.any(gradient) else result

    def scale_coordinates(self, phi: Array) -> tuple[Scale, ...]:
        """Each scale, in units of the data; those of levels with a constrained correlation stay at or above zero."""
        result = []
        for number in range(self.n_scales):
            levels = [level for level, scale in enumerate(self.scale_of) if scale == number]
            size = float(np.sqrt(np.mean(self.reference[levels] ** 2)))
            result.append(Scale(number, size, any(self.correlated[level] for level in levels)))
        return tuple(result)

    def angles(self) -> NDArray[np.bool_]:
        """The coordinates of unit directions."""
        result = np.zeros(self.size, dtype=bool)
        for ray, part in zip(self.rays, self.parts, strict=True):
            result[part] = ray.unit
        return result

    def pivots(self, phi: Array, floor: float) -> tuple[Limit, ...]:
        """Coordinates at which the last entry of a ray falls to `floor`, for a matrix that must stay regular."""
        result = []
        for place, (ray, part) in enumerate(zip(self.rays, self.parts, strict=True)):
            if not ray.unit:
                scale = float(self.reference[ray.levels[0]])
                result.append(Limit(part.stop - 1, floor * scale, scale, floor * scale))
            elif ray.size:
                angle = np.arcsin(np.clip(ray.base[place], -1.0, 1.0)) - np.arcsin(floor)
                result.append(Limit(part.stop - 1, float(-np.tan(np.clip(angle, -1.5, 1.5))), 1.0, floor))
        return tuple(result)

    def settled(self, phi: Array, tolerance: float) -> tuple[Chart, Array]:
        """Scales, and trailing columns of the root, below `tolerance` of the data's standard deviation put to exactly zero."""
        phi = phi.copy()
        for scale in self.scale_coordinates(phi):
            if abs(phi[scale.coordinate]) < tolerance * scale.size:
                phi[scale.coordinate] = 0.0
        if not self.turning:
            return self, phi
        scaled = self._rows(phi) * np.where(self.correlated, 1.0, self._relative(phi))[:, None]
        sizes = np.abs(scaled).max(axis=0)
        kept = int(np.max(np.flatnonzero(sizes >= tolerance), initial=0)) + 1
        vectors = self._vectors(phi)
        for vector in vectors:
            if np.any(vector[:kept]):
                vector[kept:] = 0.0
        rays, vectors = self._merged(vectors, tolerance)
        return replace(self, rays=rays)._ordered(vectors, phi[: self.n_scales])

    def _merged(self, vectors: list[Array], tolerance: float) -> tuple[tuple[Ray, ...], list[Array]]:
        """The rays and their vectors, those joined that a constrained correlation of +-1 has made parallel, within `tolerance`."""
        rays: list[Ray | None] = list(self.rays)
        place_of = [place for place, _ in self.ray_of]
        for _, i, j in zip(*self._pairs, strict=True):
            p, q = sorted((place_of[i], place_of[j]))
            one, other = rays[p], rays[q]
            if p == q or one is None or other is None:
                continue
            u, v = vectors[p] / np.linalg.norm(vectors[p]), vectors[q] / np.linalg.norm(vectors[q])
            side = 1.0 if u @ v > 0.0 else -1.0
            if np.linalg.norm(u - side * v) < tolerance:
                signs = one.signs + tuple(side * sign for sign in other.signs)
                rays[p], rays[q] = replace(one, levels=one.levels + other.levels, signs=signs), None
                place_of = [p if place == q else place for place in place_of]
        kept = [(ray, vector) for ray, vector in zip(rays, vectors, strict=True) if ray is not None]
        return tuple(ray for ray, _ in kept), [vector for _, vector in kept]

    # --- better charts --------------------------------------------------------------------------------------------------------------

    def _with_vectors(self, rays: tuple[Ray, ...], vectors: list[Array], scales: Array) -> tuple[ScaleDirectionChart, Array]:
        """The chart centred at `vectors` (one a ray, in the order of `rays`, lower triangular), and its coordinates."""
        found, pieces = [], [scales]
        for place, (ray, vector) in enumerate(zip(rays, vectors, strict=True)):
            if ray.unit:
                found.append(Ray.around(ray.levels, ray.signs, vector, place))
                pieces.append(np.zeros(place))
            else:
                found.append(Ray.free_row(ray.levels[0], place, self.order))
                pieces.append(vector[: place + 1])
        return replace(self, rays=tuple(found)), np.concatenate(pieces)

    def _vectors(self, phi: Array) -> list[Array]:
        """The vector of each ray."""
        return [ray.vector(phi[part]) for ray, part in zip(self.rays, self.parts, strict=True)]

    def _weights(self, phi: Array) -> Array:
        """What multiplies each ray when the pivots are chosen: sizes in units of the data."""
        sizes = self._relative(phi)
        return np.array([max(LEAST_WEIGHT, *sizes[list(ray.levels)]) if ray.unit else sizes[ray.levels[0]] for ray in self.rays])

    def _ordered(self, vectors: list[Array], scales: Array) -> tuple[ScaleDirectionChart, Array]:
        """The chart at `vectors`, its rays in greedy order."""
        weights = self._weights(scales)
        order, lower = pivoted_root(np.array(vectors) * weights[:, None], np.ones(len(vectors)))
        rows = np.zeros((len(vectors), self.order))
        rows[:, : len(vectors)] = lower / weights[list(order), None]
        return self._with_vectors(tuple(self.rays[place] for place in order), list(rows), scales)

    def renormalise(self, phi: Array) -> tuple[Chart, Array]:
        """Centred at the point; pivots non-negative; rays put in greedy order when a pivot has become small."""
        if not self.turning:
            return self, phi
        vectors, weights = self._vectors(phi), self._weights(phi)
        pivots = np.array([vector[place] for place, vector in enumerate(vectors)])
        if np.any(np.abs(pivots * weights) < SMALL):
            chart, ordered = self._ordered(vectors, phi[: self.n_scales])
            if [ray.levels for ray in chart.rays] != [ray.levels for ray in self.rays]:
                return chart, ordered
        signs = np.ones(self.order)
        signs[: len(vectors)][pivots < 0.0] = -1.0
        centred = all(not ray.unit or not np.any(phi[part]) for ray, part in zip(self.rays, self.parts, strict=True))
        if centred and np.all(signs > 0.0):
            return self, phi
        return self._with_vectors(self.rays, [vector * signs for vector in vectors], phi[: self.n_scales])

    def turned(self, phi: Array, level: int, direction: Array) -> tuple[ScaleDirectionChart, Array]:
        """The same scales with the ray of `level` in another direction (k,) of its span."""
        place, sign = self.ray_of[level]
        vectors = self._vectors(phi)
        wanted = sign * direction
        wanted[place + 1 :] = 0.0
        if self.turning and np.linalg.norm(wanted) > 0.0:
            vectors[place] = wanted
        return self._with_vectors(self.rays, vectors, phi[: self.n_scales]) if self.turning else (self, phi)
