"""The tangent cone of a model at a point: every direction in which its matrices can move and stay positive semi-definite.

With x the coordinates of the directions, the matrices N'dSigma N, N the null space of a Sigma, must not become negative; the rest is free.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.errors import VcmodelError
from vcmodel.results.comparable import entries
from vcmodel.results.projection import to_vector, triangle_size
from vcmodel.structures.identity import Identity
from vcmodel.structures.kronecker import KroneckerStructure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.results.comparable import Part
    from vcmodel.structures.base import Structure

    Array = NDArray[np.float64]

# eigenvalues of a matrix in units of the data's variance below this are its null space (least squares leaves 1e-10)
AT_ZERO = 1e-7
# relative size of what is left of a vector that lies in a space
RESIDUAL = 1e-6
# variances at their boundary are moved inside by this share of the data's
SHIFT = 0.05
STEPS = 60  # of Gauss-Newton from the structure's own start


class UnknownCone(VcmodelError):
    """The cone is none of those that are known here; its message says why."""


@dataclass(frozen=True)
class Block:
    """A matrix that must stay positive semi-definite: its triangle (r (r + 1) / 2, n) as a function of the n coordinates."""

    order: int
    rows: Array


@dataclass(frozen=True)
class Cone:
    """Directions and the matrices that must not become negative along them.

    Attributes
    ----------
    basis : (m, n) array
        The entries of the matrices, one part after the other, along each coordinate.
    blocks : tuple of Block
    larger : bool
        Whether it may hold more than the model: then tail probabilities are upper bounds.
    """

    basis: Array
    blocks: tuple[Block, ...]
    larger: bool = False

    @classmethod
    def at(cls, parts: Sequence[Part], sigmas: Sequence[Array]) -> Cone:
        """That of a model at the matrices `sigmas` of its parts.

        Raises
        ------
        UnknownCone
        """
        columns: list[list[tuple[int, Array]]] = []
        by_parameter: dict[int, Array] = {}
        larger = False
        for c, (part, sigma) in enumerate(zip(parts, sigmas, strict=True)):
            basis, constrained = entries(part.structure), bool(part.fixed.any() or (part.group >= 0).any())
            if constrained or len(basis) != len(part.structure.parameters):
                theta = theta_at(part, sigma)
                if theta is not None:
                    by_parameter[c] = part.structure.derivative(theta)
                    continue
                if constrained:
                    raise UnknownCone(f"{part.label} has fixed or tied parameters, and is singular")
                larger = True
            columns += [[(c, direction)] for direction in basis]
        columns += [
            [(c, by_parameter[c][i]) for c, i in members]
            for members in free_parameters(parts)
            if all(c in by_parameter for c, _ in members)
        ]
        moved = [[sum_of(column, c, sigma) for column in columns] for c, sigma in enumerate(sigmas)]
        coordinates = [
            np.stack([values_at(direction, entries(part.structure)) for direction in own], axis=1)
            for part, own in zip(parts, moved, strict=True)
        ]
        blocks = [block for part, sigma, own in zip(parts, sigmas, moved, strict=True) for block in _blocks(part, sigma, np.stack(own))]
        return cls(np.concatenate(coordinates), tuple(blocks), larger)

    def without(self, along: Array) -> Cone:
        """The cone with the coordinates left out that the entries `along` (m, count) move.

        Raises
        ------
        UnknownCone
            They are not coordinates of their own.
        """
        moving = np.any(np.abs(self.coordinates(along)) > RESIDUAL * np.abs(self.coordinates(along)).max(axis=0, initial=0.0), axis=1)
        if np.count_nonzero(moving) != along.shape[1]:
            raise UnknownCone("they are no coordinates of their own")
        kept = [Block(block.order, block.rows[:, ~moving]) for block in self.blocks if np.any(block.rows[:, ~moving])]
        return Cone(self.basis[:, ~moving], tuple(kept), self.larger)

    def coordinates(self, along: Array) -> Array:
        """The coordinates (n, count) of moves of the entries (m, count).

        Raises
        ------
        UnknownCone
            A move leaves the cone's space.
        """
        found = np.linalg.lstsq(self.basis, along, rcond=None)[0]
        left = np.linalg.norm(self.basis @ found - along, axis=0)
        if np.any(left > RESIDUAL * np.linalg.norm(along, axis=0)):
            raise UnknownCone("the smaller model moves out of the larger one")
        return np.asarray(found, dtype=float)


def sum_of(column: Sequence[tuple[int, Array]], part: int, like: Array) -> Array:
    """The move of one part's matrix along a coordinate."""
    return sum((direction for c, direction in column if c == part), np.zeros_like(like))


def values_at(matrix: Array, basis: Array) -> Array:
    """The values (m,) of a matrix at its entries `basis` (m, k, k)."""
    return np.asarray(np.tensordot(basis, matrix, 2) / basis.sum(axis=(1, 2)))


