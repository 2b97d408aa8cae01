"""A nugget beside residuals that decay with distance: effects of single cells, taken into R instead of into the equations.

With u0 ~ N(0, t^2 I) over the cells of a section and e ~ N(0, Sigma on each unit), R = Sigma + t^2 I on each unit is what is factorised,
which a Gaussian Sigma alone, singular by rounding, would not bear. The model is the same:

    dlogL/dt^2 = tr D,   D = dlogL/dSigma of the section;      u0 = T R^-1 e,   T the diagonal of t^2 over all cells
    u0 - its prediction = T R^-1 W (s - its estimate) + independent errors of covariance T - T R^-1 T
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from vcmodel.equations.chain_rule import matrix_derivatives
from vcmodel.equations.combinations import Combinations, System, slices
from vcmodel.equations.mixed_model import MixedModelEquations
from vcmodel.equations.unit_residual import UnitResidual
from vcmodel.structures.kronecker import KroneckerStructure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.design.design import Design
    from vcmodel.design.residual import Section
    from vcmodel.design.terms import DesignTerm
    from vcmodel.equations.base import Component, Part, PartDerivatives
    from vcmodel.structures.chart import Chart

    Array = NDArray[np.float64]


@dataclass(frozen=True)
class Nugget:
    """A term of independent effects of single cells.

    Attributes
    ----------
    term : int
        Its position among the random terms.
    sections : tuple of int
        The sections whose cells it covers, whole.
    """

    term: int
    sections: tuple[int, ...]


def nuggets(design: Design) -> tuple[Nugget, ...]:
    """The terms of one effect per cell over sections that decay with distance, at most one for a section.

    Where R of every section is a sum over units: the cells are those observed.
    """
    found: list[Nugget] = []
    if not all(section.patterns for section in design.sections):
        return ()
    taken: set[int] = set()
    for number, term in enumerate(design.terms):
        covered = _covered(term)
        if covered is None:
            continue
        inside = [bool(covered[section.cells].all()) for section in design.sections]
        outside = [not covered[section.cells].any() for section in design.sections]
        own = tuple(np.flatnonzero(inside).tolist())
        fits = all(one or two for one, two in zip(inside, outside, strict=True)) and all(_decays(design.sections[s]) for s in own)
        if fits and own and not taken.intersection(own):
            found.append(Nugget(number, own))
            taken.update(own)
    return tuple(found)


def _covered(term: DesignTerm) -> NDArray[np.bool_] | None:
    """The cells (N,) with an effect, where each has its own with weight one; else None."""
    z, known = term.incidence, term.relationship
    one_each = np.all(np.diff(z.indptr) <= 1) and np.unique(z.indices).size == z.indices.size and np.all(z.data == 1.0)
    plain = term.structure.size == 1 and known.precision is None and known.root is None and term.basis is None
    return np.diff(z.indptr) > 0 if one_each and plain else None


def _decays(section: Section) -> bool:
    """Whether R of a section is made of correlations that decay with distance, unit by unit."""
    return isinstance(section.structure, KroneckerStructure) and any(part.metric for part in section.structure.parts)


@dataclass(frozen=True, eq=False)
class WithNugget:
    """A residual section at a point, its matrix with the nugget.

    Attributes
    ----------
    part : Part
        The section alone.
    variance : float
        t^2.
    """

    part: Part
    variance: float

    @property
    def sigma(self) -> Array:
        """Sigma + t^2 I (k, k)."""
        return self.part.sigma + self.variance * np.eye(len(self.part.sigma))

    @property
    def component(self) -> Component:
        """That of the section."""
        return self.part.component

    @property
    def chart(self) -> Chart:
        """That of the section."""
        return self.part.chart

    @property
    def phi(self) -> Array:
        """The coordinates of the section."""
        return self.part.phi

    @property
    def loading(self) -> Array:
        """That of the section alone."""
        return self.part.loading

    @property
    def derivative(self) -> Array:
        """By the coordinates of the section."""
        return self.part.derivative

    @property
    def loading_derivative(self) -> Array:
        """By the coordinates of the section."""
        return self.part.loading_derivative


class AbsorbedEquations(MixedModelEquations):
    """Mixed-model equations without those of the `nuggets`."""

    def __init__(self, design: Design, nuggets: Sequence[Nugget], *, factorization: str = "own", threads: int = 1) -> None:
        self.nuggets = {nugget.term: nugget for nugget in nuggets}
        self.units = [UnitResidual(section) for section in design.sections]
        super().__init__(design, factorization=factorization, threads=threads, residuals=self.units, absorbed=frozenset(self.nuggets))
        self._variances: Array = np.zeros(design.y.size)

    def update(self, parts: Sequence[Part]) -> bool:
        """As of other equations, with t^2 on the diagonals of the sections."""
        enlarged, first = list(parts), len(self.design.terms)
        self._variances[:] = 0.0
        for nugget in self.nuggets.values():
            variance = float(parts[nugget.term].sigma[0, 0])
            for s in nugget.sections:
                enlarged[first + s] = WithNugget(parts[first + s], variance)
                self._variances[self.design.sections[s].cells] = variance
        return super().update(enlarged)

    def derivatives(self, part: Part, remembered: Array | None = None) -> PartDerivatives:
        """By t^2, the trace of D of the sections."""
        nugget = self._nugget(part)
        if nugget is None:
            return super().derivatives(part, remembered)
        by_coefficient, own = self.gradients.by_coefficient, self.residual_covariance.slices
        traces = [self.units[s].gradient(by_coefficient[own[s]], self.at.weighted).trace() for s in nugget.sections]
        return matrix_derivatives(part, np.array([[sum(traces)]]))

    def _term_variates(self, part: Part) -> Array:
        """By t^2, R^-1 e of its cells."""
        nugget = self._nugget(part)
        if nugget is None:
            return super()._term_variates(part)
        result = np.zeros((self.y.size, part.phi.size))
        for s in nugget.sections:
            cells = self.design.sections[s].cells
            result[cells] = np.outer(self.at.weighted[cells], part.derivative[:, 0, 0])
        return result

    def _nugget(self, part: Part) -> Nugget | None:
        return self.nuggets.get(part.component.index) if part.component.is_random else None

    def combinations(self, rows: sparse.spmatrix | Array) -> Combinations:
        """Effects of single cells through what R says of them."""
        found = super().combinations(rows)
        by_cell = self._by_cell(sparse.csr_matrix(rows))
        if not by_cell.nnz:
            return found
        (system,) = found.systems
        scaled = sparse.csr_matrix(by_cell @ sparse.diags(self._variances))
        others = np.zeros((by_cell.shape[0], self.layout.n_equations))
        for part in slices(by_cell.shape[0], self.y.size, self.slice_size):
            weighted = self.residual_covariance.solve(scaled[part].T.toarray())
            others[part] = self.at.columns.transposed(weighted).T
        values = found.values + scaled @ self.at.weighted
        known = replace(system, rows=sparse.csr_matrix(system.rows - sparse.csr_matrix(others)))
        return Combinations(values, [known, System(by_cell, self._noise)], self.slice_size)

    def _noise(self, columns: Array) -> Array:
        """(T - T R^-1 T) columns, for columns (N, any)."""
        scaled = self._variances[:, None] * columns
        return scaled - self._variances[:, None] * self.residual_covariance.solve(scaled)

    def _by_cell(self, rows: sparse.csr_matrix) -> sparse.csr_matrix:
        """Combinations (m, N) of the cells that have effects of their own, of `rows` over all effects as written."""
        total, first = sparse.csr_matrix((rows.shape[0], self.y.size)), self.offset.size
        for t, term in enumerate(self.design.terms):
            width = term.structure.size * term.n_levels
            if t in self.nuggets:
                total = total + rows[:, first : first + width] @ term.incidence.T
            first += width
        return sparse.csr_matrix(total)

    def effects(self, term: int) -> tuple[Array, Array]:
        """Effects of single cells and their prediction error variances, both (1, q)."""
        if term not in self.nuggets:
            return super().effects(term)
        widths = [each.structure.size * each.n_levels for each in self.design.terms]
        before, q = self.offset.size + sum(widths[:term]), widths[term]
        every = sparse.csr_matrix((np.ones(q), (np.arange(q), before + np.arange(q))), shape=(q, self.offset.size + sum(widths)))
        found = self.combinations(every)
        return found.values[None], found.variances()[None]

    def fitted(self) -> Array:
        """With the effects of single cells."""
        return super().fitted() + self._variances * self.at.weighted / self.design.weight_root
