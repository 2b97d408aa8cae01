"""Kronecker products of structures: ``us(trait):cor(site)``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from vcmodel.errors import StructureError
from vcmodel.structures.base import Parameter, Structure
from vcmodel.structures.chart import Array, Chart
from vcmodel.structures.correlations import correlation_matrix
from vcmodel.structures.identity import IdentityVariance
from vcmodel.structures.kronecker_algebra import contract, kronecker
from vcmodel.structures.kronecker_chart import KroneckerChart, Product, split
from vcmodel.structures.linear import root_mean_square


def together(pieces: list[Array], alternatives: list[tuple[Array, ...]]) -> tuple[Array, ...]:
    """The pieces with the first alternative in place of those that have any; nothing where none has."""
    if not any(alternatives):
        return ()
    return (np.concatenate([np.zeros(0), *(other[0] if other else own for own, other in zip(pieces, alternatives, strict=True))]),)


@dataclass(frozen=True)
class KroneckerStructure(Product[Structure], Structure):
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

    def alternatives(self, theta: Array) -> tuple[Array, ...]:
        """Those of each part, the others unchanged."""
        pieces = split(theta, self.sizes)
        return tuple(
            np.concatenate([*pieces[:place], other, *pieces[place + 1 :]])
            for place, part in enumerate(self.all_parts)
            for other in part.alternatives(pieces[place])
        )

    def alternatives_to(self, theta: Array, end: Array) -> tuple[Array, ...]:
        """All parts that have one at their first; the others unchanged."""
        pieces, ends = split(theta, self.sizes), split(end, self.sizes)
        return together(pieces, [part.alternatives_to(*pair) for part, *pair in zip(self.all_parts, pieces, ends, strict=True)])

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
