"""Kronecker products of structures: ``us(trait):cor(site)``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from itertools import product
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from vcmodel.errors import StructureError
from vcmodel.structures.base import Parameter, Structure
from vcmodel.structures.chart import Array, Chart
from vcmodel.structures.composite_chart import CompositeChart, block_diagonal, split
from vcmodel.structures.correlations import correlation_matrix
from vcmodel.structures.identity import IdentityVariance
from vcmodel.structures.kronecker_algebra import contract, kronecker, kronecker_curvature, kronecker_derivative
from vcmodel.structures.linear import root_mean_square


@dataclass(frozen=True, eq=False)
class KroneckerChart(CompositeChart):
    """Coordinates of the parts one after the other; the loading is the product of the parts' loadings."""

    linear: ClassVar[bool] = False

    @property
    def order(self) -> int:
        """Product of the parts' orders."""
        return int(np.prod([part.order for part in self.parts], dtype=int))

    def loading(self, phi: Array) -> Array:
        """Lambda (k, r)."""
        return kronecker([part.loading(own) for part, own in self._zip(phi)])

    def loading_derivative(self, phi: Array) -> Array:
        """Product rule on the loadings."""
        pieces = self._zip(phi)
        return kronecker_derivative([p.loading(own) for p, own in pieces], [p.loading_derivative(own) for p, own in pieces])

    def value(self, phi: Array) -> Array:
        """Product of the parts' matrices."""
        return kronecker([part.value(own) for part, own in self._zip(phi)])

    def derivative(self, phi: Array) -> Array:
        """Product rule on the matrices."""
        pieces = self._zip(phi)
        return kronecker_derivative([p.value(own) for p, own in pieces], [p.derivative(own) for p, own in pieces])

    def curvature(self, phi: Array, gradient: Array) -> Array:
        """Product rule, cross blocks included."""
        pieces = self._zip(phi)
        return kronecker_curvature(
            gradient,
            [part.value(own) for part, own in pieces],
            [part.derivative(own) for part, own in pieces],
            [partial(part.curvature, own) for part, own in pieces],
        )

    def _vanishing(self, phi: Array) -> list[bool]:
        """For each part, whether the product of the other parts is zero, so that its parameters mean nothing."""
        zero = [not np.any(part.loading(own)) for part, own in self._zip(phi)]
        return [any(zero[:place] + zero[place + 1 :]) for place in range(len(zero))]

    def reported(self, phi: Array) -> Array:
        """The parts' parameters; NaN where the other parts are zero."""
        pieces = zip(self._zip(phi), self._vanishing(phi), strict=True)
        return np.concatenate([np.zeros(0), *(part.reported(own) * (np.nan if lost else 1.0) for (part, own), lost in pieces)])

    def jacobian(self, phi: Array) -> Array:
        """Block diagonal; NaN rows where the other parts are zero."""
        result = block_diagonal([np.zeros((0, 0)), *(part.jacobian(own) for part, own in self._zip(phi))])
        result[np.isnan(self.reported(phi))] = np.nan
        return result


