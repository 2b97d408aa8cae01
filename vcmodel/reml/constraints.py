"""What the user asks of single parameters: starting values, fixed ones, groups held equal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.structures.parameter import Parameter

    Array = NDArray[np.float64]


@dataclass(frozen=True)
class Constraints:
    """What the user fixed, tied or started, by position: one array per component.

    Attributes
    ----------
    theta : tuple of arrays
        Starting values of the reported parameters.
    fixed : tuple of bool arrays
        Parameters held at their start.
    group : tuple of int arrays
        Number of the equality group, -1 for none.
    """

    theta: tuple[Array, ...]
    fixed: tuple[NDArray[np.bool_], ...]
    group: tuple[NDArray[np.int64], ...]

    def constrained(self, index: int) -> NDArray[np.bool_]:
        """Parameters of a component that are held or tied."""
        return np.asarray(self.fixed[index] | (self.group[index] >= 0))

    def groups(self) -> list[list[tuple[int, int]]]:
        """Component and parameter of the members of each equality group."""
        found: dict[int, list[tuple[int, int]]] = {}
        for c, numbers in enumerate(self.group):
            for i in np.flatnonzero(numbers >= 0):
                found.setdefault(int(numbers[i]), []).append((c, int(i)))
        return list(found.values())

    def exact(self, theta: Sequence[Array], parameters: Sequence[Sequence[Parameter]]) -> tuple[Array, ...]:
        """Reported parameters with the held values as given and the members of a group as the first of them: equal to the last digit."""
        first: dict[int, tuple[Parameter, float]] = {}
        result = []
        for found, asked, fixed, group, own in zip(theta, self.theta, self.fixed, self.group, parameters, strict=True):
            values = np.where(fixed, asked, found)
            for i in np.flatnonzero(group >= 0).tolist():
                one, value = first.setdefault(int(group[i]), (own[i], float(values[i])))
                values[i] = own[i].like(one, value)
            result.append(values)
        return tuple(result)

    @property
    def any(self) -> bool:
        """Whether any parameter is held or tied."""
        return any(self.constrained(index).any() for index in range(len(self.theta)))
