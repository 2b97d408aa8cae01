"""What the solver and the results ask of a set of equations, however they are solved."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from vcmodel.design.design import Design

    Array = NDArray[np.float64]


class Equations(Protocol):
    """The equations of one design: everything constant once, numbers at every :meth:`update`.

    The only mutable object of a fit. After ``update(loadings, residuals)`` returned True, the attributes and methods belong to those
    matrices. Two implementations of the same design give the same numbers but for rounding.

    Attributes
    ----------
    reduced : bool
        Whether the form is special to some designs, which the notes of a fit then say.
    y : (N,) array
        y minus a fixed-effects fit, on the weighted scale of the design.
    loadings : list of (k, r) arrays
        Lambda of each random term at the last update.
    loglik, loglik_scale : float
        REML logL, and half the sum of the magnitudes of its terms: rounding of logL is relative to it.
    variate_size : int
        Rows of the working variates. They are coordinates in which the implementation finds them cheapest; only
        :meth:`average_information` reads them.
    """

    reduced: ClassVar[bool]
    design: Design
    y: Array
    loadings: list[Array]
    loglik: float
    loglik_scale: float

    @property
    def variate_size(self) -> int:
        """Rows of the working variates."""

    def update(self, loadings: Sequence[Array], residuals: Sequence[Array]) -> bool:
        """Factorise and solve for the roots of the random matrices and the residual matrices; False when one is not positive definite."""

    def gradients(self) -> tuple[list[Array], list[Array]]:
        """dlogL/dLambda (k, r) of each random term, and symmetric D (k, k), dlogL = tr(D dSigma), of each residual section."""

    def term_variates(self, term: int, derivatives: Array) -> Array:
        """Variates dV P y (variate_size, m) for matrices dSigma (m, k, k) of a random term."""

    def section_variates(self, section: int, derivatives: Array) -> Array:
        """Variates dV P y (variate_size, m) for matrices dSigma (m, k, k) of a residual section."""

    def average_information(self, variates: Array) -> Array:
        """1/2 Q'PQ (m, m) of working variates Q (variate_size, m)."""

    def coefficients(self) -> Array:
        """Fixed effects (p,) of the kept columns as reported."""

    def coefficient_variances(self) -> Array:
        """Variances (p,) of the fixed effects as reported."""

    def whitened_coefficients(self) -> tuple[Array, Array]:
        """Root B (p, p) of the covariance BB' of the fixed effects as reported, and w (p,), of covariance I, with coefficients = B w.

        Made in the centred columns, where nothing cancels: a covariate that varies little about a large mean costs no digits of w.
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
    logdet : (T,) array
        log|V_t| + log|X0'V_t^-1X0|.
    quadratic : (T,) array
        y_t'P_t y_t.
    projected : (n', T) array
        P_t y_t.
    """

    n_rows: int
    n_fixed: int
    logdet: Array
    quadratic: Array
    projected: Array

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

    def fixed_covariance(self) -> Array:
        """Covariance matrices of beta_t, (T, p0, p0)."""

    def fixed_variances(self) -> Array:
        """Variances of beta, (p0, T): the diagonals of the covariance matrices."""

    def fixed_forms(self, combinations: Array) -> Array:
        """Sum over t of c_t' Cov(beta_t) c_t, (m,), for m combinations c (T, p0, m)."""

    def effects(self) -> Array:
        """s_t a_t, (q, T)."""

    def prediction_variances(self) -> Array:
        """Prediction error variances of s_t a_t, (q, T)."""

    def residual(self) -> Array:
        """P_t y_t = e_t by row, (n, T)."""
