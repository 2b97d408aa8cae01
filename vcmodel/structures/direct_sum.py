"""Direct sums of structures: independent blocks, as the sections of a residual."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from vcmodel.errors import StructureError
from vcmodel.structures.base import Parameter, Structure
from vcmodel.structures.chart import Array, Chart
from vcmodel.structures.composite_chart import CompositeChart, block_diagonal, split


def _embedded(blocks: list[Array], rows: list[int], columns: list[int]) -> Array:
    """Derivatives (m_p, k_p, r_p) of the blocks as derivatives of the block-diagonal matrix, (sum of m_p, k, r)."""
    result = np.zeros((sum(len(block) for block in blocks), sum(rows), sum(columns)))
    index = row = column = 0
    for block, height, width in zip(blocks, rows, columns, strict=True):
        result[index : index + len(block), row : row + height, column : column + width] = block
        index, row, column = index + len(block), row + height, column + width
    return result


def _diagonal_blocks(matrix: Array, orders: list[int]) -> list[Array]:
    """The square blocks of the given orders along the diagonal."""
    ends = np.cumsum([0, *orders])
    return [matrix[start:stop, start:stop] for start, stop in pairwise(ends)]


@dataclass(frozen=True, eq=False)
class DirectSumChart(CompositeChart):
    """Coordinates of the parts one after the other; the loading is block diagonal."""

    @property
    def linear(self) -> bool:  # type: ignore[override]
        """Whether every part is linear."""
        return all(part.linear for part in self.parts)

    @cached_property
    def orders(self) -> list[int]:
        """Order of each part."""
        return [part.order for part in self.parts]

    @property
    def order(self) -> int:
        """Sum of the parts' orders."""
        return sum(self.orders)

    def loading(self, phi: Array) -> Array:
        """Lambda (k, r)."""
        return block_diagonal([part.loading(own) for part, own in self._zip(phi)])

    def loading_derivative(self, phi: Array) -> Array:
        """Derivative of Lambda by phi (m, k, r)."""
        blocks = [part.loading_derivative(own) for part, own in self._zip(phi)]
        return _embedded(blocks, self.orders, [block.shape[2] for block in blocks])

    def curvature(self, phi: Array, gradient: Array) -> Array:
        """Block diagonal: parts do not interact."""
        blocks = _diagonal_blocks(gradient, self.orders)
        return block_diagonal([part.curvature(own, block) for (part, own), block in zip(self._zip(phi), blocks, strict=True)])

    def reported(self, phi: Array) -> Array:
        """The parts' parameters."""
        return np.concatenate([part.reported(own) for part, own in self._zip(phi)])

    def jacobian(self, phi: Array) -> Array:
        """Block diagonal."""
        return block_diagonal([part.jacobian(own) for part, own in self._zip(phi)])


@dataclass(frozen=True)
class DirectSum(Structure):
    """Blocks along the diagonal, either all with variances or all correlation structures."""

    name: ClassVar[str] = "direct sum"
    summary: ClassVar[str] = "independent blocks"
    count: ClassVar[str] = "sum over the blocks"

    parts: tuple[Structure, ...]

    def __post_init__(self) -> None:
        if not self.parts:
            raise StructureError("a direct sum has no blocks; give it at least one structure")
        if len({part.carries_variance for part in self.parts}) > 1:
            lacking = " and ".join(f"{part.name}({part.factor})" for part in self.parts if not part.carries_variance)
            raise StructureError(
                f"a direct sum mixes blocks with and without a variance; give one to {lacking}, for example by the suffix v"
            )

    @property
    def carries_variance(self) -> bool:  # type: ignore[override]
        """Whether the parts do."""
        return self.parts[0].carries_variance

    @property
    def ordered(self) -> bool:  # type: ignore[override]
        """Whether the levels of some part have an order that matters."""
        return any(part.ordered for part in self.parts)

    @property
    def factor(self) -> str:  # type: ignore[override]
        """The factors of the parts joined by +."""
        return "+".join(part.factor for part in self.parts)

    @cached_property
    def levels(self) -> tuple[str, ...]:  # type: ignore[override]
        """The levels of the parts one after the other."""
        return tuple(level for part in self.parts for level in part.levels)

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:  # type: ignore[override]
        """Those of the parts one after the other."""
        return tuple(parameter for part in self.parts for parameter in part.parameters)

    @cached_property
    def sizes(self) -> list[int]:
        """Number of parameters of each part."""
        return [len(part.parameters) for part in self.parts]

    @cached_property
    def orders(self) -> list[int]:
        """Order of each part."""
        return [part.size for part in self.parts]

    def _zip(self, theta: Array) -> list[tuple[Structure, Array]]:
        return list(zip(self.parts, split(theta, self.sizes), strict=True))

    def value(self, theta: Array) -> Array:
        """Sigma (k, k)."""
        return block_diagonal([part.value(own) for part, own in self._zip(theta)])

    def derivative(self, theta: Array) -> Array:
        """Derivative of Sigma by theta."""
        return _embedded([part.derivative(own) for part, own in self._zip(theta)], self.orders, self.orders)

    def curvature(self, theta: Array, gradient: Array) -> Array:
        """Block diagonal: parts do not interact."""
        blocks = _diagonal_blocks(gradient, self.orders)
        return block_diagonal([part.curvature(own, block) for (part, own), block in zip(self._zip(theta), blocks, strict=True)])

    def start(self, covariance: Array) -> Array:
        """Each part from its block."""
        blocks = _diagonal_blocks(covariance, self.orders)
        return np.concatenate([part.start(block) for part, block in zip(self.parts, blocks, strict=True)])

    def chart(self, theta: Array, reference: Array) -> tuple[Chart, Array]:
        """The parts' charts."""
        pieces = zip(self._zip(self.require_admissible(theta)), split(np.asarray(reference, dtype=float), self.orders), strict=True)
        charts, phis = zip(*(part.chart(own, scale) for (part, own), scale in pieces), strict=True)
        return DirectSumChart(charts), np.concatenate(phis)

    def _constrained_chart(
        self, theta: Array, reference: Array, constrained: NDArray[np.bool_], held: NDArray[np.bool_]
    ) -> tuple[Chart, Array]:
        """The parts as they are constrained."""
        masks = zip(split(constrained, self.sizes), split(held, self.sizes), strict=True)
        pieces = zip(self._zip(theta), split(np.asarray(reference, dtype=float), self.orders), masks, strict=True)
        charts, phis = zip(*(part.constrained_chart(own, scale, *mask) for (part, own), scale, mask in pieces), strict=True)
        return DirectSumChart(charts), np.concatenate(phis)

    def admissible(self, theta: Array) -> bool:
        """Whether every part is."""
        theta = np.asarray(theta, dtype=float)
        return theta.shape == (sum(self.sizes),) and all(part.admissible(own) for part, own in self._zip(theta))

    def pattern(self) -> NDArray[np.bool_]:
        """The parts' patterns along the diagonal."""
        return block_diagonal([part.pattern() for part in self.parts])

    def root_pattern(self) -> NDArray[np.bool_]:
        """The parts' patterns along the diagonal."""
        return block_diagonal([part.root_pattern() for part in self.parts])
