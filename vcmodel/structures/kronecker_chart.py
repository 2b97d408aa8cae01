"""The chart of a Kronecker product: the charts of its parts, their coordinates one after the other."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import accumulate, pairwise
from typing import ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from vcmodel.structures.base import Structure
from vcmodel.structures.chart import Array, Chart, Edge, Limit, Scale
from vcmodel.structures.kronecker_algebra import contract, kronecker, kronecker_curvature, kronecker_derivative

Scalar = TypeVar("Scalar", bound=np.generic)
Located = TypeVar("Located", Edge, Limit, Scale)
Part = TypeVar("Part", Structure, Chart)


def split(vector: NDArray[Scalar], sizes: list[int]) -> list[NDArray[Scalar]]:
    """The pieces of `vector` of the given sizes."""
    return [vector[start:end] for start, end in pairwise(accumulate(sizes, initial=0))]


def block_diagonal(blocks: list[NDArray[Scalar]]) -> NDArray[Scalar]:
    """The blocks along the diagonal, zero (or False) elsewhere; blocks without rows or columns count."""
    rows, columns = sum(len(block) for block in blocks), sum(block.shape[1] for block in blocks)
    result = np.zeros((rows, columns), dtype=blocks[0].dtype)
    row = column = 0
    for block in blocks:
        result[row : row + len(block), column : column + block.shape[1]] = block
        row, column = row + len(block), column + block.shape[1]
    return result


class Product(Generic[Part]):
    """The product rule, once for structures (on reported parameters) and once for charts (on coordinates)."""

    @abstractmethod
    def _zip(self, parameters: Array) -> list[tuple[Part, Array]]:
        """Each part with its parameters."""

    def value(self, parameters: Array) -> Array:
        """Sigma (k, k)."""
        return kronecker([part.value(own) for part, own in self._zip(parameters)])

    def derivative(self, parameters: Array) -> Array:
        """Derivative of Sigma, (number of parameters, k, k)."""
        pieces = self._zip(parameters)
        return kronecker_derivative([part.value(own) for part, own in pieces], [part.derivative(own) for part, own in pieces])


@dataclass(frozen=True, eq=False)
class KroneckerChart(Product[Chart], Chart):
    """Coordinates of the parts one after the other; the loading is the product of the parts' loadings."""

    linear: ClassVar[bool] = False

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

    @property
    def order(self) -> int:
        """Product of the parts' orders."""
        return int(np.prod([part.order for part in self.parts], dtype=int))

    def loading(self, phi: Array) -> Array:
        """Lambda (k, r)."""
        return kronecker([part.loading(own) for part, own in self._zip(phi)])

    def loading_derivative(self, phi: Array) -> Array:
        """Product rule on the loadings."""
        pieces = self._zip(phi)
        return kronecker_derivative([p.loading(own) for p, own in pieces], [p.loading_derivative(own) for p, own in pieces])

    def curvature(self, phi: Array, gradient: Array) -> Array:
        """Product rule, cross blocks included."""
        pieces = self._zip(phi)
        return kronecker_curvature(
            gradient,
            [part.value(own) for part, own in pieces],
            [part.derivative(own) for part, own in pieces],
            [partial(part.curvature, own) for part, own in pieces],
        )

    def bent(self) -> NDArray[np.bool_]:
        """Those of the parts."""
        return np.concatenate([np.zeros(0, dtype=bool), *(part.bent() for part in self.parts)])

    def _vanishing(self, phi: Array) -> list[bool]:
        """For each part, whether the product of the other parts is zero, so that its parameters mean nothing."""
        zero = [not np.any(part.value(own)) for part, own in self._zip(phi)]
        return [any(zero[:place] + zero[place + 1 :]) for place in range(len(zero))]

    def reported(self, phi: Array) -> Array:
        """The parts' parameters; NaN where the other parts are zero."""
        pieces = zip(self._zip(phi), self._vanishing(phi), strict=True)
        return np.concatenate([np.zeros(0), *(part.reported(own) * (np.nan if lost else 1.0) for (part, own), lost in pieces)])

    def jacobian(self, phi: Array) -> Array:
        """Block diagonal; NaN rows where the other parts are zero."""
        result = self._blocks(phi)
        result[np.isnan(self.reported(phi))] = np.nan
        return result

    def _blocks(self, phi: Array) -> Array:
        """The parts' Jacobians."""
        return block_diagonal([np.zeros((0, 0)), *(part.jacobian(own) for part, own in self._zip(phi))])

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

    def leaving(self, phi: Array, gradient: Array) -> tuple[Chart, Array]:
        """Each part, by what the others make of the gradient."""
        pieces = self._zip(phi)
        values = [part.value(own) for part, own in pieces]
        return self._rebuilt([part.leaving(own, contract(gradient, values, (place,))) for place, (part, own) in enumerate(pieces)])

    def _rebuilt(self, pieces: list[tuple[Chart, Array]]) -> tuple[Chart, Array]:
        """The product of new parts, itself where none changed."""
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
