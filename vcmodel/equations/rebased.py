"""Equations solved in orthonormal columns, in terms of the matrices of the columns as written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from vcmodel.structures.chart import Array, Chart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scipy import sparse

    from vcmodel.design.design import Design
    from vcmodel.equations.base import Equations, Part, PartDerivatives
    from vcmodel.equations.combinations import Combinations


@dataclass(frozen=True, eq=False)
class WorkedChart(Chart):
    """M^-1 Sigma M^-T for the coordinates of a chart of Sigma as written.

    Attributes
    ----------
    written : Chart
    inverse : (k, k) array
        M^-1.
    """

    linear: ClassVar[bool] = False

    written: Chart
    inverse: Array

    @property
    def size(self) -> int:
        """Coordinates of the chart as written."""
        return self.written.size

    @property
    def order(self) -> int:
        """Number of rows, k."""
        return self.written.order

    def loading(self, phi: Array) -> Array:
        """M^-1 Lambda (k, r)."""
        return np.asarray(self.inverse @ self.written.loading(phi))

    def loading_derivative(self, phi: Array) -> Array:
        """M^-1 times the derivative of Lambda, (m, k, r)."""
        return np.asarray(self.inverse @ self.written.loading_derivative(phi))

    def derivative(self, phi: Array) -> Array:
        """(m, k, k)."""
        return np.asarray(self.inverse @ self.written.derivative(phi) @ self.inverse.T)

    def curvature(self, phi: Array, gradient: Array) -> Array:
        """For D by the matrix as worked, (m, m)."""
        return self.written.curvature(phi, self.inverse.T @ gradient @ self.inverse)

    def reported(self, phi: Array) -> Array:
        """The parameters as written."""
        return self.written.reported(phi)

    def jacobian(self, phi: Array) -> Array:
        """Their derivative."""
        return self.written.jacobian(phi)


@dataclass(frozen=True, eq=False)
class WorkedComponent:
    """A random term in orthonormal columns."""

    index: int
    reference: Array
    is_random: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class WorkedPart:
    """Where it stands; see :class:`vcmodel.equations.base.Part`."""

    component: WorkedComponent
    chart: WorkedChart
    phi: Array

    @property
    def sigma(self) -> Array:
        """M^-1 Sigma M^-T."""
        return self.chart.value(self.phi)

    @property
    def loading(self) -> Array:
        """M^-1 Lambda."""
        return self.chart.loading(self.phi)

    @property
    def derivative(self) -> Array:
        """Of M^-1 Sigma M^-T, (m, k, k)."""
        return self.chart.derivative(self.phi)

    @property
    def loading_derivative(self) -> Array:
        """Of M^-1 Lambda, (m, k, r)."""
        return self.chart.loading_derivative(self.phi)


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
        self.y = solved.y

    @property
    def loglik(self) -> float:
        """REML logL."""
        return self.solved.loglik

    @property
    def loglik_scale(self) -> float:
        """Half the sum of the magnitudes of the terms of logL."""
        return self.solved.loglik_scale

    def _worked(self, part: Part) -> tuple[Part, Array | None]:
        """The part in orthonormal columns, and their basis M; None where it is worked as written."""
        term = self.solved.design.terms[part.component.index] if part.component.is_random else None
        if term is None or term.basis is None:
            return part, None
        inverse = np.linalg.inv(term.basis)
        reference = np.linalg.norm(inverse * part.component.reference, axis=1)
        return WorkedPart(WorkedComponent(part.component.index, reference), WorkedChart(part.chart, inverse), part.phi), term.basis

    def update(self, parts: Sequence[Part]) -> bool:
        """Factorise and solve at M^-1 Lambda."""
        return self.solved.update([self._worked(part)[0] for part in parts])

    def derivatives(self, part: Part, remembered: Array | None = None) -> PartDerivatives:
        """Score and curvature by the coordinates of a part, and D = M^-T D' M^-1 as written."""
        worked, basis = self._worked(part)
        if basis is None:
            return self.solved.derivatives(part, remembered)
        result = self.solved.derivatives(worked, None if remembered is None else basis.T @ remembered @ basis)
        if result.gradient is None:
            return result
        inverse = np.linalg.inv(basis)
        return result._replace(gradient=inverse.T @ result.gradient @ inverse)

    def information(self, parts: Sequence[Part]) -> Array:
        """Average information (m, m) of the coordinates of some parts, one after the other."""
        return self.solved.information([self._worked(part)[0] for part in parts])

    # --- what does not depend on the basis, or is in the basis as written already -------------------------------------------------

    def coefficients(self) -> Array:
        """Fixed effects (p,) of the kept columns as reported."""
        return self.solved.coefficients()

    def coefficient_variances(self) -> Array:
        """Variances (p,) of the fixed effects as reported."""
        return self.solved.coefficient_variances()

    def whitened_coefficients(self) -> tuple[Array, Array]:
        """Root B (p, p) of the covariance of the fixed effects as reported, and w (p,) with coefficients = B w."""
        return self.solved.whitened_coefficients()

    def combinations(self, rows: sparse.spmatrix | Array) -> Combinations:
        """Combinations L of fixed effects as reported and random effects as written, term after term."""
        return self.solved.combinations(rows)

    def effects(self, term: int) -> tuple[Array, Array]:
        """Predicted random effects as written and their prediction error variances, both (k, q)."""
        return self.solved.effects(term)

    def fitted(self) -> Array:
        """X beta + Z u (N,), on the scale of the data."""
        return self.solved.fitted()
