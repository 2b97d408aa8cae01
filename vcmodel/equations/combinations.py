"""Linear combinations of fixed and random effects: the primitive under tables of effects, tests and predictions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Array = NDArray[np.float64]

# numbers in a dense block of right-hand sides
SLICE = 4_000_000


def slices(n_rows: int, length: int, numbers: int) -> list[slice]:
    """Consecutive slices of `n_rows` rows, each of at most `numbers` numbers in dense rows of `length` (one row at least).

    >>> slices(5, 10, 20)
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    step = max(1, numbers // max(1, length))
    return [slice(start, min(start + step, n_rows)) for start in range(0, n_rows, step)]


@dataclass(frozen=True, eq=False)
class System:
    """Independent coordinates of the prediction errors, and the combinations in them.

    Attributes
    ----------
    rows : (m, n) csr
        The combinations.
    times : callable
        The covariance of the coordinates times columns (n, any).
    """

    rows: sparse.csr_matrix
    times: Callable[[Array], Array]


@dataclass(frozen=True, eq=False)
class Combinations:
    """m linear combinations L [beta; u] of the fixed effects as reported and the random effects as written.

    Attributes
    ----------
    values : (m,) array
        Estimates of fixed and predictions of random effects combined.
    systems : sequence of System
        Their covariances add up.
    slice_size : int
        Numbers in a dense block of right-hand sides.
    """

    values: Array
    systems: Sequence[System]
    slice_size: int = SLICE

    def variances(self) -> Array:
        """Variances (m,) of the estimation or prediction errors L ([beta; u] - [its estimate])."""
        result = np.zeros(self.values.size)
        for system in self.systems:
            for part, image in self._images(system):
                result[part] += np.asarray(system.rows[part].multiply(image.T).sum(axis=1)).ravel()
        return result

    def covariance(self) -> Array:
        """Covariance matrix (m, m) of these errors."""
        result = np.zeros((self.values.size, self.values.size))
        for system in self.systems:
            for part, image in self._images(system):
                result[:, part] += system.rows @ image
        return 0.5 * (result + result.T)

    def _images(self, system: System) -> Iterator[tuple[slice, Array]]:
        """Slices of the combinations, and their covariances with all coordinates (n, slice)."""
        for part in slices(system.rows.shape[0], system.rows.shape[1], self.slice_size):
            yield part, system.times(system.rows[part].T.toarray())
