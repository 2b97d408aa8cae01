"""The canonical transformation: T traits of one design as T single-trait models.

With Sigma = Lambda Lambda' and R0 = LL', the singular values s of L^-1 Lambda = A diag(s) B' and Q = A'L^-1 give Q R0 Q' = I and
Q Sigma Q' = diag(s^2): the transformed traits Y Q' are independent. Derivatives by Sigma and R0 come back as D = Q'D*Q.

References
----------
Meyer, K. (1985). Maximum likelihood estimation of variance components for a multivariate mixed model with equal design matrices.
Biometrics 41, 153-165.
Jensen, J., Mao, I. L. (1988). Transformation algorithms in analysis of single trait and of multitrait models with equal design matrices
and one random factor per trait: a review. Journal of Animal Science 66, 2750-2761.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

import numpy as np
from scipy.sparse import csgraph, csr_matrix

from vcmodel.equations.base import SingleTraitSystems
from vcmodel.equations.layout import term_parts
from vcmodel.equations.least_squares import least_squares
from vcmodel.equations.whitening import whitened_by

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from vcmodel.design.design import Design
    from vcmodel.equations.balanced import BalancedForm

    Array = NDArray[np.float64]


# numbers in a dense block of combinations of fixed effects
SLICE = 2_000_000

Systems = TypeVar("Systems", bound=SingleTraitSystems)


class CanonicalEquations(Generic[Systems]):
    """The equations of a design in balanced form; see :class:`vcmodel.equations.base.Equations`.

    Parameters
    ----------
    make_systems : callable
        Makes the single-trait systems from the form and the responses Y (n, T).
    """

    reduced: ClassVar[bool] = True

    def __init__(self, design: Design, form: BalancedForm, make_systems: Callable[[BalancedForm, Array], Systems]) -> None:
        self.design = design
        self.form = form
        responses = design.y[form.cells]
        # as in the direct equations, large means would cost digits of the quadratic form
        self.offset = least_squares(form.x, responses)
        responses = responses - form.x @ self.offset
        self.y = self._by_cell(responses)
        self.systems = make_systems(form, responses)
        # a structure of unconnected parts (diag) has derivatives within the parts only
        self.loading_mask = np.zeros(form.term.structure.root_pattern().shape)
        for rows, columns in term_parts(form.term):
            self.loading_mask[np.ix_(rows, columns)] = 1.0
        self.residual_masks = [_connected(section.structure.pattern()) for section in design.sections]
        self.loadings: list[Array] = []
        self.loglik = self.loglik_scale = float("nan")

    @property
    def variate_size(self) -> int:
        """Rows of the working variates: 2 T (T, T) coefficients of the columns of Z0 K Z0'P y and P y."""
        return 2 * self.form.n_columns**2

    def update(self, loadings: Sequence[Array], residuals: Sequence[Array]) -> bool:
        """Transform, factorise and solve; False when R0 or a system is not positive definite."""
        self.loadings = [np.ascontiguousarray(loadings[0])]
        r0 = self.form.residual(list(residuals))
        if not np.all(np.isfinite(r0)) or not np.all(np.isfinite(self.loadings[0])):
            return False
        try:
            root = np.linalg.cholesky(r0)
        except np.linalg.LinAlgError:
            return False
        axes, singular, turned = np.linalg.svd(np.linalg.solve(root, self.loadings[0]))
        self.rank = singular.size
        self.roots = np.zeros(root.shape[0])
        self.roots[: self.rank] = singular
        self.turned = turned[: self.rank]
        self.transform = np.linalg.solve(root.T, axes).T
        self.back = root @ axes
        if not self.systems.update(self.roots, self.transform):
            return False
        # P y of every row scales with R0^-1 like log|V|; the fixed effects of the transformed traits take p0 log|R0| back
        log_r0 = 2.0 * (self.systems.n_rows - self.systems.n_fixed) * float(np.log(np.diag(root)).sum())
        logdet, quadratic = float(self.systems.logdet.sum()), float(self.systems.quadratic.sum())
        fixed = self.form.log_det
        self.loglik = -0.5 * (logdet + log_r0 + quadratic) - fixed
        self.loglik += self.design.log_det_transform + float(np.log(self.design.weight_root).sum())
        self.loglik_scale = 0.5 * (float(np.abs(self.systems.logdet).sum()) + abs(log_r0) + quadratic)
        return bool(np.isfinite(self.loglik))

    # --- derivatives --------------------------------------------------------------------------------------------------------------

    def gradients(self) -> tuple[list[Array], list[Array]]:
        """dlogL/dLambda = 2 D Lambda of the term, and D of every residual section.

        In transformed traits D* = 1/2 [e'Z0 K Z0'e - diag tr(K Z0'P_t Z0)] and, for R0, 1/2 [e'e - diag tr P_t]; only s_t times the trace
        is needed for the first, so that s_t = 0 is not special.
        """
        systems = self.systems
        traces = systems.traces()
        scaled = 0.5 * (systems.projected.T @ systems.related * self.roots - np.diag(traces))
        by_loading = 2.0 * self.transform.T @ scaled[:, : self.rank] @ self.turned
        own = systems.n_rows - systems.n_fixed - self.roots * traces
        d = self.transform.T @ (0.5 * (systems.projected.T @ systems.projected - np.diag(own))) @ self.transform
        result = [np.zeros((section.structure.size,) * 2) for section in self.design.sections]
        level = self.form.level
        if self.form.joint:
            result[0][np.ix_(level, level)] = d
        else:
            for t, section in enumerate(self.form.section):
                result[section][level[t], level[t]] += d[t, t]
        masked = [part * mask for part, mask in zip(result, self.residual_masks, strict=True)]
        return [by_loading * self.loading_mask], masked

    def term_variates(self, term: int, derivatives: Array) -> Array:
        """Coefficients of dV P y (variate_size, m) for matrices dSigma (m, T, T) of the term."""
        return self._coefficients_of(derivatives, 0)

    def section_variates(self, section: int, derivatives: Array) -> Array:
        """Coefficients of dV P y (variate_size, m) for matrices dSigma (m, k, k) of a section."""
        level = self.form.level
        change = derivatives[:, level[:, None], level[None, :]]
        if not self.form.joint:
            change = change * np.diag((self.form.section == section).astype(float))
        return self._coefficients_of(change, 1)

    def _coefficients_of(self, change: Array, half: int) -> Array:
        """Q dV Q' over the columns of one half of the basis [Z0 K Z0'P y, P y]."""
        m, size = change.shape[0], self.form.n_columns
        result = np.zeros((2, size, size, m))
        result[half] = np.moveaxis(self.transform @ change @ self.transform.T, 0, -1)
        return result.reshape(-1, m)

    def average_information(self, variates: Array) -> Array:
        """1/2 Q'PQ (m, m): the sum over transformed traits."""
        size, m = self.form.n_columns, variates.shape[1]
        basis = np.hstack([self.systems.related, self.systems.projected])
        inner = self.systems.information(basis)
        by_trait = variates.reshape(2 * size, size, m)
        result = np.zeros((m, m))
        for t in range(size):
            result += 0.5 * by_trait[:, t].T @ inner[t] @ by_trait[:, t]
        return 0.5 * (result + result.T)

    # --- what the results need ----------------------------------------------------------------------------------------------------

    def _by_cell(self, table: Array) -> Array:
        """Values (N,) of the design's cells from a table (n, T)."""
        result = np.empty(self.design.y.size)
        result[self.form.cells] = table
        return result

    def coefficients(self) -> Array:
        """Fixed effects (p,) of the kept columns as reported."""
        by_column = self.offset + self.systems.fixed() @ self.back.T
        return np.asarray(self.design.transform @ (self.form.to_design @ by_column.T.ravel()))

    def whitened_coefficients(self) -> tuple[Array, Array]:
        """Root B (p, p) of the covariance of the fixed effects as reported, and w (p,) with coefficients = B w."""
        p = self.design.x.shape[1]
        by_column = (self.offset + self.systems.fixed() @ self.back.T).T.ravel()
        covariance = np.einsum("at,bt,tij->aibj", self.back, self.back, self.systems.fixed_covariance(), optimize=True).reshape(p, p)
        root, whitened = whitened_by(0.5 * (covariance + covariance.T), by_column)
        return np.asarray(self.design.transform @ (self.form.to_design @ root)), whitened

    def coefficient_variances(self) -> Array:
        """Variances (p,) of the fixed effects as reported, without the whole matrix."""
        p, size = self.design.x.shape[1], self.form.n_columns
        t = csr_matrix(self.design.transform @ self.form.to_design)
        by_column = self.systems.fixed_variances() @ (self.back**2).T
        result = np.asarray(t.power(2) @ by_column.T.ravel())
        # a coefficient that takes part in the centring, or is a contrast of columns, is a combination of several
        mixed = np.flatnonzero(np.diff(t.indptr) > 1)
        step = max(1, SLICE // max(1, size * p))
        for start in range(0, mixed.size, step):
            rows = mixed[start : start + step]
            pieces = t[rows].toarray().reshape(rows.size, size, -1)
            result[rows] = self.systems.fixed_forms(np.einsum("mai,at->tim", pieces, self.back))
        return result

    def effects(self, term: int) -> tuple[Array, Array]:
        """Predicted random effects and their prediction error variances, both (T, q)."""
        return self.back @ self.systems.effects().T, self.back**2 @ self.systems.prediction_variances().T

    def fitted(self) -> Array:
        """X beta + Z u (N,), on the scale of the data."""
        residual = self._by_cell(self.systems.residual() @ self.back.T)
        return (self.design.y - residual) / self.design.weight_root


def _connected(pattern: NDArray[np.bool_]) -> Array:
    """1 where two levels (k, k) are joined by entries of a pattern."""
    _, part = csgraph.connected_components(csr_matrix(pattern), directed=False)
    return np.equal.outer(part, part).astype(float)
