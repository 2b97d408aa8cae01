"""Correlation structures with variances: one for all levels (the suffix v) or one per level (the suffix h).

A family defines its correlation structure R(rho); these classes turn it into v R and into S R S, S the diagonal of standard deviations.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, fields, make_dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from vcmodel.errors import StructureError
from vcmodel.structures.base import Parameter, Structure
from vcmodel.structures.chart import Array, Chart, Edge, Limit, Scale
from vcmodel.structures.correlations import correlation_matrix, level_name
from vcmodel.structures.identity import IdentityVariance
from vcmodel.structures.kronecker import KroneckerStructure
from vcmodel.structures.kronecker_chart import block_diagonal


@dataclass(frozen=True)
class ScaledCorrelation(Structure):
    """What both have in common; the parameters are those of the correlation structure, then the variances."""

    carries_variance: ClassVar[bool] = True
    family: ClassVar[type[Structure]]  # the correlation structure

    factor: str
    levels: tuple[str, ...]

    def __post_init__(self) -> None:
        try:
            _ = self.correlation
        except StructureError as problem:
            raise StructureError(str(problem).replace(f"{self.family.name}(", f"{self.name}(")) from None

    @cached_property
    def correlation(self) -> Structure:
        """The correlation structure over the same levels, with the same further arguments."""
        return self.family(**{item.name: getattr(self, item.name) for item in fields(self.family)})  # type: ignore[arg-type]

    @property
    @abstractmethod
    def variances(self) -> tuple[Parameter, ...]:
        """The variance parameters."""

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:  # type: ignore[override]
        """Correlations, then variances."""
        return self.correlation.parameters + self.variances

    def split(self, theta: Array) -> tuple[Array, Array]:
        """The correlation parameters and the variances of `theta`."""
        count = len(self.correlation.parameters)
        return theta[:count], theta[count:]

    def alternatives_to(self, theta: Array, end: Array) -> tuple[Array, ...]:
        """Those of the correlation structure; the variances of `theta`."""
        rho, variances = self.split(theta)
        return tuple(np.concatenate([other, variances]) for other in self.correlation.alternatives_to(rho, self.split(end)[0]))

    def admissible(self, theta: Array) -> bool:
        """Whether the correlations are and no variance is negative."""
        theta = np.asarray(theta, dtype=float)
        if theta.shape != (len(self.parameters),) or not np.all(np.isfinite(theta)):
            return False
        rho, variances = self.split(theta)
        return self.correlation.admissible(rho) and bool(np.all(variances >= 0.0))

    def pattern(self) -> NDArray[np.bool_]:
        """That of the correlation structure."""
        return self.correlation.pattern()

    def root_pattern(self) -> NDArray[np.bool_]:
        """That of the correlation structure."""
        return self.correlation.root_pattern()

    def root_groups(self) -> tuple[tuple[int, ...], ...]:
        """Those of the correlation structure."""
        return self.correlation.root_groups()


class Homogeneous(ScaledCorrelation):
    """v R(rho): the product of R and a single variance."""

    @property
    def variances(self) -> tuple[Parameter, ...]:
        """The one variance."""
        return (Parameter("", "variance", "P"),)

    @cached_property
    def product(self) -> KroneckerStructure:
        """R times the (1, 1) matrix of the variance."""
        return KroneckerStructure((self.correlation, IdentityVariance(self.factor, ("",))), scaled=False)

    def value(self, theta: Array) -> Array:
        """Sigma (k, k)."""
        return self.product.value(theta)

    def derivative(self, theta: Array) -> Array:
        """Linear in the variance."""
        return self.product.derivative(theta)

    def start(self, covariance: Array) -> Array:
        """The correlation structure's start, then the mean variance."""
        return self.product.start(covariance)

    def chart(self, theta: Array, reference: Array) -> tuple[Chart, Array]:
        """The correlation structure's chart and a standard deviation."""
        return self.product.chart(self.require_admissible(theta), reference)

    def _constrained_chart(
        self, theta: Array, reference: Array, constrained: NDArray[np.bool_], held: NDArray[np.bool_]
    ) -> tuple[Chart, Array]:
        """The parts as they are constrained."""
        return self.product.constrained_chart(theta, reference, constrained, held)