def free_parameters(parts: Sequence[Part]) -> list[list[tuple[int, int]]]:
    """The free parameters as (part, parameter), those of an equality group together."""
    groups: dict[object, list[tuple[int, int]]] = {}
    for c, part in enumerate(parts):
        for i in np.flatnonzero(~part.fixed).tolist():
            groups.setdefault(int(part.group[i]) if part.group[i] >= 0 else (c, i), []).append((c, i))
    return list(groups.values())


def typical(part: Part, sigma: Array) -> Array:
    """Reported parameters near a matrix but inside its boundary, as far as the fixed and tied ones leave it."""
    theta = part.structure.start(sigma + SHIFT * np.diag(part.reference**2))
    theta[part.fixed] = part.theta[part.fixed]
    for number in np.unique(part.group[part.group >= 0]):
        tied = part.group == number
        theta[tied] = theta[tied].mean()
    return theta


def theta_at(part: Part, sigma: Array) -> Array | None:
    """The reported parameters that give a matrix; None where there are none or the matrix has no derivative by them."""
    theta = typical(part, sigma)
    scale = np.outer(part.reference, part.reference)
    members = [[i for _, i in group] for group in free_parameters([part])]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for _ in range(STEPS):
            rest = (part.structure.value(theta) - sigma) / scale
            derivative = part.structure.derivative(theta)
            free = [derivative[own].sum(axis=0) / scale for own in members]
            if not np.all(np.isfinite(rest)) or not np.all(np.isfinite(free)):
                return None
            if np.linalg.norm(rest) < AT_ZERO * 1e-2:
                return theta if _smooth(part, sigma, theta) else None
            if not free:
                return None
            step = np.linalg.lstsq(np.stack(free).reshape(len(free), -1).T, rest.ravel(), rcond=1e-12)[0]
            for own, change in zip(members, step, strict=True):
                theta[own] -= change
    return None


def _smooth(part: Part, sigma: Array, theta: Array) -> bool:
    """Whether the matrix has derivatives by its free parameters: always, unless a variance is zero and they depend on it."""
    if np.all(np.diag(sigma) > AT_ZERO * part.reference**2):
        return True
    here, inside = (part.structure.derivative(value)[~part.fixed] for value in (theta, typical(part, sigma)))
    return bool(np.allclose(here, inside, rtol=RESIDUAL))


def _blocks(part: Part, sigma: Array, moves: Array) -> list[Block]:
    """The constraints on the moves (n, k, k) of a matrix at `sigma`."""
    rows = _once(part.structure)
    scale = part.reference[rows]
    values, vectors = np.linalg.eigh(sigma[np.ix_(rows, rows)] / np.outer(scale, scale))
    if values[0] < -1e3 * AT_ZERO:
        raise VcmodelError("the models are not nested: the smaller one has a matrix that the larger one cannot have")
    null = vectors[:, values < AT_ZERO] / scale[:, None]
    # in coordinates where a typical matrix of the structure is the identity half-lines have common eigenvectors; a variance held at zero
    # is zero there too, and no direction
    near, axes = np.linalg.eigh(null.T @ np.nan_to_num(part.structure.value(typical(part, sigma)))[np.ix_(rows, rows)] @ null)
    kept = near > RESIDUAL * near.max(initial=0.0)
    null = null @ axes[:, kept] / np.sqrt(near[kept])
    r = null.shape[1]
    inner = null.T @ moves[:, rows[:, None], rows] @ null
    triangles = to_vector(inner)
    size = np.linalg.svd(triangles, compute_uv=False) if r and len(moves) else np.zeros(0)
    rank = int(np.sum(size > RESIDUAL * size.max(initial=0.0)))
    if rank == 0:
        return []
    lines = _half_lines(inner) if rank < triangle_size(r) else []
    if len(lines) == rank:
        return [Block(1, line[None]) for line in lines]
    return [Block(r, triangles.T)]


def _half_lines(inner: Array) -> list[Array]:
    """The eigenvalues (n,) of matrices (n, r, r) that have common eigenvectors, each once; empty where they have not."""
    mixed = np.tensordot(np.random.default_rng(0).standard_normal(len(inner)), inner, 1)
    axes = np.linalg.eigh(mixed)[1]
    rotated = axes.T @ inner @ axes
    diagonal = np.diagonal(rotated, axis1=1, axis2=2)
    if np.linalg.norm(rotated) ** 2 - np.linalg.norm(diagonal) ** 2 > RESIDUAL * np.linalg.norm(diagonal) ** 2:
        return []
    found: list[Array] = []
    for line in diagonal.T:
        size = np.linalg.norm(line)
        if size > 0.0 and not any(np.allclose(line / size, other / np.linalg.norm(other), atol=RESIDUAL) for other in found):
            found.append(line)
    return found


def _once(structure: Structure) -> NDArray[np.int64]:
    """Rows of a matrix that is the same for every level of an identity: those of its first level."""
    index = np.arange(structure.size)
    if not isinstance(structure, KroneckerStructure):
        return index
    kept = np.ones(structure.size, dtype=bool)
    places = np.unravel_index(index, [1, *(item.size for item in structure.all_parts)])[1:]
    for part, place in zip(structure.all_parts, places, strict=True):
        if isinstance(part, Identity):
            kept &= place == 0
    return index[kept]
