"""The spectral form of single-trait models with one dense relationship: an eigendecomposition once, then diagonal matrices.

With Z0 = Zn N^1/2 (Zn has orthonormal columns, one per level with records) and N^1/2 K N^1/2 = V diag(lambda) V', the columns of U1 = Zn V
are eigenvectors of Z0 K Z0'; on the rest of the rows it is zero. What of X0 and Y lies outside of U1 spans a few more directions, so that
q + p0 + T coordinates replace the n rows however many records a level has. In them V_t = diag(s^2 lambda + 1).

References
----------
Thompson, E. A., Shaw, R. G. (1990). Pedigree analysis for quantitative traits: variance components without matrix inversion.
Biometrics 46, 399-413.
Zhou, X., Stephens, M. (2014). Efficient multivariate linear mixed model algorithms for genome-wide association studies.
Nature Methods 11, 407-409.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg, sparse

from vcmodel.equations.balanced import NotBalancedError
from vcmodel.equations.term_precision import TermPrecision

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.equations.balanced import BalancedForm

    Array = NDArray[np.float64]

# length, relative to the column, below which what a column of X0 or Y has outside of U1 is rounding
NEGLIGIBLE = 1e-11
# share of columns up to which singular values of a factor of K cost less than eigenvalues of K
LOW_RANK = 0.4


def require_one_level(form: BalancedForm) -> None:
    """Raise unless every row has at most one level of the term, so that Z0'Z0 is diagonal.

    Raises
    ------
    NotBalancedError
    """
    if np.any(np.diff(form.incidence.indptr) > 1):
        raise NotBalancedError(f"an observation has effects of several levels of {form.term.label}")


def _inverse(precision: sparse.csc_matrix) -> Array:
    """Lower triangle of K (q, q) from K^-1, which is positive definite."""
    root, _ = linalg.lapack.dpotrf(np.asfortranarray(precision.toarray()), lower=1, overwrite_a=1)
    return linalg.lapack.dpotri(root, lower=1, overwrite_c=1)[0]


class SpectralSystems:
    """Single-trait systems by eigendecomposition; see :class:`vcmodel.equations.base.SingleTraitSystems`.

    Parameters
    ----------
    form : BalancedForm
    responses : (n, T) array
        Y.

    Raises
    ------
    NotBalancedError
        Rows with several levels of the term.
    """

    def __init__(self, form: BalancedForm, responses: Array) -> None:
        require_one_level(form)
        self.term = form.term
        self.n_rows, self.n_fixed = form.x.shape
        records = np.asarray(form.incidence.multiply(form.incidence).sum(axis=0), dtype=float).ravel()
        self.observed = np.flatnonzero(records > 0.0)
        self.root_records = np.sqrt(records[self.observed])
        self._precision: TermPrecision | None = None
        self._decompose()
        self.unit_incidence = sparse.csr_matrix(form.incidence[:, self.observed] @ sparse.diags(1.0 / self.root_records))
        columns = np.hstack([form.x.toarray(), responses])
        rotated = self.vectors.T @ (self.unit_incidence.T @ columns)
        self.outside = self._complement(columns)
        rotated = np.vstack([rotated, self.outside.T @ columns])
        self.values = np.r_[self.eigenvalues, np.zeros(self.outside.shape[1])]
        self.x, self.responses = rotated[:, : self.n_fixed], rotated[:, self.n_fixed :]

    def _decompose(self) -> None:
        """Eigenvalues and vectors of N^1/2 K N^1/2 over the levels with records, and K between other levels and these times N^1/2 V."""
        factor, root, seen = self.term.relationship.dense_root, self.root_records[:, None], self.observed
        others = self._unobserved()
        if factor is not None and factor.shape[1] < LOW_RANK * seen.size:
            self.vectors, singular, right = linalg.svd(factor[seen] * root, full_matrices=False, check_finite=False)
            self.eigenvalues = singular**2
            self.others = factor[others] @ (right.T * singular)
            return
        if factor is not None:
            scaled = linalg.blas.dsyrk(1.0, (factor[seen] * root).T, trans=1, lower=1)
            across = factor[others] @ factor[seen].T
        else:
            combine = self.term.relationship.root
            k = np.eye(self.term.n_columns) if self.term.relationship.precision is None else _inverse(self.term.relationship.precision)
            if others.size or combine is not None:
                k = np.tril(k) + np.tril(k, -1).T
            if combine is not None:
                k = combine @ (combine @ k).T
            across = k[np.ix_(others, seen)]
            scaled = np.asfortranarray((k[np.ix_(seen, seen)] if others.size else k) * root * root.T)
        # the lower triangle is enough
        values, self.vectors = linalg.eigh(scaled, driver="evd", overwrite_a=True, check_finite=False)
        # N^1/2 K N^1/2 is positive semi-definite by construction; below zero is rounding
        self.eigenvalues = np.maximum(values, 0.0)
        self.others = across @ (root * self.vectors)

    def _complement(self, columns: Array) -> Array:
        """Orthonormal basis (n, m) of what the columns have outside of U1."""
        size = np.linalg.norm(columns, axis=0)
        rest = columns / np.where(size > 0.0, size, 1.0)
        for _ in range(2):  # twice: after one projection, a short remainder still has rounding along U1
            rest = rest - self._rows(self.vectors.T @ (self.unit_incidence.T @ rest))
        basis, triangle, _ = linalg.qr(rest, mode="economic", pivoting=True)
        return basis[:, np.abs(np.diag(triangle)) > NEGLIGIBLE]

    def _rows(self, inside: Array) -> Array:
        """U1 times coordinates."""
        return self.unit_incidence @ (self.vectors @ inside)

    def update(self, roots: Array, transform: Array) -> bool:
        """Weigh and solve for the fixed effects; False when their matrix is not positive definite."""
        self.roots = roots
        y = self.responses @ transform.T
        ratio = roots[:, None] ** 2 * self.values
        self.weights = 1.0 / (1.0 + ratio)
        information = np.stack([(self.x * w[:, None]).T @ self.x for w in self.weights])
        try:
            self.root = np.linalg.cholesky(information)
        except np.linalg.LinAlgError:
            return False
        # L^-1 X'V^-1, (T, p0, n')
        self.half = np.linalg.solve(self.root, self.x.T * self.weights[:, None, :])
        first = np.einsum("tpn,nt->tp", self.half, y)
        self.beta = np.linalg.solve(self.root.transpose(0, 2, 1), first[:, :, None])[:, :, 0].T
        rest = y - self.x @ self.beta
        self.projected = rest * self.weights.T
        self.related = self.projected * self.values[:, None]
        self.quadratic = np.sum(rest * self.projected, axis=0)
        diagonal = np.diagonal(self.root, axis1=1, axis2=2)
        self.logdet = np.log1p(ratio).sum(axis=1) + 2.0 * np.log(diagonal).sum(axis=1)
        return bool(np.all(np.isfinite(self.logdet)) and np.all(np.isfinite(self.beta)))

    def traces(self) -> Array:
        """s_t tr(K Z0'P_t Z0), (T,)."""
        return self.roots * (self.weights @ self.values - np.einsum("tpn,tpn,n->t", self.half, self.half, self.values, optimize=True))

    def information(self, basis: Array) -> Array:
        """B'P_t B (T, m, m) of columns B (n', m)."""
        half = self.half @ basis
        return np.stack([(basis * w[:, None]).T @ basis - h.T @ h for w, h in zip(self.weights, half, strict=True)])

    def fixed(self) -> Array:
        """beta, (p0, T)."""
        return self.beta

    def fixed_variances(self) -> Array:
        """Variances of beta, (p0, T)."""
        inverse = np.linalg.solve(self.root, np.broadcast_to(np.eye(self.n_fixed), self.root.shape))
        return np.sum(inverse**2, axis=1).T

    def covariance_times(self, trait: int, columns: Array) -> Array:
        """The covariance of the errors of beta_t and s_t a_t (p0 + q, p0 + q) times columns (p0 + q, m).

        The error of s_t a_t is that for known fixed effects and -s^2 K Z0'V^-1X0 times the error of beta_t.
        """
        p, s, m = self.n_fixed, self.roots[trait], self.eigenvalues.size
        fixed, random, levels = columns[:p], columns[p:], self._levels()
        by_fixed = s**2 * (levels @ (self.x[:m] * self.weights[trait, :m, None]))
        beta = np.linalg.solve(self.root[trait], fixed - by_fixed.T @ random)
        beta = np.linalg.solve(self.root[trait].T, beta)
        return np.concatenate([beta, self._given_fixed(trait, random, levels) - by_fixed @ beta])

    def _given_fixed(self, trait: int, random: Array, levels: Array) -> Array:
        """s^2 (K - s^2 K Z0'V^-1Z0 K) times columns (q, n): the prediction error covariance for known fixed effects.

        With N^-1/2 V = A over the levels with records and B = K Z0'U1 over the others, its parts are s^2 A diag(lambda w) A',
        s^2 B diag(w) A' and s^2 (K - s^2 B diag(w) B'), w = 1 / (1 + s^2 lambda): nothing cancels where there are records.
        """
        s, m = self.roots[trait], self.eigenvalues.size
        w = self.weights[trait, :m, None]
        seen, others = self.observed, self._unobserved()
        across = self.vectors / self.root_records[:, None]
        inside = w * (across.T @ random[seen])
        outside = w * (self.others.T @ random[others])
        result = np.empty_like(random)
        result[seen] = s**2 * (across @ (self.eigenvalues[:, None] * inside + outside))
        if others.size:
            alone = np.zeros_like(random)
            alone[others] = random[others]
            related = self._relationship_times(alone)[others] if np.any(alone) else 0.0
            result[others] = s**2 * (self.others @ inside + related - s**2 * (self.others @ outside))
        return result

    def _relationship_times(self, values: Array) -> Array:
        """K values (q, n)."""
        if self._precision is None:
            self._precision = TermPrecision((), self.term.relationship)
        root = self.term.relationship.root
        if root is None:
            return self._precision.solve(values)
        return np.asarray(root @ self._precision.solve(np.asarray(root.T @ values)))

    def _unobserved(self) -> NDArray[np.int64]:
        """Levels without records."""
        return np.setdiff1d(np.arange(self.term.n_levels), self.observed)

    def _levels(self) -> Array:
        """K Z0'U1, (q, number of eigenvalues)."""
        result = np.empty((self.term.n_levels, self.eigenvalues.size))
        result[self.observed] = self.vectors * self.eigenvalues / self.root_records[:, None]
        result[self._unobserved()] = self.others
        return result

    def effects(self) -> Array:
        """s_t a_t, (q, T)."""
        return self._levels() @ self.projected[: self.eigenvalues.size] * self.roots**2

    def prediction_variances(self) -> Array:
        """Prediction error variances of s_t a_t, (q, T): s^2 K_ll - s^4 (K Z0'P_t Z0 K)_ll."""
        levels, m = self._levels(), self.eigenvalues.size
        squares = levels**2
        result = np.empty((levels.shape[0], self.roots.size))
        for t, s in enumerate(self.roots):
            w = self.weights[t, :m]
            variance = s**2 * (self.term.relationship.diagonal - s**2 * (squares @ w))
            # where there are records the difference cancels; it is a sum of positive terms lambda / (s^2 lambda + 1)
            variance[self.observed] = s**2 * (self.vectors**2 @ (self.eigenvalues * w)) / self.root_records**2
            of_fixed = levels @ self.half[t, :, :m].T
            result[:, t] = variance + s**4 * np.sum(of_fixed**2, axis=1)
        return result

    def residual(self) -> Array:
        """e_t by row, (n, T)."""
        m = self.eigenvalues.size
        return self._rows(self.projected[:m]) + self.outside @ self.projected[m:]
