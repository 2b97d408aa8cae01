"""The contract of a covariance structure, and the charts the solver moves on.

A structure is a (k, k) covariance matrix over the levels of one factor as a function of its *reported* parameters theta (variances,
covariances, correlations: what the varcomp table shows). The solver does not iterate on theta: it asks the structure for a
:class:`Chart`, working coordinates phi in which a root ``loading`` of the matrix (Sigma = Lambda Lambda') is smooth up to and including
the boundary where Sigma is singular (square roots and free Cholesky factors, not logarithms).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from vcmodel.errors import StructureError

Array = NDArray[np.float64]
Kind = Literal["variance", "covariance", "correlation", "loading"]


@dataclass(frozen=True)
class Parameter:
    """One reported parameter.

    Attributes
    ----------
    suffix : str
        What follows ``!`` in the row name: ``"trait_veloc:bden"``, ``"site.cor"``; empty for the single variance of a term.
    kind : str
        ``"variance"``, ``"covariance"``, ``"correlation"`` or ``"loading"``.
    bound : str
        Default bound code: ``"P"`` (part of a positive semi-definite matrix) or ``"U"`` (unbounded).
    """

    suffix: str
    kind: Kind
    bound: Literal["P", "U"]


@dataclass(frozen=True)
class Edge:
    """A place where the matrix becomes singular: coordinate `coordinate` at zero.

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
    power : int
        1: the coordinate is a standard deviation; 2: it is a variance, and its floor is the square of the others'.
    """

    coordinate: int
    group: tuple[int, ...]
    scale: float
    one_sided: bool = False
    power: int = 1


class Chart(ABC):
    """Working coordinates phi (m,) of a (k, k) covariance matrix. Immutable; phi is held by the solver."""

    linear: ClassVar[bool] = True  # the loading is linear in phi
    whole_cone: ClassVar[bool] = False  # every positive semi-definite matrix is reached

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
        """Root Lambda (k, r) of the matrix, Sigma = Lambda Lambda'; r does not depend on phi."""

    @abstractmethod
    def loading_derivative(self, phi: Array) -> Array:
        """Derivative of Lambda by phi, (m, k, r)."""

    @abstractmethod
    def reported(self, phi: Array) -> Array:
        """The reported parameters theta at phi; NaN where undefined (a correlation with a zero variance)."""

    @abstractmethod
    def jacobian(self, phi: Array) -> Array:
        """Derivative of theta by phi, (number of reported parameters, m)."""

    def pattern(self) -> NDArray[np.bool_]:
        """Entries (k, r) of the loading that can be nonzero for some phi *of any chart of this structure*."""
        return np.ones((self.order, self.order), dtype=bool)

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

    def edges(self, phi: Array) -> tuple[Edge, ...]:
        """Where Sigma becomes singular; empty for structures without a boundary."""
        return ()

    def renormalise(self, phi: Array) -> tuple[Chart, Array]:
        """The same Sigma in a better chart: signs made positive, levels re-pivoted. Sigma is unchanged."""
        return self, phi

    def feasible(self, phi: Array) -> bool:
        """Whether phi describes a positive semi-definite matrix; always true for charts built on a root."""
        return bool(np.all(np.isfinite(phi)))


class Structure(ABC):
    """A covariance structure over the levels of one factor. Frozen: holds names and sizes, never numbers.

    Attributes
    ----------
    factor : str
        Name of the factor, for row names.
    levels : tuple of str
        Its k levels in order.
    """

    name: ClassVar[str]  # name in the registry and in formulas
    carries_variance: ClassVar[bool]  # False: a correlation structure (unit diagonal)
    ordered: ClassVar[bool] = False  # True: the order of the levels matters
    summary: ClassVar[str]  # one line for the menu in the docs
    count: ClassVar[str]  # number of parameters for w levels, as written in the menu: "w (w + 1) / 2"
    arguments: ClassVar[tuple[str, ...]] = ()  # names of the further arguments: ("k",) for fa(f, k)

    factor: str
    levels: tuple[str, ...]

    @property
    def size(self) -> int:
        """k, the number of levels."""
        return len(self.levels)

    @property
    @abstractmethod
    def parameters(self) -> tuple[Parameter, ...]:
        """Reported parameters in report order."""

    @abstractmethod
    def value(self, theta: Array) -> Array:
        """Sigma (k, k) at the reported parameters."""

    @abstractmethod
    def derivative(self, theta: Array) -> Array:
        """Derivative of Sigma by theta, (number of parameters, k, k)."""

    @abstractmethod
    def curvature(self, theta: Array, gradient: Array) -> Array:
        """Sum over kl of gradient_kl d2 Sigma_kl / d theta d theta, for symmetric `gradient` (k, k)."""

    @abstractmethod
    def start(self, covariance: Array) -> Array:
        """Reported parameters near a positive definite (k, k) `covariance`, strictly inside the bounds.

        A correlation structure takes the correlations of `covariance`.
        """

    def alternatives(self, theta: Array) -> tuple[Array, ...]:
        """Further starting values worth a try, where the likelihood is known to have several maxima."""
        return ()

    @abstractmethod
    def chart(self, theta: Array, reference: Array) -> tuple[Chart, Array]:
        """A chart and the coordinates of Sigma(theta) in it.

        Parameters
        ----------
        theta : (number of parameters,) array
        reference : (k,) array
            Standard deviation of the data at each level, the scale for pivots and edges (ignored by correlation structures).
        """

    def pattern(self) -> NDArray[np.bool_]:
        """Entries (k, k) of Sigma that can be nonzero."""
        return np.ones((self.size, self.size), dtype=bool)

    def admissible(self, theta: Array) -> bool:
        """Whether Sigma(theta) is a positive semi-definite matrix with non-negative variances.

        The smallest eigenvalue is taken after scaling to unit diagonal and may fall short of zero by 1e-12, the rounding of a
        correlation of exactly one; the answer therefore does not depend on the units of the data.
        """
        theta = np.asarray(theta, dtype=float)
        if theta.shape != (len(self.parameters),) or not np.all(np.isfinite(theta)):
            return False
        if any(value < 0.0 for value, parameter in zip(theta, self.parameters, strict=True) if parameter.kind == "variance"):
            return False
        sigma = self.value(theta)
        variances = sigma.diagonal()
        if np.any(variances < 0.0) or np.any(sigma[variances == 0.0] != 0.0):
            return False
        kept = variances > 0.0
        scale = np.sqrt(variances[kept])
        scaled = sigma[np.ix_(kept, kept)] / scale[:, None] / scale
        return scaled.size == 0 or bool(np.linalg.eigvalsh(scaled)[0] >= -1e-12)

    def require_admissible(self, theta: Array) -> Array:
        """`theta` as an array of floats.

        Raises
        ------
        StructureError
            `theta` has the wrong length or does not describe a positive semi-definite matrix.
        """
        theta = np.asarray(theta, dtype=float)
        where, wanted = f"{self.name}({self.factor})", len(self.parameters)
        if theta.shape != (wanted,):
            raise StructureError(f"{where} has {wanted} parameters, but {theta.size} values were given; give one value for each")
        if not self.admissible(theta):
            named = zip((parameter.suffix or "variance" for parameter in self.parameters), theta, strict=True)
            values = ", ".join(f"{name} = {value:g}" for name, value in named)
            raise StructureError(
                f"{where}: the values {values} do not give a positive semi-definite matrix; "
                "take variances >= 0 and correlations or covariances nearer to zero"
            )
        return theta
