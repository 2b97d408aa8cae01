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

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

import numpy as np
from scipy import sparse

from vcmodel.equations.base import SingleTraitSystems
from vcmodel.equations.chain_rule import loading_derivatives, matrix_derivatives, recover_gradient, require_shape
from vcmodel.equations.combinations import SLICE, Combinations, System
from vcmodel.equations.whitening import whitened_by
from vcmodel.linalg.connected import connected_levels, connected_parts
from vcmodel.linalg.least_squares import least_squares

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from vcmodel.design.design import Design
    from vcmodel.equations.balanced import BalancedForm
    from vcmodel.equations.base import Part, PartDerivatives

    Array = NDArray[np.float64]


Systems = TypeVar("Systems", bound=SingleTraitSystems)


@dataclass(frozen=True, eq=False)
class CanonicalState:
    """Where the equations stand: Lambda, its rank in R0's units, s, B', Q, L A, and logL with half the magnitudes of its terms."""

    loading: Array
    rank: int
    roots: Array
    turned: Array
    transform: Array
    back: Array
    loglik: float
    loglik_scale: float


class CanonicalEquations(Generic[Systems]):
    """The equations of a design in balanced form; see :class:`vcmodel.equations.base.Equations`.

    Parameters
    ----------
    make_systems : callable
        Makes the single-trait systems from the form and the responses Y (n, T).
    slice_size : int
        Numbers in a dense block of right-hand sides.
    """

    reduced: ClassVar[bool] = True

    def __init__(
        self,
        design: Design,
        form: BalancedForm,
        make_systems: Callable[[BalancedForm, Array], Systems],
        *,
        slice_size: int = SLICE,
    ) -> None:
        self.design, self.form, self.slice_size = design, form, slice_size
        responses = design.y[form.cells]
        # as in the direct equations, large means would cost digits of the quadratic form
        self.offset = least_squares(form.x, responses)
        responses = responses - form.x @ self.offset
        self.y = self._by_cell(responses)
        self.systems = make_systems(form, responses)
        # a structure of unconnected parts (diag) has derivatives within the parts only
        self.pattern = form.term.structure.root_pattern()
        self.loading_mask = np.zeros(self.pattern.shape)
        for rows, columns in connected_parts(self.pattern):
            self.loading_mask[np.ix_(rows, columns)] = 1.0
        self.residual_masks = [_connected(section.structure.pattern()) for section in design.sections]
        self._state: CanonicalState | None = None

    @property
    def at(self) -> CanonicalState:
        """Where the equations stand."""
        if self._state is None:
            raise RuntimeError("the equations stand nowhere: call update() and check that it returns True")
        return self._state

    @property
    def loglik(self) -> float:
        """REML logL."""
        return self.at.loglik

    @property
    def loglik_scale(self) -> float:
        """Half the sum of the magnitudes of the terms of logL."""
        return self.at.loglik_scale

    def update(self, parts: Sequence[Part]) -> bool:
        """Transform, factorise and solve; False when R0 or a system is not positive definite.

        Raises
        ------
        StructureError
            A loading that does not have the shape or the zeros its structure says.
        """
        self._state = None
        loading = parts[0].loading
        require_shape(self.form.term, self.pattern, loading)
        r0 = self.form.residual([part.sigma for part in parts[1:]])
        if not np.all(np.isfinite(r0)) or not np.all(np.isfinite(loading)):
            return False
        try:
            root = np.linalg.cholesky(r0)
        except np.linalg.LinAlgError:
            return False
        axes, singular, turned = np.linalg.svd(np.linalg.solve(root, loading))
        roots = np.zeros(root.shape[0])
        roots[: singular.size] = singular
        transform = np.linalg.solve(root.T, axes).T
        if not self.systems.update(roots, transform):
            return False
        # P y of every row scales with R0^-1 like log|V|; the fixed effects of the transformed traits take p0 log|R0| back
        log_r0 = 2.0 * (self.systems.n_rows - self.systems.n_fixed) * float(np.log(np.diag(root)).sum())
        logdet, quadratic = self.systems.logdet, float(self.systems.quadratic.sum())
        constant = self.design.log_det_transform + float(np.log(self.design.weight_root).sum()) - self.form.log_det
        loglik = constant - 0.5 * (float(logdet.sum()) + log_r0 + quadratic)
        scale = 0.5 * (float(np.abs(logdet).sum()) + abs(log_r0) + quadratic)
        self._state = CanonicalState(loading, singular.size, roots, turned[: singular.size], transform, root @ axes, loglik, scale)
        self._gradients: tuple[Array, list[Array]] | None = None
        return bool(np.isfinite(loglik))

    # --- derivatives --------------------------------------------------------------------------------------------------------------

    @property
    def gradients(self) -> tuple[Array, list[Array]]:
        """dlogL/dLambda = 2 D Lambda of the term, and D of every residual section, made once per update.

        In transformed traits D* = 1/2 [e'Z0 K Z0'e - diag tr(K Z0'P_t Z0)] and, for R0, 1/2 [e'e - diag tr P_t]; only s_t times the trace
        is needed for the first, so that s_t = 0 is not special.
        """
        if self._gradients is None:
            systems, at = self.systems, self.at
            traces = systems.traces()
            scaled = 0.5 * (systems.projected.T @ systems.related * at.roots - np.diag(traces))
            by_loading = 2.0 * at.transform.T @ scaled[:, : at.rank] @ at.turned
            own = systems.n_rows - systems.n_fixed - at.roots * traces
            d = at.transform.T @ (0.5 * (systems.projected.T @ systems.projected - np.diag(own))) @ at.transform
            self._gradients = by_loading * self.loading_mask, self._by_section(d)
        return self._gradients

    def _by_section(self, d: Array) -> list[Array]:
        """D of every residual section from that of R0."""
        result = [np.zeros((section.structure.size,) * 2) for section in self.design.sections]
        level = self.form.level
        if self.form.joint:
            result[0][np.ix_(level, level)] = d
        else:
            for t, section in enumerate(self.form.section):
                result[section][level[t], level[t]] += d[t, t]
        return [part * mask for part, mask in zip(result, self.residual_masks, strict=True)]

    def derivatives(self, part: Part, remembered: Array | None = None) -> PartDerivatives:
        """Score and curvature by the coordinates of a part, and its D; see :class:`.base.Equations`."""
        by_loading, by_section = self.gradients
        if not part.component.is_random:
            return matrix_derivatives(part, by_section[part.component.index])
        gradient = recover_gradient(self.at.loading, by_loading, part.component.reference, remembered)
        return loading_derivatives(part, by_loading, gradient)

    def _variates(self, part: Part) -> Array:
        """Coefficients of dV P y (2 T T, m) for the coordinates of a part."""
        change = part.derivative
        if part.component.is_random:
            return self._coefficients_of(change, 0)
        level = self.form.level
        change = change[:, level[:, None], level[None, :]]
        if not self.form.joint:
            change = change * np.diag((self.form.section == part.component.index).astype(float))
        return self._coefficients_of(change, 1)

    def _coefficients_of(self, change: Array, half: int) -> Array:
        """Q dV Q' over the columns of one half of the basis [Z0 K Z0'P y, P y]."""
        m, size = change.shape[0], self.form.n_columns
        result = np.zeros((2, size, size, m))
        result[half] = np.moveaxis(self.at.transform @ change @ self.at.transform.T, 0, -1)
        return result.reshape(-1, m)

    def information(self, parts: Sequence[Part]) -> Array:
        """Average information 1/2 Q'PQ (m, m) of the coordinates of some parts: the sum over transformed traits."""
        variates = np.hstack([self._variates(part) for part in parts])
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
        return np.asarray(self.design.transform @ (self.form.to_design @ self._by_column()))

    def _by_column(self) -> Array:
        """Coefficients of X0 (T * p0,), column by column of Y."""
        return (self.offset + self.systems.fixed() @ self.at.back.T).T.ravel()

    def whitened_coefficients(self) -> tuple[Array, Array]:
        """Root B (p, p) of the covariance of the fixed effects as reported, and w (p,) with coefficients = B w."""
        p = self.design.x.shape[1]
        covariance = self._combined(sparse.identity(p, format="csr"), None, np.zeros(p)).covariance()
        root, whitened = whitened_by(covariance, self._by_column())
        return np.asarray(self.design.transform @ (self.form.to_design @ root)), whitened

    def coefficient_variances(self) -> Array:
        """Variances (p,) of the fixed effects as reported, without the whole matrix."""
        t = sparse.csr_matrix(self.design.transform @ self.form.to_design)
        by_column = self.systems.fixed_variances() @ (self.at.back**2).T
        result = np.asarray(t.power(2) @ by_column.T.ravel())
        # a coefficient that takes part in the centring, or is a contrast of columns, is a combination of several
        mixed = np.flatnonzero(np.diff(t.indptr) > 1)
        result[mixed] = self._combined(sparse.csr_matrix(t[mixed]), None, np.zeros(mixed.size)).variances()
        return result

    def combinations(self, rows: sparse.spmatrix | Array) -> Combinations:
        """Combinations L (m, p + T * q) of fixed effects as reported and random effects as written."""
        wanted, p = sparse.csr_matrix(rows), self.design.x.shape[1]
        fixed = sparse.csr_matrix(wanted[:, :p] @ self.design.transform @ self.form.to_design)
        random = sparse.csr_matrix(wanted[:, p:])
        effects = self.at.back @ self.systems.effects().T
        return self._combined(fixed, random, fixed @ self._by_column() + random @ effects.ravel())

    def _combined(self, fixed: sparse.csr_matrix, random: sparse.csr_matrix | None, values: Array) -> Combinations:
        """Combinations of the coefficients of X0 (m, T * p0) and of the effects (m, T * q), column by column of Y."""
        size, q = self.form.n_columns, self.form.term.n_levels
        random = sparse.csr_matrix((fixed.shape[0], size * q)) if random is None else random
        each = [_by_columns(part, size) for part in (fixed, random)]
        systems = []
        for s in range(size):
            both = [sum(self.at.back[t, s] * pieces[t] for t in range(size)) for pieces in each]
            systems.append(System(sparse.hstack(both, format="csr"), partial(self.systems.covariance_times, s)))
        return Combinations(values, systems, self.slice_size)

    def effects(self, term: int) -> tuple[Array, Array]:
        """Predicted random effects and their prediction error variances, both (T, q)."""
        return self.at.back @ self.systems.effects().T, self.at.back**2 @ self.systems.prediction_variances().T

    def fitted(self) -> Array:
        """X beta + Z u (N,), on the scale of the data."""
        residual = self._by_cell(self.systems.residual() @ self.at.back.T)
        return (self.design.y - residual) / self.design.weight_root


def _connected(pattern: NDArray[np.bool_]) -> Array:
    """1 where two levels (k, k) are joined by entries of a pattern."""
    part = connected_levels(pattern)
    return np.equal.outer(part, part).astype(float)


def _by_columns(rows: sparse.csr_matrix, size: int) -> list[sparse.csr_matrix]:
    """The pieces (m, n) of rows (m, size * n)."""
    n = rows.shape[1] // size
    return [sparse.csr_matrix(rows[:, t * n : (t + 1) * n]) for t in range(size)]
