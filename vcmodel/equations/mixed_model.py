"""The whitened mixed-model equations C [tau; b] = W'R^-1 y, refilled and factorised for every set of matrices.

With W = [X, Z Lambda] and u = (Lambda kron I) b the equations stay regular when a Sigma = Lambda Lambda' is singular:

    C = W'R^-1W + blockdiag(0, I kron K^-1)
    -2 logL = log|C| + log|R| + sum r log|K| + y'R^-1(y - W s)

The scores and average-information quantities follow Gilmour, Thompson & Cullis (1995), Biometrics 51, 1440-1450, with traces from the
selected inverse of C.
"""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy import sparse

from vcmodel.equations.coefficient_matrix import CoefficientMatrix
from vcmodel.equations.factored import SLICE, factored_variances
from vcmodel.equations.layout import make_layout
from vcmodel.equations.least_squares import least_squares
from vcmodel.equations.memory_need import require_room
from vcmodel.equations.unit_residual import UnitResidual
from vcmodel.equations.whitening import whitened_by
from vcmodel.linalg.cholesky import SparseCholesky, factorised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.design.design import Design
    from vcmodel.equations.layout import Block

    Array = NDArray[np.float64]


# condition of a loading up to which it is inverted
WELL_CONDITIONED = 1e4


class MixedModelEquations:
    """The equations of one design: pattern and ordering once, numbers at every :meth:`update`.

    The only mutable object of a fit. After ``update(loadings, residuals)`` returned True, ``loglik``, ``solution``, ``residual`` and the
    methods belong to those matrices.
    """

    reduced: ClassVar[bool] = False

    def __init__(self, design: Design, *, factorization: str = "own", threads: int = 1) -> None:
        self.design = design
        self.residual_covariance = UnitResidual(design.sections)
        require_room(design)
        self.layout = make_layout(design, self.residual_covariance.cell_pairs())
        self.factor = SparseCholesky(self.layout.pattern, factorization=factorization, threads=threads)
        # y is used through its deviation from a fixed-effects fit: large means cost digits of the quadratic form
        self.offset = least_squares(design.x, design.y)
        self.y = design.y - design.x @ self.offset
        self.matrix = CoefficientMatrix(self.layout)
        self.loadings: list[Array] = []

    def update(self, loadings: Sequence[Array], residuals: Sequence[Array]) -> bool:
        """Fill, factorise and solve.

        Parameters
        ----------
        loadings : list of (k, r) arrays
            Lambda of each random term.
        residuals : list of (k, k) arrays
            Sigma of each residual section.

        Returns
        -------
        bool
            False when a residual matrix or C is not positive definite; nothing else may be called then.
        """
        self.loadings = [np.ascontiguousarray(loading) for loading in loadings]
        if not self.residual_covariance.update(residuals):
            return False
        if not self.matrix.fill(self.residual_covariance.coefficients, self._loading) or not self.factor.refactor(self.matrix.data):
            return False
        self._solve()
        return bool(np.isfinite(self.loglik))

    def _solve(self) -> None:
        rhs = self._whiten(self._transpose_incidence(self.residual_covariance.solve(self.y)[:, None]))[:, 0]
        self.solution = self.factor.solve(rhs)
        self.residual = self.y - self._incidence(self._unwhiten(self.solution[:, None]))[:, 0]
        self.weighted = self.residual_covariance.solve(self.residual)
        # y'R^-1(y - Ws) as a sum of squares: to second order insensitive to rounding of the solution
        self.quadratic = float(self.residual @ self.weighted)
        log_relationship = 0.0
        for block in self.layout.blocks[1:]:
            b = self.solution[block.equations].reshape(block.n_levels, block.r)
            image = b if block.precision is None else block.precision @ b
            self.quadratic += float(np.sum(b * image))
            log_relationship += block.r * self.design.terms[block.term].relationship.logdet
        minus_two = self.factor.logdet() + self.residual_covariance.logdet + log_relationship + self.quadratic
        constant = self.design.log_det_transform + float(np.log(self.design.weight_root).sum())
        self.loglik = -0.5 * minus_two + constant
        self.loglik_scale = 0.5 * (
            abs(self.factor.logdet()) + abs(self.residual_covariance.logdet) + abs(log_relationship) + self.quadratic
        )
        for name in ("_score", "_inverse"):
            self.__dict__.pop(name, None)

    # --- pieces -------------------------------------------------------------------------------------------------------------------

    def _loading(self, index: int) -> Array:
        block = self.layout.blocks[index]
        if block.term < 0:
            return np.ones((1, 1))
        return self.loadings[block.term][np.ix_(block.rows, block.columns)]

    @cached_property
    def _inverse(self) -> Array:
        """C^-1 on the pattern of C."""
        return self.factor.selected_inverse()

    @cached_property
    def _score(self) -> Array:
        """W0'R^-1 e, (n_effects,)."""
        return self._transpose_incidence(self.weighted[:, None])[:, 0]

    def _incidence(self, effects: Array) -> Array:
        """W0 effects, (N, m)."""
        result = np.zeros((self.y.size, effects.shape[1]))
        for block in self.layout.blocks:
            result += block.incidence @ effects[block.effects]
        return result

    def _transpose_incidence(self, values: Array) -> Array:
        """W0' values, (n_effects, m)."""
        return np.concatenate([block.incidence.T @ values for block in self.layout.blocks])

    def _whiten(self, effects: Array) -> Array:
        """Lambda' effects: from columns of W0 to equations, (n_equations, m)."""
        pieces = []
        for index, block in enumerate(self.layout.blocks):
            cube = effects[block.effects].reshape(block.n_levels, block.k, effects.shape[1])
            pieces.append(np.einsum("lkm,kr->lrm", cube, self._loading(index)).reshape(-1, effects.shape[1]))
        return np.concatenate(pieces)

    def _unwhiten(self, equations: Array) -> Array:
        """Lambda equations: from equations to columns of W0, (n_effects, m)."""
        pieces = []
        for index, block in enumerate(self.layout.blocks):
            cube = equations[block.equations].reshape(block.n_levels, block.r, equations.shape[1])
            pieces.append(np.einsum("lrm,kr->lkm", cube, self._loading(index)).reshape(-1, equations.shape[1]))
        return np.concatenate(pieces)

    @property
    def variate_size(self) -> int:
        """Rows of the working variates: the observed cells."""
        return self.y.size

    # --- derivatives --------------------------------------------------------------------------------------------------------------

    def gradients(self) -> tuple[list[Array], list[Array]]:
        """The score in matrix form.

        Returns
        -------
        loadings : list of (k, r) arrays
            dlogL/dLambda of each random term, 2 D Lambda.
        residuals : list of (k, k) arrays
            Symmetric D of each residual section, dlogL = tr(D dSigma).
        """
        by_loading = [np.zeros_like(loading) for loading in self.loadings]
        blocks, matrix = self.layout.blocks, self.matrix
        for pair in self.layout.block_pairs:
            row, column = blocks[pair.row], blocks[pair.column]
            left, right = self._loading(pair.row), self._loading(pair.column)
            inverse = matrix.inverse(self._inverse, pair)
            matrix.collect(pair, inverse, np.asarray(np.kron(left, right), dtype=float))
            if row.term < 0 and column.term < 0:
                continue
            product = (matrix.cross(pair).T @ inverse).reshape(row.k, column.k, row.r, column.r)
            if row.term >= 0:
                by_loading[row.term][np.ix_(row.rows, row.columns)] += np.einsum("ijab,jb->ia", product, right)
            if column.term >= 0:
                by_loading[column.term][np.ix_(column.rows, column.columns)] += np.einsum("ijab,ia->jb", product, left)
        result = [-0.5 * part for part in by_loading]
        for block in blocks[1:]:
            s, b = self._levels(block)
            result[block.term][np.ix_(block.rows, block.columns)] += s.T @ b
        return result, self.residual_covariance.gradients(matrix.by_coefficient(), self.weighted)

    def _levels(self, block: Block) -> tuple[Array, Array]:
        """S (q, k) = Z'R^-1 e and B (q, r) = b by level."""
        return self._score[block.effects].reshape(block.n_levels, block.k), self.solution[block.equations].reshape(block.n_levels, block.r)

    def _scaled_score(self, index: int) -> Array:
        """K S, (q, k), of a block: B Lambda^-1, or one solve with the constant factor of K^-1 where Lambda is near singular."""
        block = self.layout.blocks[index]
        s, b = self._levels(block)
        if block.precision is None:
            return s
        loading = self._loading(index)
        size = np.linalg.norm(loading, axis=1)
        if block.k == block.r and np.all(size > 0.0) and np.linalg.cond(loading / size[:, None]) < WELL_CONDITIONED:
            return np.asarray(np.linalg.solve(loading.T, b.T).T, dtype=float)
        return self._relationship_factor(block.term).solve(np.ascontiguousarray(s))

    def _relationship_factor(self, term: int) -> SparseCholesky:
        """The Cholesky factor of a term's K^-1, made once."""
        if not hasattr(self, "_factors"):
            self._factors: dict[int, SparseCholesky] = {}
        if term not in self._factors:
            self._factors[term] = factorised(self.design.terms[term].relationship.precision)
        return self._factors[term]

    def term_variates(self, term: int, derivatives: Array) -> Array:
        """The variates dV P y (N, m) for matrices dSigma (m, k, k) of a random term: Z vec(K S dSigma)."""
        result = np.zeros((self.y.size, derivatives.shape[0]))
        for index, block in enumerate(self.layout.blocks):
            if block.term == term:
                small = derivatives[:, block.rows[:, None], block.rows[None, :]]
                effects = np.einsum("lk,mki->lim", self._scaled_score(index), small)
                result += block.incidence @ effects.reshape(-1, derivatives.shape[0])
        return result

    def section_variates(self, section: int, derivatives: Array) -> Array:
        """The variates dV P y (N, m) for matrices dSigma (m, k, k) of a residual section."""
        return self.residual_covariance.variates(section, derivatives, self.weighted)

    def average_information(self, variates: Array) -> Array:
        """1/2 Q'PQ (m, m) of working variates Q (N, m)."""
        scaled = self.residual_covariance.solve(variates)
        half = self.factor.half_solve(self._whiten(self._transpose_incidence(scaled)))
        result = 0.5 * (variates.T @ scaled - half.T @ half)
        return 0.5 * (result + result.T)

    # --- what the results need ----------------------------------------------------------------------------------------------------

    def coefficients(self) -> Array:
        """Fixed effects (p,) of the kept columns as reported."""
        p = self.design.x.shape[1]
        return self.design.transform @ (self.offset + self.solution[:p])

    def whitened_coefficients(self) -> tuple[Array, Array]:
        """Root B (p, p) of the covariance of the fixed effects as reported, and w (p,) with coefficients = B w."""
        p = self.design.x.shape[1]
        root, whitened = whitened_by(self._combinations(sparse.identity(p, format="csr")), self.offset + self.solution[:p])
        return np.asarray(self.design.transform @ root), whitened

    def coefficient_variances(self) -> Array:
        """Variances (p,) of the fixed effects as reported, without the whole matrix.

        A column that was only scaled has its variance on the diagonal of the selected inverse; the few that take part in the centring
        are solved for.
        """
        p = self.design.x.shape[1]
        t = sparse.csr_matrix(self.design.transform)
        diagonal = self._inverse[self.layout.pattern.indptr[:p]]
        result = np.asarray(t.power(2) @ diagonal)
        mixed = np.flatnonzero(np.diff(t.indptr) > 1)
        result[mixed] = np.diag(self._combinations(t[mixed]))
        return result

    def _combinations(self, t: sparse.csr_matrix) -> Array:
        """Covariance matrix (r, r) of the combinations `t` (r, p) of the centred coefficients, solved in slices."""
        n, p = t.shape
        result = np.zeros((n, n))
        step = max(1, SLICE // max(1, self.layout.n_equations))
        for start in range(0, n, step):
            part = slice(start, start + step)
            rhs = np.zeros((self.layout.n_equations, t[part].shape[0]))
            rhs[:p] = t[part].T.toarray()
            result[:, part] = t @ self.factor.solve(rhs)[:p]
        return 0.5 * (result + result.T)

    def effects(self, term: int) -> tuple[Array, Array]:
        """Predicted random effects and their prediction error variances, both (k, q): Sigma-level by relationship level."""
        design = self.design.terms[term]
        k, q = design.structure.size, design.n_levels
        effect, pev = np.zeros((k, q)), np.zeros((k, q))
        for index, block in enumerate(self.layout.blocks):
            if block.term != term:
                continue
            loading = self._loading(index)
            if design.basis is not None:
                loading = design.basis[np.ix_(block.rows, block.rows)] @ loading
            _, b = self._levels(block)
            u = b @ loading.T
            if design.relationship.root is None:
                every = np.arange(q)
                variance = self._covariances(index, loading, every, every)
            else:
                u = np.asarray(design.relationship.root @ u)
                variance = factored_variances(
                    design.relationship.root,
                    self.layout.n_equations,
                    partial(self._covariances, index, loading),
                    partial(self._combined_variance, block, loading),
                )
            effect[block.rows], pev[block.rows] = u.T, variance.T
        return effect, pev

    def _covariances(self, index: int, loading: Array, first: NDArray[np.int64], second: NDArray[np.int64]) -> Array:
        """Prediction error covariances (n, k) of u = (Lambda kron I) b at pairs of levels; NaN where they do not meet in the pattern."""
        block = self.layout.blocks[index]
        pair = next(m for m in self.layout.block_pairs if m.row == m.column == index)
        key = pair.levels[:, 0] * block.n_levels + pair.levels[:, 1]
        wanted = np.maximum(first, second) * block.n_levels + np.minimum(first, second)
        place = np.minimum(np.searchsorted(key, wanted), key.size - 1)
        cube = self._inverse[pair.mirror[place]].reshape(-1, block.r, block.r)
        covariance = np.einsum("ia,lab,ib->li", loading, cube, loading)
        return np.where((key[place] == wanted)[:, None], covariance, np.nan)

    def _combined_variance(self, block: Block, loading: Array, rows: Array) -> Array:
        """Prediction error variances (n, k) of u = (Lambda kron rows) b, rows (n, m), from triangular solves."""
        result = np.empty((rows.shape[0], block.k))
        for i in range(block.k):
            rhs = np.zeros((self.layout.n_equations, rows.shape[0]))
            rhs[block.equations] = np.einsum("lm,r->mrl", rows, loading[i]).reshape(-1, rows.shape[0])
            half = self.factor.half_solve(rhs)
            result[:, i] = np.einsum("nl,nl->l", half, half)
        return result

    def fitted(self) -> Array:
        """X beta + Z u (N,), on the scale of the data."""
        return (self.design.y - self.residual) / self.design.weight_root