class Heterogeneous(ScaledCorrelation):
    """S R(rho) S."""

    @property
    def variances(self) -> tuple[Parameter, ...]:
        """One variance per level."""
        return tuple(Parameter(level_name(self.factor, level), "variance", "P", self.factor, (level, level)) for level in self.levels)

    def value(self, theta: Array) -> Array:
        """Sigma (k, k)."""
        rho, variances = self.split(theta)
        deviations = np.sqrt(variances)
        result = np.outer(deviations, deviations) * self.correlation.value(rho)
        np.fill_diagonal(result, variances)
        return result

    def derivative(self, theta: Array) -> Array:
        """Derivative of Sigma by theta; not finite for a variance of zero, where the covariances have none."""
        rho, variances = self.split(theta)
        deviations = np.sqrt(variances)
        matrix = self.correlation.value(rho)
        by_rho = self.correlation.derivative(rho) * np.outer(deviations, deviations)
        by_variance = np.zeros((self.size, self.size, self.size))
        index = np.arange(self.size)
        with np.errstate(divide="ignore", invalid="ignore"):
            rows = 0.5 * matrix * deviations / deviations[:, None]
        np.fill_diagonal(rows, 0.5)
        by_variance[index, index, :] += rows
        by_variance[index, :, index] += rows
        return np.concatenate([by_rho, by_variance])

    def start(self, covariance: Array) -> Array:
        """The correlation structure's start, then the variances."""
        return np.concatenate([self.correlation.start(correlation_matrix(covariance)), np.diagonal(covariance)])

    def chart(self, theta: Array, reference: Array) -> tuple[Chart, Array]:
        """The correlation structure's chart and the standard deviations."""
        rho, variances = self.split(self.require_admissible(theta))
        part, phi = self.correlation.chart(rho, reference)
        return DeviationsChart(part, np.asarray(reference, dtype=float)), np.concatenate([phi, np.sqrt(variances)])

    def _constrained_chart(
        self, theta: Array, reference: Array, constrained: NDArray[np.bool_], held: NDArray[np.bool_]
    ) -> tuple[Chart, Array]:
        """The correlation structure as it is constrained, and standard deviations without floors."""
        rho, variances = self.split(theta)
        count = len(rho)
        part, phi = self.correlation.constrained_chart(rho, reference, constrained[:count], held[:count])
        return DeviationsChart(part, np.asarray(reference, dtype=float), floored=False), np.concatenate([phi, np.sqrt(variances)])


def with_variances(family: type[Structure]) -> tuple[type[Homogeneous], type[Heterogeneous]]:
    """The structures that the suffixes v and h make of a correlation structure, with the same further arguments.

    They are called as the family with ``Homogeneous`` and ``Heterogeneous`` behind; keep them under these names in its module.
    """
    further = [(item.name, item.type) for item in fields(family) if item.name not in ("factor", "levels")]  # type: ignore[arg-type]
    one_more = str(int(family.count) + 1) if family.count.isdigit() else f"{family.count} + 1"
    shared = {name: getattr(family, name) for name in ("ordered", "metric", "arguments", "defaults", "examples", "check_arguments")}

    def made(base: type[Any], suffix: str, words: str, count: str) -> type[Any]:
        own = {"name": family.name + suffix, "family": family, "summary": f"{family.summary}, {words}", "count": count}
        described = {"__doc__": f"The correlations of :class:`{family.__name__}`, {words}.", "__module__": family.__module__}
        return make_dataclass(family.__name__ + base.__name__, further, bases=(base,), frozen=True, namespace=shared | own | described)

    return made(Homogeneous, "v", "one variance", one_more), made(Heterogeneous, "h", "one variance per level", f"{family.count} + w")


