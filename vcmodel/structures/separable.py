"""Products with large ordered factors: Sigma kron K, Sigma a small dense matrix, K through sparse inverses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from vcmodel.structures.base import Parameter, Structure
from vcmodel.structures.component_chart import ComponentChart
from vcmodel.structures.identity import IdentityVariance
from vcmodel.structures.kronecker import KroneckerStructure, together
from vcmodel.structures.kronecker_chart import split
from vcmodel.structures.scaling import Homogeneous

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vcmodel.structures.chart import Array, Chart
    from vcmodel.structures.sparse_inverse import SparseInverse

Scalar = TypeVar("Scalar", bound=np.generic)

# levels of a product above which it is worth it; below, one dense matrix costs less
LARGE = 32
# levels of the matrix without correlations from which a sparse part starts
FEW = 10


@dataclass(frozen=True)
class SeparableStructure(Structure):
    """Sigma kron K_1 kron K_2 ...: parameters as in the product, value and derivative of Sigma alone.

    The levels of Sigma come first, then those of the sparse parts, whatever the order they were written in.

    Attributes
    ----------
    whole : KroneckerStructure
        The product as written.
    """

    name: ClassVar[str] = "separable"
    summary: ClassVar[str] = "product with factors that enter through sparse inverses"
    count: ClassVar[str] = "sum over the factors"
    ordered: ClassVar[bool] = True

    whole: KroneckerStructure

    @property
    def carries_variance(self) -> bool:  # type: ignore[override]
        """As the product."""
        return self.whole.carries_variance

    @property
    def factor(self) -> str:  # type: ignore[override]
        """The factors as written."""
        return self.whole.factor

    @property
    def levels(self) -> tuple[str, ...]:  # type: ignore[override]
        """Those of Sigma."""
        return self.sigma.levels

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """As in the product."""
        return self.whole.parameters

    @cached_property
    def sparse(self) -> tuple[Structure, ...]:
        """The correlation structures that enter through sparse inverses."""
        return tuple(_correlation(part) for part in self.whole.parts if _inverse(part) is not None)

    @cached_property
    def inverses(self) -> tuple[SparseInverse, ...]:
        """Their inverses."""
        return tuple(inverse for inverse in map(_inverse, self.whole.parts) if inverse is not None)

    @cached_property
    def sigma(self) -> KroneckerStructure:
        """The other parts, and the variance of a sparse one as a (1, 1) matrix."""
        parts = (_dense(part) for part in self.whole.parts)
        return KroneckerStructure(tuple(part for part in parts if part is not None), self.whole.scaled)

    @cached_property
    def places(self) -> tuple[int, ...]:
        """Where each parameter stands among those of Sigma followed by those of the sparse parts."""
        dense = [*((True,) if self.whole.scaled else ())]
        for part in self.whole.parts:
            own = 0 if _inverse(part) is None else len(_correlation(part).parameters)
            dense += [place >= own for place in range(len(part.parameters))]
        first = np.array(dense, dtype=bool)
        return tuple(np.where(first, np.cumsum(first) - 1, first.sum() + np.cumsum(~first) - 1).tolist())

    def as_written(self, values: Array) -> Array:
        """Values (n, ...) of the levels of Sigma and the sparse parts, in the order of the levels of the product as written."""
        inner = np.array([_inverse(part) is not None for part in self.whole.parts], dtype=bool)
        axes = [*np.flatnonzero(~inner), *np.flatnonzero(inner)]
        cube = values.reshape(*(self.whole.parts[axis].size for axis in axes), *values.shape[1:])
        return np.moveaxis(cube, range(len(axes)), axes).reshape(values.shape)

    def invertible(self, theta: Array) -> bool:
        """Whether every sparse part is regular, so that it has its inverse."""
        with np.errstate(invalid="ignore"):
            return all(
                bool(np.all(np.isfinite(inverse.coefficients(own))))
                for inverse, own in zip(self.inverses, self._by_part(np.asarray(theta, dtype=float))[1:], strict=True)
            )

    @cached_property
    def inner(self) -> NDArray[np.bool_]:
        """Which parameters are those of sparse parts."""
        return np.array(self.places, dtype=int) >= len(self.sigma.parameters)

    @cached_property
    def _sizes(self) -> list[int]:
        return [len(part.parameters) for part in (self.sigma, *self.sparse)]

    def _by_part(self, values: NDArray[Scalar]) -> list[NDArray[Scalar]]:
        """Values of the parameters as written, for Sigma and each sparse part."""
        ordered = np.empty_like(values)
        ordered[list(self.places)] = values
        return split(ordered, self._sizes)

    def level(self, whole: NDArray[np.int64]) -> NDArray[np.int64]:
        """Levels of the product as written, numbered with those of the sparse parts fastest: Sigma-level * q + level of K."""
        sizes = [part.size for part in self.whole.parts]
        sparse = [_inverse(part) is not None for part in self.whole.parts]
        order = np.argsort(sparse, kind="stable")
        codes = np.unravel_index(whole, sizes)
        return np.asarray(np.ravel_multi_index([codes[i] for i in order], [sizes[i] for i in order]), dtype=np.int64)

    def value(self, theta: Array) -> Array:
        """Sigma (k, k)."""
        return self.sigma.value(self._by_part(theta)[0])

    def derivative(self, theta: Array) -> Array:
        """Derivative of Sigma by all parameters, zero by those of the sparse parts."""
        own = self.sigma.derivative(self._by_part(theta)[0])
        return np.concatenate([own, np.zeros((len(theta) - len(own), *own.shape[1:]))])[list(self.places)]

    def start(self, covariance: Array, along: Sequence[Array] = ()) -> Array:
        """Sigma's start for a (k, k) covariance, that of the sparse parts for correlations `along` each; none are known where not given."""
        known = along or [np.eye(part.size if part.metric else min(part.size, FEW)) for part in self.sparse]
        pieces = [self.sigma.start(covariance), *(part.start(own) for part, own in zip(self.sparse, known, strict=True))]
        return np.concatenate(pieces)[list(self.places)]

    def alternatives(self, theta: Array) -> tuple[Array, ...]:
        """Those of each part, the others unchanged."""
        pieces = self._by_part(theta)
        return tuple(
            np.concatenate([*pieces[:place], other, *pieces[place + 1 :]])[list(self.places)]
            for place, part in enumerate((self.sigma, *self.sparse))
            for other in part.alternatives(pieces[place])
        )

    def alternatives_to(self, theta: Array, end: Array) -> tuple[Array, ...]:
        """All parts that have one at their first; the others unchanged."""
        pieces, ends = self._by_part(theta), self._by_part(end)
        found = together(
            pieces, [part.alternatives_to(*pair) for part, *pair in zip((self.sigma, *self.sparse), pieces, ends, strict=True)]
        )
        return tuple(theta[list(self.places)] for theta in found)

    def chart(self, theta: Array, reference: Array) -> tuple[Chart, Array]:
        """The charts of Sigma and of the sparse parts."""
        nothing = np.zeros(len(self.parameters), dtype=bool)
        return self.constrained_chart(theta, reference, nothing, nothing)

    def constrained_chart(
        self, theta: Array, reference: Array, constrained: NDArray[np.bool_], held: NDArray[np.bool_]
    ) -> tuple[Chart, Array]:
        """Each part as it is constrained."""
        theta = np.asarray(theta, dtype=float) if np.any(constrained) else self.require_admissible(theta)
        scales = [np.asarray(reference, dtype=float), *(np.ones(part.size) for part in self.sparse)]
        pieces = zip((self.sigma, *self.sparse), *map(self._by_part, (theta, constrained, held)), scales, strict=True)
        charts, phis = zip(*(part.constrained_chart(own, scale, *masks) for part, own, *masks, scale in pieces), strict=True)
        return ComponentChart(charts, self.inverses, self.places), np.concatenate(phis)

    def admissible(self, theta: Array) -> bool:
        """Whether every part is."""
        theta = np.asarray(theta, dtype=float)
        if theta.shape != (len(self.parameters),):
            return False
        return all(part.admissible(own) for part, own in zip((self.sigma, *self.sparse), self._by_part(theta), strict=True))

    def pattern(self) -> NDArray[np.bool_]:
        """That of Sigma."""
        return self.sigma.pattern()

    def root_pattern(self) -> NDArray[np.bool_]:
        """That of Sigma."""
        return self.sigma.root_pattern()

    def root_groups(self) -> tuple[tuple[int, ...], ...]:
        """Those of Sigma."""
        return self.sigma.root_groups()


def worth_separating(whole: KroneckerStructure) -> bool:
    """Whether the parts of a product that have sparse inverses are to enter through them: products of many levels."""
    return whole.size > LARGE and sparse_levels(whole) > 1


def sparse_levels(whole: KroneckerStructure) -> int:
    """Combinations of the levels of those parts of a product that have a sparse inverse; 1 without any."""
    return prod(part.size for part in whole.parts if _inverse(part) is not None)


def _correlation(part: Structure) -> Structure:
    """A structure without its single variance."""
    return part.correlation if isinstance(part, Homogeneous) else part


def _inverse(part: Structure) -> SparseInverse | None:
    """The sparse inverse of a structure, but for its single variance."""
    return _correlation(part).sparse_inverse()


def _dense(part: Structure) -> Structure | None:
    """What a structure leaves to Sigma: itself, or the variance of a sparse one, if it has any."""
    if _inverse(part) is None:
        return part
    return IdentityVariance(part.factor, ("",)) if isinstance(part, Homogeneous) else None
