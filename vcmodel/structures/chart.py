"""The contract of a chart: the working coordinates the solver moves on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Edge:
    """An edge of the domain of the parameters: coordinate `coordinate` at zero, below which it cannot fall.

    Attributes
    ----------
    coordinate : int
        Index into phi of the square-root-like coordinate (kept >= 0 by :meth:`Chart.renormalise`).
    group : tuple of int
        The coordinates that are zero together with it on the boundary (itself included).
    scale : float
        Size of the coordinate when the component is as large as the data: floors are relative to it.
    one_sided : bool
        False: Sigma is even in the coordinate, which is a square root, so that the score vanishes at the edge and the sign of the second
        derivative decides. True: Sigma has a slope there, the coordinate must stay >= 0 and the score decides.
    singular : bool
        Whether Sigma is singular at the edge, as with a variance of zero; not with a specific variance of zero beside common factors.
    """

    coordinate: int
    group: tuple[int, ...]
    scale: float
    one_sided: bool = False
    singular: bool = False


class Scale(NamedTuple):
    """A coordinate that multiplies rows of the loading, so that their variances vanish with it.

    Attributes
    ----------
    coordinate : int
    size : float
        Standard deviation of the data.
    bounded : bool
        Whether it must stay >= 0; elsewhere its sign does not matter.
    """

    coordinate: int
    size: float
    bounded: bool


class Limit(NamedTuple):
    """A lower limit of a coordinate.

    Attributes
    ----------
    coordinate : int
    lower : float
    size : float
        Of the coordinate when the component is as large as the data.
    distance : float
        From the limit to the boundary, where Sigma is singular.
    """

    coordinate: int
    lower: float
    size: float
    distance: float


class Chart(ABC):
    """Working coordinates phi (m,) of a (k, k) covariance matrix. Immutable; phi is held by the solver."""

    linear: ClassVar[bool] = True  # the loading is linear in phi
    whole_cone: ClassVar[bool] = False  # every positive semi-definite matrix is reached
    n_sparse: int = 0  # coordinates, the last ones, of sparse parts: Sigma does not depend on them

    @property
    @abstractmethod
    def size(self) -> int:
        """m, the number of coordinates."""

    @property
    @abstractmethod
    def order(self) -> int:
        """k, the number of rows of the matrix."""

    @abstractmethod
    def loading(self, phi: Array) -> Array:
        """Root Lambda (k, r) of the matrix, Sigma = Lambda Lambda', within :meth:`Structure.root_pattern` for every phi."""

    @abstractmethod
    def loading_derivative(self, phi: Array) -> Array:
        """Derivative of Lambda by phi, (m, k, r)."""

    @abstractmethod
    def reported(self, phi: Array) -> Array:
        """The reported parameters theta at phi; NaN where undefined (a correlation with a zero variance)."""

    @abstractmethod
    def jacobian(self, phi: Array) -> Array:
        """Derivative of theta by phi, (number of reported parameters, m)."""

    def value(self, phi: Array) -> Array:
        """Sigma (k, k)."""
        root = self.loading(phi)
        return root @ root.T

    def derivative(self, phi: Array) -> Array:
        """Derivative of Sigma by phi, (m, k, k)."""
        half = self.loading_derivative(phi) @ self.loading(phi).T
        return half + half.transpose(0, 2, 1)

    def loading_curvature(self, phi: Array, weights: Array) -> Array:
        """Sum over ia of weights_ia d2 Lambda_ia / d phi d phi, (m, m); zero where the loading is linear."""
        if not self.linear:
            raise NotImplementedError(f"{type(self).__name__} is not linear: it gives its own curvature")
        return np.zeros((self.size, self.size))

    def curvature(self, phi: Array, gradient: Array) -> Array:
        """Sum over kl of gradient_kl d2 Sigma_kl / d phi d phi, (m, m), for symmetric `gradient` (k, k).

        2 tr(D dLambda_a dLambda_b') + 2 tr(D d2Lambda_ab Lambda'), D the gradient.
        """
        root, rows = self.loading(phi), self.loading_derivative(phi)
        flat = rows.reshape(self.size, root.size)
        first = 2.0 * flat @ (gradient @ rows).reshape(self.size, root.size).T
        return first if self.linear else first + self.loading_curvature(phi, 2.0 * gradient @ root)

    def bent(self) -> NDArray[np.bool_]:
        """Coordinates (m,) of parameters in which Sigma is far from linear, as in those of series and distances."""
        return np.zeros(self.size, dtype=bool)

    def edges(self, phi: Array) -> tuple[Edge, ...]:
        """Where the domain of the parameters ends; empty for structures without a boundary. :meth:`value` is defined there."""
        return ()

    def renormalise(self, phi: Array) -> tuple[Chart, Array]:
        """The same Sigma in a better chart: signs made positive, levels re-pivoted. Sigma is unchanged."""
        return self, phi

    def leaving(self, phi: Array, gradient: Array) -> tuple[Chart, Array]:
        """The same Sigma, with what means nothing at an edge set so that logL rises most off it, dlogL = tr(gradient dSigma)."""
        return self, phi

    def feasible(self, phi: Array) -> bool:
        """Whether phi describes a positive semi-definite matrix; always true for charts built on a root."""
        return bool(np.all(np.isfinite(phi)))

    # --- what constraints need: charts without constrained parameters leave this as it is -----------------------------------------------

    def constrained(self, phi: Array) -> Array:
        """The reported parameters on the scale on which constraints are regular: standard deviations instead of variances.

        Zero for the parameters that are neither held nor tied.
        """
        return np.zeros(len(self.reported(phi)))

    def constrained_jacobian(self, phi: Array) -> Array:
        """Derivative of :meth:`constrained` by phi, (number of reported parameters, m)."""
        return np.zeros((len(self.reported(phi)), self.size))

    def constrained_curvature(self, phi: Array, weights: Array) -> Array:
        """Sum over the reported parameters of weights times the second derivative of :meth:`constrained`, (m, m)."""
        return np.zeros((self.size, self.size))

    def scale_coordinates(self, phi: Array) -> tuple[Scale, ...]:
        """Coordinates that are scales without a floor."""
        return ()

    def angles(self) -> NDArray[np.bool_]:
        """Coordinates (m,) of directions, which lose their effect as a scale vanishes."""
        return np.zeros(self.size, dtype=bool)

    def pivots(self, phi: Array, floor: float) -> tuple[Limit, ...]:
        """Limits that keep a matrix regular, `floor` standard deviations away from singular, where :meth:`edges` does not."""
        return ()

    def settled(self, phi: Array, tolerance: float) -> tuple[Chart, Array]:
        """Scales and columns of the root below `tolerance` standard deviations of the data put to exactly zero."""
        return self, phi
