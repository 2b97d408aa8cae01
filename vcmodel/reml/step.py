"""One damped Newton step: the scaled system, its eigenvalues, and the trust region's shift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

# scaled eigenvalues below this carry no information: moving along them would follow rounding errors
FLAT = 1e-7
# a scaled curvature below the negative of this is a saddle, not rounding
SADDLE = 1e-4
# a scaled score below this along a flat direction is rounding
NO_SCORE = 1e-6
# least information of a coordinate, per squared standard deviation of the data, that its scale is taken from
LEAST_INFORMATION = 1e-3


@dataclass(frozen=True)
class NewtonSystem:
    """H step = score in eigenvectors of H scaled to unit diagonal, so that units of the coordinates do not matter.

    Attributes
    ----------
    scale : (f,) array
        About one standard deviation of each coordinate.
    values, vectors : arrays
        Eigenvalues (ascending) and eigenvectors of the scaled H.
    rotated, gradient : (f,) arrays
        The scaled score, in eigenvectors (zero along directions without information) and as it is.
    """

    scale: Array
    values: Array
    vectors: Array
    rotated: Array
    gradient: Array

    @classmethod
    def of(cls, hessian: Array, score: Array, information: Array, natural: Array) -> NewtonSystem:
        """The system of the free coordinates.

        Parameters
        ----------
        hessian, information : (f, f) arrays
            `information` gives a scale where the curvature makes H's diagonal small.
        score : (f,) array
        natural : (f,) array
            Size of a unit of each coordinate in standard deviations of the data: a coordinate without any information would otherwise
            be scaled until its rounding errors look like information.
        """
        size = np.maximum(np.abs(np.diag(hessian)), np.diag(information))
        scale = 1.0 / np.sqrt(np.maximum(size, LEAST_INFORMATION * natural**2))
        values, vectors = np.linalg.eigh(hessian * np.outer(scale, scale))
        rotated = vectors.T @ (score * scale)
        empty = (np.abs(values) < FLAT) & (np.abs(rotated) < NO_SCORE)
        return cls(scale, values, vectors, np.where(empty, 0.0, rotated), score * scale)

    def divisors(self, shift: float) -> Array:
        """Positive divisors: along negative curvature its size serves, so that the step goes uphill at a sensible length.

        (The saddle-free modification: adding a constant to all eigenvalues would leave the lowest one near zero and its step huge.)
        """
        return np.maximum(np.abs(self.values), 10 * FLAT) + shift

    def step(self, shift: float) -> Array:
        """The step, damped by `shift` >= 0."""
        return self.scale * (self.vectors @ (self.rotated / self.divisors(shift)))

    def predicted(self, shift: float) -> float:
        """Gain of logL that the quadratic model promises for the damped step."""
        z = self.rotated / self.divisors(shift)
        return float(z @ self.rotated - 0.5 * z @ (self.values * z))

    @property
    def decrement(self) -> float:
        """The gain 1/2 score' H^-1 score still to be had."""
        return float(0.5 * np.sum(self.rotated**2 / self.divisors(0.0)))


def next_shift(shift: float, gain: float, predicted: float) -> float:
    """The trust region's rule: relax when the model was right to 25 %, tighten when it was wrong by 75 %."""
    ratio = gain / predicted if predicted > 0 else 1.0
    if abs(ratio - 1.0) <= 0.25:
        return shift / 10.0 if shift > 1e-8 else 0.0
    if abs(ratio - 1.0) >= 0.75:
        return max(2.0 * shift, 1e-3)
    return shift
