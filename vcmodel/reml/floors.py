"""Floors of the coordinates at which a matrix becomes singular."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.reml.parameters import Component, Point

    Array = NDArray[np.float64]

# a square-root coordinate is held at this fraction of the data's standard deviation while iterating: 1e-8 of the variance
FLOOR = 1e-4
# a residual matrix enters through its inverse: nearer to singular the score would drown in rounding
RESIDUAL_FLOOR = 1e-3
# least change of logL per relative change of a coordinate at its floor that counts as pressing: FLOOR^2 times a thousandth of a level
PRESSURE = 1e-11


@dataclass(frozen=True)
class Floors:
    """Lower bounds of coordinates that become zero on a boundary, in the concatenated vector."""

    index: NDArray[np.int64]
    floor: Array
    groups: tuple[NDArray[np.int64], ...]
    residual: NDArray[np.bool_]

    @classmethod
    def of(cls, components: Sequence[Component], point: Point, moves: NDArray[np.bool_]) -> Floors:
        """The floors of every chart's edges whose coordinate moves (m,): what the user fixed stays where it is, zero included."""
        index, floor, groups, residual = [], [], [], []
        for component, chart, phi, part in zip(components, point.charts, point.phi, point.slices, strict=True):
            for edge in chart.edges(phi):
                if not moves[part.start + edge.coordinate]:
                    continue
                index.append(part.start + edge.coordinate)
                floor.append((FLOOR if component.kind == "random" else RESIDUAL_FLOOR) ** edge.power * edge.scale)
                groups.append(part.start + np.array(edge.group, dtype=np.int64))
                residual.append(component.kind == "residual")
        return cls(np.array(index, dtype=np.int64), np.array(floor), tuple(groups), np.array(residual, dtype=bool))

    def raised(self, vector: Array, snapped: NDArray[np.bool_]) -> Array:
        """The vector with its edge coordinates at or above their floors."""
        result = vector.copy()
        live = ~snapped[self.index]
        result[self.index[live]] = np.maximum(result[self.index[live]], self.floor[live])
        return result

    def pressing(self, vector: Array, score: Array, snapped: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which edges stand at their floor with a score that pushes further down, by more than rounding."""
        down = score[self.index] * self.floor < -PRESSURE
        return (vector[self.index] <= self.floor * (1 + 1e-6)) & down & ~snapped[self.index]