@dataclass(frozen=True)
class KroneckerStructure(Structure):
    """The product of structures over different factors, with at most one variance among them.

    Attributes
    ----------
    parts : tuple of Structure
        In the order of the term. None at all gives a (1, 1) matrix.
    scaled : bool
        Whether a single variance multiplies the product; it then is the first parameter.
    """

    name: ClassVar[str] = "kronecker"
    summary: ClassVar[str] = "Kronecker product"
    count: ClassVar[str] = "sum over the factors"

    parts: tuple[Structure, ...]
    scaled: bool

    def __post_init__(self) -> None:
        carriers = [f"{part.name}({part.factor})" for part in self.parts if part.carries_variance]
        if len(carriers) > 1:
            raise StructureError(
                f"the product {self.label} has more than one variance, from {' and '.join(carriers)}, which the data cannot tell apart; "
                "keep one of them and write the others as correlation structures (cor, corg, id)"
            )
        if self.scaled and carriers:
            raise StructureError(
                f"the product {self.label} already has its variance in {carriers[0]}; a further one would be redundant: leave it out"
            )

    @property
    def label(self) -> str:
        """The product as text, for messages."""
        return ":".join(f"{part.name}({part.factor})" for part in self.parts)

    @property
    def carries_variance(self) -> bool:  # type: ignore[override]
        """Whether it is scaled or some part carries a variance."""
        return self.scaled or any(part.carries_variance for part in self.parts)

    @property
    def ordered(self) -> bool:  # type: ignore[override]
        """Whether the levels of some part have an order that matters."""
        return any(part.ordered for part in self.parts)

    @property
    def factor(self) -> str:  # type: ignore[override]
        """The factors joined by colons."""
        return ":".join(part.factor for part in self.parts)

    @cached_property
    def levels(self) -> tuple[str, ...]:  # type: ignore[override]
        """Combinations of the parts' levels joined by colons, the last part fastest."""
        return tuple(":".join(labels) for labels in product(*(part.levels for part in self.parts)))

    @cached_property
    def all_parts(self) -> tuple[Structure, ...]:
        """The parts, after the single variance as a (1, 1) structure where there is one."""
        return (IdentityVariance("", ("",)), *self.parts) if self.scaled else self.parts

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:  # type: ignore[override]
        """The scale, then the parameters of the parts in their order."""
        return tuple(parameter for part in self.all_parts for parameter in part.parameters)

    @cached_property
    def sizes(self) -> list[int]:
        """Number of parameters of each part."""
        return [len(part.parameters) for part in self.all_parts]

    def _zip(self, theta: Array) -> list[tuple[Structure, Array]]:
        return list(zip(self.all_parts, split(theta, self.sizes), strict=True))

    def value(self, theta: Array) -> Array:
        """Sigma (k, k)."""
        return kronecker([part.value(own) for part, own in self._zip(theta)])

    def derivative(self, theta: Array) -> Array:
        """Product rule."""
        pieces = self._zip(theta)
        return kronecker_derivative([p.value(own) for p, own in pieces], [p.derivative(own) for p, own in pieces])

    def curvature(self, theta: Array, gradient: Array) -> Array:
        """Product rule, cross blocks included."""
        pieces = self._zip(theta)
        return kronecker_curvature(
            gradient,
            [part.value(own) for part, own in pieces],
            [part.derivative(own) for part, own in pieces],
            [partial(part.curvature, own) for part, own in pieces],
        )

    def alternatives(self, theta: Array) -> tuple[Array, ...]:
        """Those of each part, the others unchanged."""
        pieces = split(theta, self.sizes)
        return tuple(
            np.concatenate([*pieces[:place], other, *pieces[place + 1 :]])
            for place, part in enumerate(self.all_parts)
            for other in part.alternatives(pieces[place])
        )

    def start(self, covariance: Array) -> Array:
        """Each part from the average of its diagonal blocks: covariances for the part with the variance, else correlations."""
        correlation = correlation_matrix(covariance)
        units = [np.eye(part.size) for part in self.all_parts]
        pieces = [np.zeros(0)]
        for place, part in enumerate(self.all_parts):
            total = contract(covariance if part.carries_variance else correlation, units, (place,))
            pieces.append(part.start(total * part.size / self.size))
        return np.concatenate(pieces)

    def chart(self, theta: Array, reference: Array) -> tuple[Chart, Array]:
        """The parts' charts; `reference` (k,) is averaged over the levels of the other parts."""
        theta = self.require_admissible(theta)
        if len(self.all_parts) == 1:
            return self.all_parts[0].chart(theta, reference)
        pieces = zip(self._zip(theta), self._references(reference), strict=True)
        charts, phis = zip(*(part.chart(own, scale) for (part, own), scale in pieces), strict=True) if self.all_parts else ((), ())
        return KroneckerChart(charts), np.concatenate([np.zeros(0), *phis])

    def _references(self, reference: Array) -> list[Array]:
        """The reference of each part, averaged over the levels of the others."""
        table = np.asarray(reference, dtype=float).reshape([part.size for part in self.all_parts])
        rows = [np.moveaxis(table, place, 0).reshape(part.size, -1) for place, part in enumerate(self.all_parts)]
        return [np.array([root_mean_square(row) for row in part]) for part in rows]

    def _constrained_chart(
        self, theta: Array, reference: Array, constrained: NDArray[np.bool_], held: NDArray[np.bool_]
    ) -> tuple[Chart, Array]:
        """The parts as they are constrained."""
        if len(self.all_parts) == 1:
            return self.all_parts[0].constrained_chart(theta, reference, constrained, held)
        masks = zip(split(constrained, self.sizes), split(held, self.sizes), strict=True)
        pieces = zip(self._zip(theta), self._references(reference), masks, strict=True)
        charts, phis = zip(*(part.constrained_chart(own, scale, *mask) for (part, own), scale, mask in pieces), strict=True)
        return KroneckerChart(charts), np.concatenate(phis)

    def admissible(self, theta: Array) -> bool:
        """Whether every part is."""
        theta = np.asarray(theta, dtype=float)
        return theta.shape == (sum(self.sizes),) and all(part.admissible(own) for part, own in self._zip(theta))

    def pattern(self) -> NDArray[np.bool_]:
        """Product of the parts' patterns."""
        return kronecker([part.pattern().astype(float) for part in self.all_parts]) > 0.0

    def root_pattern(self) -> NDArray[np.bool_]:
        """Product of the parts' patterns."""
        return kronecker([part.root_pattern().astype(float) for part in self.all_parts]) > 0.0

    def root_groups(self) -> tuple[tuple[int, ...], ...]:
        """Products of one group of each part."""
        groups: list[tuple[int, ...]] = [(0,)]
        for part in self.all_parts:
            width = part.root_pattern().shape[1]
            groups = [tuple(a * width + b for a in one for b in other) for one in groups for other in part.root_groups()]
        return tuple(groups)
