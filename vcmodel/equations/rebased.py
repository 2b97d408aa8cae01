"""Equations solved in orthonormal columns, in terms of the matrices of the columns as written."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.design.design import Design
    from vcmodel.equations.base import Equations

    Array = NDArray[np.float64]


class RebasedEquations:
    """Equations whose terms have a `basis` M, for Sigma as written; see :class:`vcmodel.equations.base.Equations`.

    Parameters
    ----------
    solved : Equations
        Those of the design with orthonormal columns, Sigma' = M^-1 Sigma M^-T.
    design : Design
        As written.
    """

    reduced: ClassVar[bool] = False  # an effect of several columns has no reduced form

    def __init__(self, solved: Equations, design: Design) -> None:
        self.solved, self.design = solved, design
        self._inverse = [None if term.basis is None else np.linalg.inv(term.basis) for term in solved.design.terms]
        self.y = solved.y
        self._stand()

    def _stand(self) -> None:
        """Take over where the solved equations stand."""
        terms = self.solved.design.terms
        self.loadings = [own if term.basis is None else term.basis @ own for term, own in zip(terms, self.solved.loadings, strict=True)]
        self.loglik, self.loglik_scale = self.solved.loglik, self.solved.loglik_scale

    @property
    def variate_size(self) -> int:
        """Rows of the working variates."""
        return self.solved.variate_size

    def update(self, loadings: Sequence[Array], residuals: Sequence[Array]) -> bool:
        """Factorise and solve at M^-1 Lambda."""
        own = [loading if inverse is None else inverse @ loading for inverse, loading in zip(self._inverse, loadings, strict=True)]
        done = self.solved.update(own, residuals)
        self._stand()
        return done

    def gradients(self) -> tuple[list[Array], list[Array]]:
        """dlogL/dLambda = M^-T dlogL/dLambda', and D of every residual section."""
        by_loading, by_residual = self.solved.gradients()
        return [g if inverse is None else inverse.T @ g for inverse, g in zip(self._inverse, by_loading, strict=True)], by_residual

    def term_variates(self, term: int, derivatives: Array) -> Array:
        """Variates dV P y (variate_size, m) for matrices dSigma (m, k, k) as written."""
        inverse = self._inverse[term]
        return self.solved.term_variates(term, derivatives if inverse is None else inverse @ derivatives @ inverse.T)

    # --- what does not depend on the basis, or is in the basis as written already -------------------------------------------------

    def section_variates(self, section: int, derivatives: Array) -> Array:
        """Variates dV P y (variate_size, m) for matrices dSigma (m, k, k) of a residual section."""
        return self.solved.section_variates(section, derivatives)

    def average_information(self, variates: Array) -> Array:
        """1/2 Q'PQ (m, m) of working variates Q (variate_size, m)."""
        return self.solved.average_information(variates)

    def coefficients(self) -> Array:
        """Fixed effects (p,) of the kept columns as reported."""
        return self.solved.coefficients()

    def coefficient_variances(self) -> Array:
        """Variances (p,) of the fixed effects as reported."""
        return self.solved.coefficient_variances()

    def whitened_coefficients(self) -> tuple[Array, Array]:
        """Root B (p, p) of the covariance of the fixed effects as reported, and w (p,) with coefficients = B w."""
        return self.solved.whitened_coefficients()

    def effects(self, term: int) -> tuple[Array, Array]:
        """Predicted random effects as written and their prediction error variances, both (k, q)."""
        return self.solved.effects(term)

    def fitted(self) -> Array:
        """X beta + Z u (N,), on the scale of the data."""
        return self.solved.fitted()
