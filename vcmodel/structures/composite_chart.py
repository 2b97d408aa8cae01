"""Charts made of parts whose coordinates stand one after the other: what Kronecker products and direct sums have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from vcmodel.structures.chart import Array, Chart, Edge, Limit, Scale

Scalar = TypeVar("Scalar", bound=np.generic)
Located = TypeVar("Located", Edge, Limit, Scale)


def split(vector: NDArray[Scalar], sizes: list[int]) -> list[NDArray[Scalar]]:
    """The pieces of `vector` of the given sizes."""
    return np.split(vector, np.cumsum(sizes)[:-1]) if sizes else []


def block_diagonal(blocks: list[NDArray[Scalar]]) -> NDArray[Scalar]:
    """The blocks along the diagonal, zero (or False) elsewhere; blocks without rows or columns count."""
    rows, columns = sum(len(block) for block in blocks), sum(block.shape[1] for block in blocks)
    result = np.zeros((rows, columns), dtype=blocks[0].dtype)
    row = column = 0
    for block in blocks:
        result[row : row + len(block), column : column + block.shape[1]] = block
        row, column = row + len(block), column + block.shape[1]
    return result


@dataclass(frozen=True, eq=False)
class CompositeChart(Chart):
    """Coordinates of the parts one after the other."""

    parts: tuple[Chart, ...]

    @cached_property
    def sizes(self) -> list[int]:
        """Number of coordinates of each part."""
        return [part.size for part in self.parts]

    @property
    def size(self) -> int:
        """Sum of the parts' sizes."""
        return sum(self.sizes)

    def _zip(self, phi: Array) -> list[tuple[Chart, Array]]:
        return list(zip(self.parts, split(phi, self.sizes), strict=True))

    def _located(self, phi: Array, of: Callable[[Chart, Array], tuple[Located, ...]]) -> list[tuple[int, Located]]:
        """What `of` finds in each part, with the position of the part's first coordinate."""
        starts = np.cumsum([0, *self.sizes]).tolist()
        return [(start, item) for (part, own), start in zip(self._zip(phi), starts, strict=False) for item in of(part, own)]

    def edges(self, phi: Array) -> tuple[Edge, ...]:
        """Those of the parts."""
        return tuple(
            replace(edge, coordinate=edge.coordinate + start, group=tuple(index + start for index in edge.group))
            for start, edge in self._located(phi, lambda part, own: part.edges(own))
        )

    def renormalise(self, phi: Array) -> tuple[Chart, Array]:
        """Each part renormalised."""
        return self._rebuilt([part.renormalise(own) for part, own in self._zip(phi)])

    def _rebuilt(self, pieces: list[tuple[Chart, Array]]) -> tuple[Chart, Array]:
        """The composite of new parts, itself where none changed."""
        same = all(new is old for (new, _), old in zip(pieces, self.parts, strict=True))
        chart = self if same else replace(self, parts=tuple(part for part, _ in pieces))
        return chart, np.concatenate([np.zeros(0), *(own for _, own in pieces)])

    def feasible(self, phi: Array) -> bool:
        """Whether every part is."""
        return all(part.feasible(own) for part, own in self._zip(phi))

    def constrained(self, phi: Array) -> Array:
        """Those of the parts."""
        return np.concatenate([np.zeros(0), *(part.constrained(own) for part, own in self._zip(phi))])

    def constrained_jacobian(self, phi: Array) -> Array:
        """Block diagonal."""
        return block_diagonal([np.zeros((0, 0)), *(part.constrained_jacobian(own) for part, own in self._zip(phi))])

    def constrained_curvature(self, phi: Array, weights: Array) -> Array:
        """Block diagonal: each is a function of the coordinates of one part."""
        pieces = self._zip(phi)
        shares = split(weights, [len(part.constrained(own)) for part, own in pieces])
        blocks = [part.constrained_curvature(own, share) for (part, own), share in zip(pieces, shares, strict=True)]
        return block_diagonal([np.zeros((0, 0)), *blocks])

    def scale_coordinates(self, phi: Array) -> tuple[Scale, ...]:
        """Those of the parts."""
        found = self._located(phi, lambda part, own: part.scale_coordinates(own))
        return tuple(scale._replace(coordinate=scale.coordinate + start) for start, scale in found)

    def angles(self) -> NDArray[np.bool_]:
        """Those of the parts."""
        return np.concatenate([np.zeros(0, dtype=bool), *(part.angles() for part in self.parts)])

    def pivots(self, phi: Array, floor: float) -> tuple[Limit, ...]:
        """Those of the parts."""
        found = self._located(phi, lambda part, own: part.pivots(own, floor))
        return tuple(limit._replace(coordinate=limit.coordinate + start) for start, limit in found)

    def settled(self, phi: Array, tolerance: float) -> tuple[Chart, Array]:
        """Each part settled."""
        return self._rebuilt([part.settled(own, tolerance) for part, own in self._zip(phi)])
