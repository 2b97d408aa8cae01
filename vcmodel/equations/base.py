"""What the solver and the results ask of a set of equations, however they are solved."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from scipy import sparse

    from vcmodel.design.design import Design
    from vcmodel.equations.combinations import Combinations
    from vcmodel.structures.chart import Chart

    Array = NDArray[np.float64]


class PartDerivatives(NamedTuple):
    """Derivatives of logL by the coordinates phi (m,) of one part.

    Attributes
    ----------
    score : (m,) array
        dlogL/dphi.
    curvature : (m, m) array
        Exact curvature of the parametrisation, by which the average information falls short: sum of D_kl d2 Sigma_kl / dphi dphi.
        Zero where D is not known.
    gradient : (k, k) array or None
        D, dlogL = tr(D dSigma) for symmetric dSigma; None where it could not be recovered.
    """

    score: Array
    curvature: Array
    gradient: Array | None


class Component(Protocol):
    """What the equations read of a component."""

    @property
    def is_random(self) -> bool:
        """Whether it is a random term, not a residual section."""

    @property
    def index(self) -> int:
        """Position among the random terms or the sections."""

    @property
    def reference(self) -> Array:
        """Standard deviation of the data at each level (k,)."""


class Part(Protocol):
    """A component where it stands. The coordinates of Sigma come first, those of its sparse parts last."""

    @property
    def component(self) -> Component:
        """Which one."""

    @property
    def chart(self) -> Chart:
        """Its working coordinates."""

    @property
    def phi(self) -> Array:
        """Their values (m,)."""

    @property
    def sigma(self) -> Array:
        """Sigma (k, k)."""

    @property
    def loading(self) -> Array:
        """Lambda (k, r)."""

    @property
    def derivative(self) -> Array:
        """Derivative of Sigma by the coordinates, (m, k, k)."""

    @property
    def loading_derivative(self) -> Array:
        """Derivative of Lambda by the coordinates, (m, k, r)."""


class Equations(Protocol):
    """The equations of one design: everything constant once, numbers at every :meth:`update`.

    The only mutable object of a fit. After ``update(parts)`` returned True, the attributes and methods belong to these parts; after
    False there is nothing to ask. Two implementations of the same design give the same numbers but for rounding.

    Attributes
    ----------
    reduced : bool
        Whether the form is special to some designs, which the notes of a fit then say.
    y : (N,) array
        y minus a fixed-effects fit, on the weighted scale of the design.
    loglik, loglik_scale : float
        REML logL, and half the sum of the magnitudes of its terms: rounding of logL is relative to it.
    """

    reduced: ClassVar[bool]
    design: Design
    y: Array

    @property
    def loglik(self) -> float:
        """REML logL."""

    @property
    def loglik_scale(self) -> float:
        """Half the sum of the magnitudes of its terms."""

    def update(self, parts: Sequence[Part]) -> bool:
        """Factorise and solve for the parts, random terms first; False when a residual matrix or C is not positive definite.

        Raises
        ------
        StructureError
            A loading that does not have the shape or the zeros its structure says.
        """

    def derivatives(self, part: Part, remembered: Array | None = None) -> PartDerivatives:
        """Score and curvature by the coordinates of a part, and its D.

        Parameters
        ----------
        remembered : (k, k) array, optional
            D of an earlier point, used where the matrix is singular now.
        """

    def information(self, parts: Sequence[Part]) -> Array:
        """Average information (m, m) of the coordinates of some parts, one after the other: 1/2 Q'PQ of their working variates dV P y."""

    def coefficients(self) -> Array:
        """Fixed effects (p,) of the kept columns as reported."""

    def coefficient_variances(self) -> Array:
        """Variances (p,) of the fixed effects as reported."""

    def whitened_coefficients(self) -> tuple[Array, Array]:
        """Root B (p, p) of the covariance BB' of the fixed effects as reported, and w (p,), of covariance I, with coefficients = B w.

        Made in the centred columns, where nothing cancels: a covariate that varies little about a large mean costs no digits of w.
        """

    def combinations(self, rows: sparse.spmatrix | Array) -> Combinations:
        """M combinations L (m, p + sum of k q) of the fixed effects as reported and the random effects as written, term after term.

        Effects of a term stand as in its incidence: Sigma-level by relationship level, i * q + l.
        """

    def effects(self, term: int) -> tuple[Array, Array]:
        """Predicted random effects as written and their prediction error variances, both (k, q): Sigma-level by relationship level."""

    def fitted(self) -> Array:
        """X beta + Z u (N,), on the scale of the data."""


class SingleTraitSystems(Protocol):
    """T single-trait models y_t = X0 beta_t + s_t Z0 a_t + e_t with a_t ~ N(0, K), e_t ~ N(0, I): one design, T ratios.

    With V_t = s_t^2 Z0 K Z0' + I, all quantities are regular at s_t = 0. Vectors over the n rows are held in coordinates of the
    implementation (an isometry of the rows).

    Attributes
    ----------
    n_rows, n_fixed : int
        n, and p0 columns of X0.
    """

    n_rows: int
    n_fixed: int

    @property
    def logdet(self) -> Array:
        """log|V_t| + log|X0'V_t^-1X0|, (T,)."""

    @property
    def quadratic(self) -> Array:
        """y_t'P_t y_t, (T,)."""

    @property
    def projected(self) -> Array:
        """P_t y_t, (n', T)."""

    @property
    def related(self) -> Array:
        """Z0 K Z0'P_t y_t, (n', T)."""

    def update(self, roots: Array, transform: Array) -> bool:
        """Solve for s = `roots` (T,) and responses Y Q', Q = `transform` (T, T); False when a system is not positive definite."""

    def traces(self) -> Array:
        """s_t tr(K Z0'P_t Z0), (T,)."""

    def information(self, basis: Array) -> Array:
        """B'P_t B (T, m, m) of columns B (n', m)."""

    def fixed(self) -> Array:
        """beta, (p0, T)."""

    def fixed_variances(self) -> Array:
        """Variances of beta, (p0, T): the diagonals of the covariance matrices."""

    def covariance_times(self, trait: int, columns: Array) -> Array:
        """The covariance of the errors of beta_t and s_t a_t (p0 + q, p0 + q) times columns (p0 + q, m)."""

    def effects(self) -> Array:
        """s_t a_t, (q, T)."""

    def prediction_variances(self) -> Array:
        """Prediction error variances of s_t a_t, (q, T)."""

    def residual(self) -> Array:
        """P_t y_t = e_t by row, (n, T)."""
