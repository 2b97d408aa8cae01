"""The whitened mixed-model equations C [tau; b] = W'R^-1 y, refilled and factorised for every set of matrices.

With W = [X, Z Lambda] and u = (Lambda kron I) b the equations stay regular when a Sigma = Lambda Lambda' is singular:

    C = W'R^-1W + blockdiag(0, I kron K^-1)
    -2 logL = log|C| + log|R| + sum r log|K| + y'R^-1(y - W s)

The scores and average-information quantities follow Gilmour, Thompson & Cullis (1995), Biometrics 51, 1440-1450, with traces from the
selected inverse of C.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy import sparse

from vcmodel.equations.average_information import SideBySide
from vcmodel.equations.blocks import JOINED, make_unknowns
from vcmodel.equations.chain_rule import loading_derivatives, recover_gradient, require_shape
from vcmodel.equations.coefficient_matrix import CoefficientMatrix
from vcmodel.equations.combinations import SLICE, Combinations, System
from vcmodel.equations.completion import completed
from vcmodel.equations.elimination import leading_equations
from vcmodel.equations.gradients import Gradients
from vcmodel.equations.layout import make_layout
from vcmodel.equations.memory_need import require_room
from vcmodel.equations.precision_derivatives import BlockMoments, precision_derivatives, precision_variates
from vcmodel.equations.random_effects import TermEffects
from vcmodel.equations.residual_covariance import DirectSum, residuals_of
from vcmodel.equations.solution import Solution, WhitenedColumns
from vcmodel.equations.term_precision import TermPrecision
from vcmodel.equations.whitening import whitened_by
from vcmodel.linalg.cholesky import SparseCholesky
from vcmodel.linalg.least_squares import least_squares

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from vcmodel.design.design import Design
    from vcmodel.equations.base import Part, PartDerivatives
    from vcmodel.equations.blocks import Effects
    from vcmodel.equations.residual_covariance import ResidualCovariance

    Array = NDArray[np.float64]


# condition of a loading up to which it is inverted
WELL_CONDITIONED = 1e4


class MixedModelEquations:
    """The equations of one design: pattern and ordering once, numbers at every :meth:`update`; see :class:`.base.Equations`.

    Parameters
    ----------
    design : Design
    factorization, threads
        As in :class:`vcmodel.control.Control`.
    residuals : sequence of ResidualCovariance, optional
        Of each section; by default unit by unit.
    absorbed : collection of int
        Random terms without equations, whose effects a subclass takes into R.
    joined : int
        Loading columns up to which overlapping groups are one block of equations.
    slice_size : int
        Numbers in a dense block of right-hand sides.
    """

    reduced: ClassVar[bool] = False

    def __init__(
        self,
        design: Design,
        *,
        factorization: str = "own",
        threads: int = 1,
        residuals: Sequence[ResidualCovariance] | None = None,
        absorbed: Collection[int] = (),
        joined: int = JOINED,
        slice_size: int = SLICE,
    ) -> None:
        self.design, self.slice_size = design, slice_size
        self.residual_covariance = DirectSum(residuals or residuals_of(design.sections, design.y.size))
        self.precisions = [TermPrecision(term.inverses, term.relationship) for term in design.terms]
        require_room(design, absorbed)
        self.patterns = [term.structure.root_pattern() for term in design.terms]
        whole = completed(design, self.residual_covariance.n_absent)
        self.unknowns = make_unknowns(whole, joined, absorbed)
        covariance = self.residual_covariance
        related = [each.matrices for each in self.precisions]
        self.side_by_side = SideBySide([section.rows for section in covariance.sections], self.unknowns.effects)
        self.layout = make_layout(self.unknowns, covariance.entries(), covariance.n_coefficients, related)
        self.moments = [
            [BlockMoments.of(*item, precision.matrices, self.layout) for item in (self.unknowns.of_term(t) if term.inverses else ())]
            for t, (term, precision) in enumerate(zip(design.terms, self.precisions, strict=True))
        ]
        leading = leading_equations(self.unknowns, self.precisions, covariance.on_grid(whole.y.size), covariance.n_absent)
        self.factor = SparseCholesky(self.layout.pattern, factorization=factorization, threads=threads, leading=leading)
        self.matrix = CoefficientMatrix(self.layout)
        # y is used through its deviation from a fixed-effects fit: large means cost digits of the quadratic form
        self.offset = least_squares(design.x, design.y)
        self.y = design.y - design.x @ self.offset
        self._y = np.concatenate([self.y, whole.y[design.y.size :]])
        self.solution: Solution | None = None

    def update(self, parts: Sequence[Part]) -> bool:
        """Fill, factorise and solve; False when a residual matrix or C is not positive definite: nothing else may be called then.

        Raises
        ------
        StructureError
            A loading that does not have the shape or the zeros its structure says.
        """
        self.solution = None
        n_terms = len(self.design.terms)
        loadings = [part.loading for part in parts[:n_terms]]
        for term, pattern, loading in zip(self.design.terms, self.patterns, loadings, strict=True):
            require_shape(term, pattern, loading)
        if not all(precision.update(part) for precision, part in zip(self.precisions, parts, strict=False)):
            return False
        if not self.residual_covariance.update(parts[n_terms:]):
            return False
        one = np.ones((1, 1))
        by_block = tuple(
            one if block.term < 0 else np.ascontiguousarray(loadings[block.term][block.entries]) for block in self.unknowns.blocks
        )
        coefficients = np.concatenate([np.zeros(0), *(precision.coefficients for precision in self.precisions)])
        if not self.matrix.fill(self.residual_covariance.coefficients, coefficients, by_block):
            return False
        if not self.factor.refactor(self.matrix.data):
            return False
        self.solution = self._solve(WhitenedColumns(self.unknowns, by_block))
        self._gradients: Gradients | None = None
        return bool(np.isfinite(self.solution.loglik))

    def _solve(self, columns: WhitenedColumns) -> Solution:
        """The solution, its residual and logL."""
        vector = self.factor.solve(columns.transposed(self.residual_covariance.solve(self._y)[:, None])[:, 0])
        residual = self._y - columns.times(vector[:, None])[:, 0]
        weighted = self.residual_covariance.solve(residual)
        # y'R^-1(y - Ws) as a sum of squares: to second order insensitive to rounding of the solution
        quadratic, log_relationship = float(residual @ weighted), 0.0
        for block in self.unknowns.blocks[1:]:
            precision, b = self.precisions[block.term], block.by_level(vector)
            quadratic += float(np.sum(b * precision.times(b)))
            log_relationship += block.r * precision.logdet
        terms = self.factor.logdet(), self.residual_covariance.logdet, log_relationship, quadratic
        constant = self.design.log_det_transform + float(np.log(self.design.weight_root).sum())
        return Solution(
            columns, self.factor, vector, residual, weighted, constant - 0.5 * sum(terms), 0.5 * sum(abs(term) for term in terms)
        )

    @property
    def at(self) -> Solution:
        """Where the equations stand."""
        if self.solution is None:
            raise RuntimeError("the equations stand nowhere: call update() and check that it returns True")
        return self.solution

    @property
    def loglik(self) -> float:
        """REML logL."""
        return self.at.loglik

    @property
    def loglik_scale(self) -> float:
        """Half the sum of the magnitudes of the terms of logL."""
        return self.at.loglik_scale

    # --- derivatives --------------------------------------------------------------------------------------------------------------

    @property
    def gradients(self) -> Gradients:
        """DlogL by loadings and by coefficients of R^-1, made once per update."""
        solution = self.at
        if self._gradients is None:
            self._gradients = Gradients.at(solution, self.matrix, [pattern.shape for pattern in self.patterns])
        return self._gradients

    def derivatives(self, part: Part, remembered: Array | None = None) -> PartDerivatives:
        """Score and curvature by the coordinates of a part, and its D.

        Parameters
        ----------
        remembered : (k, k) array, optional
            D of an earlier point, used where the matrix is singular now.
        """
        index = part.component.index
        if not part.component.is_random:
            own = self.residual_covariance.slices[index]
            section = self.residual_covariance.sections[index]
            return section.derivatives(part, self.gradients.by_coefficient[own], self.at.weighted)
        by_loading = self.gradients.by_loading[index]
        blocks = list(self.unknowns.of_term(index))
        # groups that overlap in rows leave entries of dlogL/dLambda unknown
        whole = all(block.whole for _, block in blocks)
        gradient = recover_gradient(part.loading, by_loading, part.component.reference, remembered) if whole else None
        result = loading_derivatives(part, by_loading, gradient)
        m = part.chart.n_sparse
        if m and np.any(part.loading):  # where Sigma is zero, logL does not depend on them: their score would be rounding
            score, curvature, cross = precision_derivatives(part, self.precisions[index], self.moments[index], self.at)
            result.score[-m:] += score
            result.curvature[-m:, -m:] += curvature
            result.curvature[:, -m:] += cross
            result.curvature[-m:] += cross.T
        return result

    def _term_variates(self, part: Part) -> Array:
        """Variates dV P y (N, m) of the coordinates of a random term."""
        index, m = part.component.index, part.phi.size
        result = np.zeros((self._y.size, m))
        of_sigma = m - part.chart.n_sparse
        for effects in self.unknowns.effects if of_sigma else ():
            if effects.term == index:
                small = part.derivative[:of_sigma, effects.rows[:, None], effects.rows[None, :]]
                by_effect = np.tensordot(self._related_score(effects), small, axes=(1, 1)).swapaxes(1, 2)
                result[:, :of_sigma] += effects.incidence @ by_effect.reshape(-1, of_sigma)
        if part.chart.n_sparse:
            blocks = list(self.unknowns.of_term(index))
            result[:, of_sigma:] += precision_variates(part, self.precisions[index], blocks, self.at)
        return result

    def _related_score(self, effects: Effects) -> Array:
        """K S, (q, k), of effects: B Lambda^-1, or one solve with the factor of K^-1 where Lambda is near singular."""
        precision = self.precisions[effects.term]
        s = effects.by_level(self.at.score)
        if precision.identity:
            return s
        own = [(number, block) for number, block in self.unknowns.of_term(effects.term) if block.effects is effects]
        if len(own) == 1 and own[0][1].k == own[0][1].r:
            loading = self.at.loading(own[0][0])
            size = np.linalg.norm(loading, axis=1)
            if np.all(size > 0.0) and np.linalg.cond(loading / size[:, None]) < WELL_CONDITIONED:
                return np.asarray(np.linalg.solve(loading.T, own[0][1].by_level(self.at.vector).T).T, dtype=float)
        return precision.solve(s)

    def information(self, parts: Sequence[Part]) -> Array:
        """Average information 1/2 Q'PQ (m, m) of the coordinates of some parts, one after the other; Q = dV P y."""
        ends = np.cumsum([0, *(part.phi.size for part in parts)])
        places = [np.arange(start, end) for start, end in pairwise(ends.tolist())]
        terms = [(part, place) for part, place in zip(parts, places, strict=True) if part.component.is_random]
        sections = [(part, place) for part, place in zip(parts, places, strict=True) if not part.component.is_random]
        whole = np.concatenate([places[0][:0], *(place for _, place in terms)])
        m, inner, width = int(ends[-1]), whole.size, max((place.size for _, place in sections), default=0)
        # the variates of the terms, then those of the sections side by side
        variates = np.hstack([*(self._term_variates(part) for part, _ in terms), np.zeros((self._y.size, width))])
        columns = np.full((len(self.residual_covariance.sections), width), m)
        for part, place in sections:
            columns[part.component.index, : place.size] = place
            changed = variates[:, inner : inner + place.size]
            self.residual_covariance.sections[part.component.index].change(part, self.at.weighted, changed)
        scaled = self.residual_covariance.solve(variates)
        square = np.zeros((m + 1, m + 1))
        square[np.ix_(whole, whole)] = variates[:, :inner].T @ scaled[:, :inner]
        for place, found in zip(columns, self.side_by_side.squares(variates[:, inner:], scaled), strict=True):
            square[np.ix_(place, whole)] = found[:, :inner]
            square[np.ix_(whole, place)] = found[:, :inner].T
            square[np.ix_(place, place)] = found[:, inner:]
        by_effect = self.side_by_side.by_effect(scaled[:, inner:], columns, m)
        by_effect[:, whole] = self.at.columns.transposed_effects(scaled[:, :inner])
        half = self.factor.half_solve(self.at.columns.whiten(by_effect))
        result = 0.5 * (square[:m, :m] - half.T @ half)
        return 0.5 * (result + result.T)

    # --- what the results need ----------------------------------------------------------------------------------------------------

    def coefficients(self) -> Array:
        """Fixed effects (p,) of the kept columns as reported."""
        return self.design.transform @ self._centred()

    def _centred(self) -> Array:
        """Coefficients (p,) of the centred columns."""
        return self.offset + self.at.vector[: self.offset.size]

    def whitened_coefficients(self) -> tuple[Array, Array]:
        """Root B (p, p) of the covariance of the fixed effects as reported, and w (p,) with coefficients = B w."""
        p = self.offset.size
        covariance = self._solved(sparse.identity(p, format="csr"), np.zeros(p)).covariance()
        root, whitened = whitened_by(covariance, self._centred())
        return np.asarray(self.design.transform @ root), whitened

    def coefficient_variances(self) -> Array:
        """Variances (p,) of the fixed effects as reported, without the whole matrix.

        A column that was only scaled has its variance on the diagonal of the selected inverse; the few that take part in the centring
        are solved for.
        """
        t = sparse.csr_matrix(self.design.transform)
        diagonal = self.at.inverse[self.layout.pattern.indptr[: t.shape[0]]]
        result = np.asarray(t.power(2) @ diagonal)
        mixed = np.flatnonzero(np.diff(t.indptr) > 1)
        result[mixed] = self._solved(t[mixed], np.zeros(mixed.size)).variances()
        return result

    def combinations(self, rows: sparse.spmatrix | Array) -> Combinations:
        """Combinations L (m, p + all k * q) of fixed effects as reported and random effects as written, term after term."""
        wanted = sparse.csr_matrix(rows)
        p = self.offset.size
        total = sparse.csr_matrix(wanted[:, :p] @ self.design.transform)
        values = total @ self._centred()
        total = sparse.hstack([total, sparse.csr_matrix((wanted.shape[0], self.layout.n_equations - p))], format="csr")
        first = p
        for t, term in enumerate(self.design.terms):
            part = wanted[:, first : first + term.structure.size * term.n_levels]
            first += part.shape[1]
            if part.nnz:
                effects = self._effects_of(t)
                values = values + part @ effects.predicted().ravel()
                total = total + effects.equations_of(part)
        return self._solved(sparse.csr_matrix(total), values)

    def _solved(self, rows: sparse.csr_matrix, values: Array) -> Combinations:
        """Combinations of the equations; rows may end after the first of them."""
        full = sparse.csr_matrix((rows.data, rows.indices, rows.indptr), shape=(rows.shape[0], self.layout.n_equations))
        return Combinations(values, [System(full, self.factor.solve)], self.slice_size)

    def _effects_of(self, term: int) -> TermEffects:
        return TermEffects.of(term, self.design.terms[term], self.at, self.layout)

    def effects(self, term: int) -> tuple[Array, Array]:
        """Predicted random effects as written and their prediction error variances, both (k, q): Sigma-level by relationship level."""
        effects = self._effects_of(term)
        return effects.predicted(), effects.variances(self.slice_size)

    def fitted(self) -> Array:
        """X beta + Z u (N,), on the scale of the data."""
        return (self.design.y - self.at.residual[: self.design.y.size]) / self.design.weight_root