@dataclass(frozen=True, eq=False)
class DeviationsChart(Chart):
    """Coordinates of a correlation chart, then one standard deviation per level: Lambda = S Lambda_R.

    A negative standard deviation turns the sign of correlations, which R cannot always follow, so it is not feasible, and the edges at
    zero are one-sided.

    Attributes
    ----------
    part : Chart
        Of the correlation structure.
    reference : (k,) array
        Standard deviation of the data at each level.
    floored : bool
        Whether the standard deviations have edges; else they are scales, which constraints may tie to those of other matrices.
    """

    linear: ClassVar[bool] = False

    part: Chart
    reference: Array
    floored: bool = True

    @property
    def size(self) -> int:
        """Coordinates of the part and k standard deviations."""
        return self.part.size + self.part.order

    @property
    def order(self) -> int:
        """Number of rows, k."""
        return self.part.order

    def loading(self, phi: Array) -> Array:
        """Lambda (k, r)."""
        return phi[self.part.size :, None] * self.part.loading(phi[: self.part.size])

    def loading_derivative(self, phi: Array) -> Array:
        """Derivative of Lambda by phi (m, k, r)."""
        inner, deviations = phi[: self.part.size], phi[self.part.size :]
        root = self.part.loading(inner)
        by_deviation = np.eye(self.order)[:, :, None] * root
        return np.concatenate([deviations[:, None] * self.part.loading_derivative(inner), by_deviation])

    def value(self, phi: Array) -> Array:
        """s_i s_j R_ij, also where R has no Cholesky factor."""
        deviations = phi[self.part.size :]
        return deviations[:, None] * self.part.value(phi[: self.part.size]) * deviations

    def derivative(self, phi: Array) -> Array:
        """Product rule, (m, k, k)."""
        inner, deviations = phi[: self.part.size], phi[self.part.size :]
        half = np.eye(self.order)[:, :, None] * (self.part.value(inner) * deviations)
        return np.concatenate([deviations[:, None] * self.part.derivative(inner) * deviations, half + half.transpose(0, 2, 1)])

    def curvature(self, phi: Array, gradient: Array) -> Array:
        """Product rule on s_i s_j R_ij."""
        count = self.part.size
        inner, deviations = phi[:count], phi[count:]
        result = np.empty((self.size, self.size))
        result[:count, :count] = self.part.curvature(inner, deviations[:, None] * gradient * deviations)
        cross = 2.0 * (self.part.derivative(inner) * gradient) @ deviations
        result[:count, count:] = cross
        result[count:, :count] = cross.T
        result[count:, count:] = 2.0 * gradient * self.part.value(inner)
        return result

    def reported(self, phi: Array) -> Array:
        """Correlation parameters (NaN unless two levels vary), then variances."""
        inner, deviations = phi[: self.part.size], phi[self.part.size :]
        rho = self.part.reported(inner)
        return np.concatenate([rho if np.count_nonzero(deviations) > 1 else np.full_like(rho, np.nan), deviations**2])

    def jacobian(self, phi: Array) -> Array:
        """Derivative of theta by phi, block diagonal."""
        inner, deviations = phi[: self.part.size], phi[self.part.size :]
        block = self.part.jacobian(inner)
        count = len(block)
        result = np.zeros((count + self.order, self.size))
        result[:count, : self.part.size] = block
        result[count:, self.part.size :] = np.diag(2.0 * deviations)
        if np.count_nonzero(deviations) < 2:
            result[:count] = np.nan
        return result

    def edges(self, phi: Array) -> tuple[Edge, ...]:
        """Those of the part, then each standard deviation at zero."""
        count = self.part.size
        own = tuple(Edge(count + i, (count + i,), float(scale), one_sided=True, singular=True) for i, scale in enumerate(self.reference))
        return self.part.edges(phi[:count]) + (own if self.floored else ())

    def constrained(self, phi: Array) -> Array:
        """Those of the part, then the standard deviations."""
        return np.concatenate([self.part.constrained(phi[: self.part.size]), phi[self.part.size :]])

    def constrained_jacobian(self, phi: Array) -> Array:
        """Block diagonal."""
        return block_diagonal([self.part.constrained_jacobian(phi[: self.part.size]), np.eye(self.order)])

    def constrained_curvature(self, phi: Array, weights: Array) -> Array:
        """Standard deviations are linear."""
        own = self.part.constrained_curvature(phi[: self.part.size], weights[: -self.order])
        return block_diagonal([own, np.zeros((self.order, self.order))])

    def scale_coordinates(self, phi: Array) -> tuple[Scale, ...]:
        """Each standard deviation, unless it has an edge."""
        return tuple(Scale(self.part.size + i, float(size), True) for i, size in enumerate(() if self.floored else self.reference))

    def bent(self) -> NDArray[np.bool_]:
        """Those of the part."""
        return np.concatenate([self.part.bent(), np.zeros(self.order, dtype=bool)])

    def angles(self) -> NDArray[np.bool_]:
        """Those of the part."""
        return np.concatenate([self.part.angles(), np.zeros(self.order, dtype=bool)])

    def pivots(self, phi: Array, floor: float) -> tuple[Limit, ...]:
        """Those of the part."""
        return self.part.pivots(phi[: self.part.size], floor)

    def settled(self, phi: Array, tolerance: float) -> tuple[Chart, Array]:
        """The part settled; small standard deviations put to zero."""
        part, inner = self.part.settled(phi[: self.part.size], tolerance)
        deviations = phi[self.part.size :]
        small = np.abs(deviations) < tolerance * self.reference
        return replace(self, part=part), np.concatenate([inner, deviations if self.floored else np.where(small, 0.0, deviations)])

    def renormalise(self, phi: Array) -> tuple[Chart, Array]:
        """The part renormalised; if all standard deviations are negative, their common sign removed."""
        part, inner = self.part.renormalise(phi[: self.part.size])
        deviations = phi[self.part.size :]
        if np.all(deviations <= 0.0):
            deviations = np.abs(deviations)
        chart = self if part is self.part else replace(self, part=part)
        return chart, np.concatenate([inner, deviations])

    def leaving(self, phi: Array, gradient: Array) -> tuple[Chart, Array]:
        """That of the part."""
        deviations = phi[self.part.size :]
        part, inner = self.part.leaving(phi[: self.part.size], deviations[:, None] * gradient * deviations)
        return self if part is self.part else replace(self, part=part), np.concatenate([inner, deviations])

    def feasible(self, phi: Array) -> bool:
        """Whether the standard deviations have one sign and the part is feasible."""
        deviations = phi[self.part.size :]
        one_sign = bool(np.all(deviations >= 0.0) or np.all(deviations <= 0.0))
        return one_sign and bool(np.all(np.isfinite(phi))) and self.part.feasible(phi[: self.part.size])
