"""Single-trait mixed-model equations of one design at several variance ratios: one pattern and analysis, T factorisations.

    C_t = [X0'X0, s X0'Z0; s Z0'X0, s^2 Z0'Z0 + K^-1],     s = s_t,     C_t [beta; b] = [X0'y; s Z0'y],     a = s b

with R = I, as the canonical transformation leaves them; a factor K = FF' enters as Z0 F with the identity for K^-1.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from vcmodel.equations.factored import SLICE, factored_variances
from vcmodel.linalg.cholesky import SparseCholesky, factorised

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.equations.balanced import BalancedForm

    Array = NDArray[np.float64]


class SparseSystems:
    """Single-trait systems by sparse Cholesky; see :class:`vcmodel.equations.base.SingleTraitSystems`.

    Parameters
    ----------
    form : BalancedForm
    responses : (n, T) array
        Y.
    factorization, threads
        As in :class:`vcmodel.control.Control`.
    """

    def __init__(self, form: BalancedForm, responses: Array, *, factorization: str = "own", threads: int = 1) -> None:
        self.relationship, self.x, self.responses = form.term.relationship, form.x, responses
        self.z = form.incidence if self.relationship.root is None else sparse.csr_matrix(form.incidence @ self.relationship.root)
        self.n_rows, self.n_fixed = self.x.shape
        self.levels = self.z.shape[1]
        self._fill()
        first = SparseCholesky(self.pattern, factorization=factorization, threads=threads)
        self.flops = first.flops
        self.factors = [first, *(first.twin() for _ in range(responses.shape[1] - 1))]
        self.cross = np.concatenate([self.x.T @ responses, self.z.T @ responses])

    @property
    def n_equations(self) -> int:
        """Order of each system."""
        return self.n_fixed + self.levels

    def _fill(self) -> None:
        """The pattern of C and the values in it of its four parts."""
        p, size = self.n_fixed, self.n_equations
        k_inverse = sparse.identity(self.levels) if self.relationship.precision is None else self.relationship.precision
        parts = [
            (sparse.tril(self.x.T @ self.x).tocoo(), 0, 0),
            (sparse.coo_matrix(self.z.T @ self.x), p, 0),
            (sparse.tril(self.z.T @ self.z).tocoo(), p, p),
            (sparse.tril(k_inverse).tocoo(), p, p),
            (sparse.identity(size, format="coo"), 0, 0),
        ]
        keys = [(part.col.astype(np.int64) + right) * size + part.row + down for part, down, right in parts]
        key = np.unique(np.concatenate(keys))
        self.parts = np.zeros((4, key.size))
        for values, (part, _, _), own in zip(self.parts, parts, keys, strict=False):
            values[np.searchsorted(key, own)] = part.data
        column, row = np.divmod(key, size)
        start = np.searchsorted(column, np.arange(size + 1))
        self.pattern = sparse.csc_matrix((np.ones(key.size), row, start), shape=(size, size))
        self.twice = np.where(row == column, 1.0, 2.0)

    def update(self, roots: Array, transform: Array) -> bool:
        """Factorise and solve; False when a system is not positive definite."""
        self.roots = roots
        for name in ("related", "_inverses"):
            self.__dict__.pop(name, None)
        xx, zx, zz, kk = self.parts
        y, rhs, p = self.responses @ transform.T, self.cross @ transform.T, self.n_fixed
        rhs[p:] *= roots
        self.solution = np.empty_like(rhs)
        for t, (factor, s) in enumerate(zip(self.factors, roots, strict=True)):
            if not factor.refactor(xx + kk + s * zx + s**2 * zz):
                return False
            self.solution[:, t] = factor.solve(rhs[:, t])
        b = self.solution[p:]
        self.projected = y - self.x @ self.solution[:p] - self.z @ (b * roots)
        image = b if self.relationship.precision is None else self.relationship.precision @ b
        # as a sum of squares: to second order insensitive to rounding of the solution
        self.quadratic = np.sum(self.projected**2, axis=0) + np.sum(b * image, axis=0)
        self.logdet = np.array([factor.logdet() for factor in self.factors]) + self.relationship.logdet
        return bool(np.all(np.isfinite(self.solution)))

    @cached_property
    def _inverses(self) -> list[Array]:
        return [factor.selected_inverse() for factor in self.factors]

    @cached_property
    def related(self) -> Array:
        """Z0 K Z0'P_t y_t, (n, T)."""
        score = self.z.T @ self.projected
        return self.z @ (score if self.relationship.precision is None else self._relationship_factor.solve(score))

    @cached_property
    def _relationship_factor(self) -> SparseCholesky:
        return factorised(self.relationship.precision)

    def traces(self) -> Array:
        """s_t tr(K Z0'P_t Z0) = half of dlog|C_t|/ds_t, (T,)."""
        _, zx, zz, _ = self.parts
        weighted = self.twice * zz
        return np.array([inverse @ zx + s * (inverse @ weighted) for inverse, s in zip(self._inverses, self.roots, strict=True)])

    def information(self, basis: Array) -> Array:
        """B'P_t B (T, m, m) of columns B (n, m)."""
        total, fixed, random = basis.T @ basis, self.x.T @ basis, self.z.T @ basis
        result = np.empty((self.roots.size, *total.shape))
        for t, (factor, s) in enumerate(zip(self.factors, self.roots, strict=True)):
            half = factor.half_solve(np.concatenate([fixed, s * random]))
            result[t] = total - half.T @ half
        return result

    def fixed(self) -> Array:
        """beta, (p0, T)."""
        return self.solution[: self.n_fixed]

    def fixed_covariance(self) -> Array:
        """Covariance matrices of beta_t, (T, p0, p0)."""
        p = self.n_fixed
        unit = np.zeros((self.n_equations, p))
        unit[:p] = np.eye(p)
        return np.array([factor.solve(unit)[:p] if p else unit[:p] for factor in self.factors])

    def fixed_variances(self) -> Array:
        """Variances of beta, (p0, T)."""
        diagonal = self.pattern.indptr[: self.n_fixed]
        return np.stack([inverse[diagonal] for inverse in self._inverses], axis=1)

    def fixed_forms(self, combinations: Array) -> Array:
        """Sum over t of c_t' Cov(beta_t) c_t, (m,), for m combinations c (T, p0, m)."""
        result = np.zeros(combinations.shape[2])
        step = max(1, SLICE // self.n_equations)
        for start in range(0, result.size, step):
            part = combinations[:, :, start : start + step]
            for factor, c in zip(self.factors, part, strict=True):
                half = factor.half_solve(np.vstack([c, np.zeros((self.levels, c.shape[1]))]))
                result[start : start + step] += np.einsum("nm,nm->m", half, half)
        return result

    def effects(self) -> Array:
        """s_t a_t, (q, T)."""
        scaled = self.solution[self.n_fixed :] * self.roots
        return scaled if self.relationship.root is None else self.relationship.root @ scaled

    def prediction_variances(self) -> Array:
        """Prediction error variances of s_t a_t, (q, T)."""
        if self.relationship.root is None:
            diagonal = self.pattern.indptr[self.n_fixed : -1]
            return np.stack([inverse[diagonal] for inverse in self._inverses], axis=1) * self.roots**2
        return factored_variances(self.relationship.root, self.n_equations, self._covariances, self._combined_variance)

    def _covariances(self, first: NDArray[np.int64], second: NDArray[np.int64]) -> Array:
        """Prediction error covariances (n, T) of pairs of what the equations solve for; NaN where they do not meet in the pattern."""
        size = self.n_equations
        key = np.repeat(np.arange(size), np.diff(self.pattern.indptr)) * size + self.pattern.indices
        wanted = (self.n_fixed + np.minimum(first, second)) * size + self.n_fixed + np.maximum(first, second)
        place = np.minimum(np.searchsorted(key, wanted), key.size - 1)
        found = (key[place] == wanted)[:, None]
        return np.where(found, np.stack([inverse[place] for inverse in self._inverses], axis=1) * self.roots**2, np.nan)

    def _combined_variance(self, rows: Array) -> Array:
        """Prediction error variances (n, T) of rows (n, m) of the factor, from triangular solves."""
        rhs = np.vstack([np.zeros((self.n_fixed, rows.shape[0])), rows.T])
        half = [factor.half_solve(rhs) for factor in self.factors]
        return np.stack([s**2 * np.einsum("nl,nl->l", each, each) for each, s in zip(half, self.roots, strict=True)], axis=1)

    def residual(self) -> Array:
        """e_t by row, (n, T)."""
        return self.projected
