"""R of a section as a Kronecker product on complete grids: I over units, a small dense Sigma, and K through sparse inverses."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import sparse

from vcmodel.design.relationship import Relationship
from vcmodel.equations.base import PartDerivatives
from vcmodel.equations.chain_rule import matrix_derivatives
from vcmodel.equations.cross_products import Entries
from vcmodel.equations.term_precision import TermPrecision
from vcmodel.linalg.definite import inverted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.design.residual import Section
    from vcmodel.equations.base import Part

    Array = NDArray[np.float64]


class _Residual(NamedTuple):
    """The residual e where a part stands, by level of K, unit and Sigma-level.

    Attributes
    ----------
    own : (q * units * k,) array
        R^-1 e.
    related : (q, units * k) array
        Sigma^-1 e.
    changes : (m, q, units * k) array
        K dK^-1 e by the coordinates of K.
    """

    part: Part
    weighted: Array
    own: Array
    related: Array
    changes: Array


class SeparableResidual:
    """R = I kron Sigma kron K over units x Sigma-levels (k) x levels of K (q), with rows for the cells that the data lack.

    R^-1 is a sum of constant matrices: the coefficients are the products of the lower triangle of Sigma^-1, row-wise, with those of K^-1,
    the latter fastest. See :class:`vcmodel.equations.residual_covariance.ResidualCovariance`.

    Parameters
    ----------
    section : Section
        With a separable structure.
    first_absent : int
        The row of its first absent cell among all rows; the others follow.
    """

    def __init__(self, section: Section, first_absent: int) -> None:
        structure = section.separable
        self.precision = TermPrecision(structure.inverses, Relationship.identity(("",)))
        self.k, self.q = structure.size, int(self.precision.matrices[0].shape[0])
        self.n_units = int(section.unit.max(initial=-1)) + 1
        place = np.full(self.n_units * self.k * self.q, -1, dtype=np.int64)
        place[section.unit * (self.k * self.q) + section.level] = section.cells
        lacking = np.flatnonzero(place < 0)
        place[lacking] = first_absent + np.arange(lacking.size)
        self.n_absent = lacking.size
        # by level of K, then by unit and Sigma-level
        self.rows = np.ascontiguousarray(place.reshape(self.n_units, self.k, self.q).transpose(2, 0, 1)).ravel()
        self.lower = np.tril_indices(self.k)
        self.inverse: Array = np.full((self.k, self.k), np.nan)
        self.coefficients: Array = np.zeros(self.lower[0].size * len(self.precision.matrices))
        self.logdet = 0.0
        self._last: _Residual | None = None

    @property
    def n_coefficients(self) -> int:
        """Entries of Sigma^-1 times matrices of K^-1."""
        return self.coefficients.size

    def entries(self) -> Entries:
        """Every matrix of K^-1 where an entry of Sigma^-1 stands."""
        rows, pieces = self.rows.reshape(self.q, self.n_units, self.k), []
        for c, matrix in enumerate(self.precision.matrices):
            both = sparse.coo_matrix(matrix)
            own = sparse.coo_matrix(sparse.tril(matrix))
            for number, (i, j) in enumerate(zip(*self.lower, strict=True)):
                found = own if i == j else both
                one, two = rows[found.row, :, i].ravel(), rows[found.col, :, j].ravel()
                coefficient = np.full(one.size, number * len(self.precision.matrices) + c)
                value = np.repeat(found.data, self.n_units)
                pieces.append(Entries(np.maximum(one, two), np.minimum(one, two), coefficient, value))
        return Entries.together(pieces)

    def update(self, part: Part) -> bool:
        """Take Sigma and the coefficients of K^-1; False, and nothing usable, when one is not positive definite."""
        found = inverted(part.sigma)
        if found is None or not self.precision.update(part):
            return False
        self.inverse, log_sigma = found
        self.coefficients = np.outer(self.inverse[self.lower], self.precision.coefficients).ravel()
        self.logdet = self.n_units * (self.q * log_sigma + self.k * self.precision.logdet)
        return bool(np.isfinite(self.logdet))

    def solve(self, values: Array, result: Array) -> None:
        """R^-1 values in the section's rows of `result`."""
        picked = values[self.rows]
        related = self.precision.times(picked.reshape(self.q, -1))
        result[self.rows] = self._by_sigma(self.inverse, related).reshape(picked.shape)

    def _by_sigma(self, matrix: Array, values: Array) -> Array:
        """I kron matrix (k, k) kron I times values, (q, units * k * any)."""
        if self.k == 1:
            return matrix[0, 0] * values
        return np.asarray(matrix @ values.reshape(self.q * self.n_units, self.k, -1)).reshape(values.shape)

    def _moved_residual(self, part: Part, weighted: Array) -> _Residual:
        """What score and variates ask, made once where a part stands."""
        if self._last is None or self._last.part is not part or self._last.weighted is not weighted:
            own = weighted[self.rows]
            related = self.precision.solve(own.reshape(self.q, -1))
            changes = self.precision.related_changes(part, self._by_sigma(part.sigma, related))
            self._last = _Residual(part, weighted, own, related, changes)
        return self._last

    def change(self, part: Part, weighted: Array, result: Array) -> None:
        """The changes (dSigma Sigma^-1 kron I) e and -(I kron K dK^-1) e in the section's rows of `result` (N, m)."""
        here = self._moved_residual(part, weighted)
        of_sigma = part.phi.size - part.chart.n_sparse
        pieces = [self._by_sigma(derivative, here.related).ravel() for derivative in part.derivative[:of_sigma]]
        pieces += [-change.ravel() for change in here.changes]
        result[self.rows] = np.stack(pieces, axis=1)

    def moved(self, part: Part, changes: Array, values: Array) -> Array:
        """I kron change kron K, K where the part stands, times values (N,) at the observed cells (n, m), for changes (m, k, k) of Sigma."""
        if not self.precision.update(part):
            raise ValueError("the matrix is not positive definite")
        seen = self.rows < values.size
        picked = np.zeros(self.rows.size)
        picked[seen] = values[self.rows[seen]]
        related = self.precision.solve(picked.reshape(self.q, -1))
        place = np.argsort(self.rows[seen])
        return np.stack([self._by_sigma(change, related).ravel()[seen][place] for change in changes], axis=1)

    def derivatives(self, part: Part, by_coefficient: Array, weighted: Array) -> PartDerivatives:
        """Score and curvature: through D (k, k) by the coordinates of Sigma, through the coefficients by those of K.

        -2 dlogL = sum of tr(C^-1W'A_cW) drho_c + dlog|R| + e'dR^-1 e. Coordinates of K have no curvature: what
        :meth:`vcmodel.equations.unit_residual.UnitResidual.derivatives` says of bent coordinates, tr(D d2R) - tr(D dR R^-1 dR), is
        exactly zero between those of different factors, for d2R = dR R^-1 dR' there, and between those of one it needs traces of dense
        matrices; it has expectation zero.
        """
        here = self._moved_residual(part, weighted)
        by_product = by_coefficient.reshape(self.lower[0].size, -1)
        adjoint = np.zeros((self.k, self.k))
        adjoint[self.lower] = by_product @ self.precision.coefficients
        adjoint = 0.5 * (adjoint + adjoint.T)
        # Sigma^-1 E K^-1 E' Sigma^-1, from R^-1 e and Sigma^-1 e
        square = here.own.reshape(-1, self.k).T @ here.related.reshape(-1, self.k)
        gradient = 0.5 * (self.inverse @ adjoint @ self.inverse - self.n_units * self.q * self.inverse + 0.5 * (square + square.T))
        found = matrix_derivatives(part, gradient)
        of_sigma = part.phi.size - part.chart.n_sparse
        self._bend(part, gradient, found.curvature[:of_sigma, :of_sigma])
        traces = self.precision.derivative(part) @ (self.inverse[self.lower] @ by_product)
        logdet = self.n_units * self.k * self.precision.logdet_derivative(part)
        found.score[of_sigma:] = -0.5 * (traces + here.changes.reshape(len(traces), -1) @ here.own + logdet)
        return PartDerivatives(found.score, found.curvature, gradient)

    def _bend(self, part: Part, gradient: Array, curvature: Array) -> None:
        """Add -tr(D dSigma Sigma^-1 dSigma) to the curvature by coordinates in which Sigma bends."""
        bent = part.chart.bent()[: len(curvature)]
        if bent.any():
            change = part.derivative[: len(curvature)]
            one = (gradient @ change).reshape(bent.size, -1)
            two = (self.inverse @ change).transpose(0, 2, 1).reshape(bent.size, -1)
            curvature -= np.where(bent[:, None] | bent, 0.5 * (one @ two.T + two @ one.T), 0.0)
