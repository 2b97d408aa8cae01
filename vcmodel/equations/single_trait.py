"""Single-trait mixed-model equations of one design at several variance ratios: one pattern and analysis, T factorisations.

    C_t = [X0'X0, s X0'Z0; s Z0'X0, s^2 Z0'Z0 + K^-1],     s = s_t,     C_t [beta; b] = [X0'y; s Z0'y],     a = s b

with R = I, as the canonical transformation leaves them; a factor K = FF' enters as Z0 F with the identity for K^-1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from vcmodel.equations.combinations import SLICE
from vcmodel.equations.factored import factored_variances
from vcmodel.equations.term_precision import TermPrecision
from vcmodel.linalg.cholesky import SparseCholesky

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.equations.balanced import BalancedForm

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SparseState:
    """Where the systems stand: s_t, the solutions [beta_t; b_t], and what logL is made of; see :class:`.base.SingleTraitSystems`."""

    systems: SparseSystems
    roots: Array
    solution: Array
    projected: Array
    quadratic: Array
    logdet: Array

    @cached_property
    def inverses(self) -> list[Array]:
        """The selected inverse of every C_t."""
        return [factor.selected_inverse() for factor in self.systems.factors]

    @cached_property
    def related(self) -> Array:
        """Z0 K Z0'P_t y_t, (n, T)."""
        return self.systems.z @ self.systems.precision.solve(self.systems.z.T @ self.projected)


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

    def __init__(
        self, form: BalancedForm, responses: Array, *, factorization: str = "own", threads: int = 1, slice_size: int = SLICE
    ) -> None:
        self.root, self.x, self.responses = form.term.relationship.root, form.x, responses
        self.z = form.incidence if self.root is None else sparse.csr_matrix(form.incidence @ self.root)
        self.precision, self.slice_size = TermPrecision((), form.term.relationship), slice_size
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
        parts = [
            (sparse.tril(self.x.T @ self.x).tocoo(), 0, 0),
            (sparse.coo_matrix(self.z.T @ self.x), p, 0),
            (sparse.tril(self.z.T @ self.z).tocoo(), p, p),
            (sparse.tril(self.precision.matrices[0]).tocoo(), p, p),
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
        xx, zx, zz, kk = self.parts
        y, rhs, p = self.responses @ transform.T, self.cross @ transform.T, self.n_fixed
        rhs[p:] *= roots
        solution = np.empty_like(rhs)
        for t, (factor, s) in enumerate(zip(self.factors, roots, strict=True)):
            if not factor.refactor(xx + kk + s * zx + s**2 * zz):
                return False
            solution[:, t] = factor.solve(rhs[:, t])
        b = solution[p:]
        projected = y - self.x @ solution[:p] - self.z @ (b * roots)
        # as a sum of squares: to second order insensitive to rounding of the solution
        quadratic = np.sum(projected**2, axis=0) + np.sum(b * self.precision.times(b), axis=0)
        logdet = np.array([factor.logdet() for factor in self.factors]) + self.precision.logdet
        self.at = SparseState(self, roots, solution, projected, quadratic, logdet)
        return bool(np.all(np.isfinite(solution)))

    @property
    def logdet(self) -> Array:
        """log|V_t| + log|X0'V_t^-1X0|, (T,)."""
        return self.at.logdet

    @property
    def quadratic(self) -> Array:
        """y_t'P_t y_t, (T,)."""
        return self.at.quadratic

    @property
    def projected(self) -> Array:
        """P_t y_t, (n, T)."""
        return self.at.projected

    @property
    def related(self) -> Array:
        """Z0 K Z0'P_t y_t, (n, T)."""
        return self.at.related

    def traces(self) -> Array:
        """s_t tr(K Z0'P_t Z0) = half of dlog|C_t|/ds_t, (T,)."""
        _, zx, zz, _ = self.parts
        weighted = self.twice * zz
        return np.array([inverse @ zx + s * (inverse @ weighted) for inverse, s in zip(self.at.inverses, self.at.roots, strict=True)])

    def information(self, basis: Array) -> Array:
        """B'P_t B (T, m, m) of columns B (n, m)."""
        total, fixed, random = basis.T @ basis, self.x.T @ basis, self.z.T @ basis
        result = np.empty((self.at.roots.size, *total.shape))
        for t, (factor, s) in enumerate(zip(self.factors, self.at.roots, strict=True)):
            half = factor.half_solve(np.concatenate([fixed, s * random]))
            result[t] = total - half.T @ half
        return result

    def fixed(self) -> Array:
        """beta, (p0, T)."""
        return self.at.solution[: self.n_fixed]

    def covariance_times(self, trait: int, columns: Array) -> Array:
        """The covariance of the errors of beta_t and s_t a_t (p0 + q, p0 + q) times columns (p0 + q, m)."""
        p, s, root = self.n_fixed, self.at.roots[trait], self.root
        random = columns[p:] if root is None else root.T @ columns[p:]
        solved = self.factors[trait].solve(np.concatenate([columns[:p], s * random]))
        return np.concatenate([solved[:p], s * (solved[p:] if root is None else root @ solved[p:])])

    def fixed_variances(self) -> Array:
        """Variances of beta, (p0, T)."""
        diagonal = self.pattern.indptr[: self.n_fixed]
        return np.stack([inverse[diagonal] for inverse in self.at.inverses], axis=1)

    def effects(self) -> Array:
        """s_t a_t, (q, T)."""
        scaled = self.at.solution[self.n_fixed :] * self.at.roots
        return scaled if self.root is None else self.root @ scaled

    def prediction_variances(self) -> Array:
        """Prediction error variances of s_t a_t, (q, T)."""
        if self.root is None:
            diagonal = self.pattern.indptr[self.n_fixed : -1]
            return np.stack([inverse[diagonal] for inverse in self.at.inverses], axis=1) * self.at.roots**2
        return factored_variances(self.root, self.n_equations, self._covariances, self._combined_variance, self.slice_size)

    def _covariances(self, first: NDArray[np.int64], second: NDArray[np.int64]) -> Array:
        """Prediction error covariances (n, T) of pairs of what the equations solve for; NaN where they do not meet in the pattern."""
        size = self.n_equations
        key = np.repeat(np.arange(size), np.diff(self.pattern.indptr)) * size + self.pattern.indices
        wanted = (self.n_fixed + np.minimum(first, second)) * size + self.n_fixed + np.maximum(first, second)
        place = np.minimum(np.searchsorted(key, wanted), key.size - 1)
        found = (key[place] == wanted)[:, None]
        return np.where(found, np.stack([inverse[place] for inverse in self.at.inverses], axis=1) * self.at.roots**2, np.nan)

    def _combined_variance(self, rows: Array) -> Array:
        """Prediction error variances (n, T) of rows (n, m) of the factor, from triangular solves."""
        rhs = np.vstack([np.zeros((self.n_fixed, rows.shape[0])), rows.T])
        half = [factor.half_solve(rhs) for factor in self.factors]
        return np.stack([s**2 * np.einsum("nl,nl->l", each, each) for each, s in zip(half, self.at.roots, strict=True)], axis=1)

    def residual(self) -> Array:
        """e_t by row, (n, T)."""
        return self.at.projected
