"""Whether one model is part of another, and how their likelihood ratio is then distributed.

The statistic is the squared distance of a normal vector, its covariance matrix the inverse information, from the directions of the smaller
model less that from the tangent cone of the larger one (Chernoff 1954): chi-square for the free directions of the cone that the smaller
model lacks, plus the mixture of :mod:`vcmodel.results.cones` for the constrained ones.

References
----------
Chernoff, H. (1954). On the distribution of the likelihood ratio. Annals of Mathematical Statistics 25, 573-578.
Self, S. G. & Liang, K.-Y. (1987). Journal of the American Statistical Association 82, 605-610.
Stram, D. O. & Lee, J. W. (1994). Biometrics 50, 1171-1177.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.errors import VcmodelError
from vcmodel.results.comparable import entries
from vcmodel.results.cones import mixture_weights
from vcmodel.results.distributions import mixture_tail
from vcmodel.results.tangent import AT_ZERO, RESIDUAL, Cone, UnknownCone, free_parameters, typical, values_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.results.comparable import Comparable, Part

    Array = NDArray[np.float64]

# share of a scaled information matrix's eigenvalues that is none
NO_INFORMATION = 1e-8


@dataclass(frozen=True)
class Mixture:
    """The distribution of a likelihood-ratio statistic.

    Attributes
    ----------
    weights : array
        Of chi-squares with 0, 1, ... degrees of freedom.
    simulated : bool
        Whether the weights are.
    remarks : tuple of str
        What was assumed.
    """

    weights: Array
    simulated: bool = False
    remarks: tuple[str, ...] = ()


def plain_mixture(df: int, remark: str) -> Mixture:
    """A single chi-square."""
    return Mixture(np.eye(df + 1)[df], remarks=(remark,))


def mixture(larger: Comparable, smaller: Comparable, statistic: float) -> Mixture:
    """The distribution of twice the difference in logL, observed as `statistic`, under the smaller model.

    Variances of the smaller model that are estimated as zero, and singular matrices, are taken as inside their boundary: what is tested is
    the larger model's excess. Where such variances are whole matrices, the mixture without them is computed too and the more cautious of
    both is taken.

    Raises
    ------
    VcmodelError
        The smaller model is not part of the larger one.
    """
    df = larger.n_parameters - smaller.n_parameters
    if larger.images is None or smaller.images is None or larger.information is None:
        return plain_mixture(df, "too many (co)variances to see whether the models are nested, or at a boundary: a plain chi-square")
    inner = [_inside(part) for part in smaller.parts]
    at = _entries_of(larger, smaller, [part.sigma for part in inner])
    sizes = [len(entries(part.structure)) for part in larger.parts]
    pieces = np.split(at, np.cumsum(sizes)[:-1])
    sigmas = [np.tensordot(own, entries(part.structure), 1) for own, part in zip(pieces, larger.parts, strict=True)]
    try:
        moves, zero = _moves(smaller, inner)
        along = np.stack([np.zeros(at.size), *(_entries_of(larger, smaller, move) for move in moves)], axis=1)[:, 1:]
        cone = Cone.at(larger.parts, sigmas)
        found = _mixture(cone, larger.information, along)
    except UnknownCone as problem:
        return plain_mixture(df, f"{problem}: p is that of a plain chi-square, which is too large at a boundary")
    if zero.any():
        return _cautious(found, cone, larger.information, along, zero, statistic)
    if any(part is not own for part, own in zip(inner, smaller.parts, strict=True)):
        return replace(found, remarks=(*found.remarks, "a matrix of both models is at its boundary, and was taken as inside"))
    return found


def _mixture(cone: Cone, information: Array, along: Array) -> Mixture:
    """The mixture for a cone and the directions `along` (entries, count) of the smaller model."""
    own = cone.basis.T @ information @ cone.basis
    scale = np.sqrt(np.diag(own))
    if np.any(scale == 0.0) or np.linalg.eigvalsh(own / np.outer(scale, scale))[0] < NO_INFORMATION:
        raise UnknownCone("the data cannot separate the parameters of the larger model")
    covariance = np.linalg.inv(own / np.outer(scale, scale)) / np.outer(scale, scale)
    null = cone.coordinates(along) * scale[:, None]
    values = np.linalg.svd(null / np.linalg.norm(null, axis=0), compute_uv=False) if along.shape[1] else np.zeros(0)
    df = scale.size - int(np.sum(values > RESIDUAL))
    remarks = ("p is an upper bound: more matrices are taken as possible than the larger model has",) if cone.larger else ()
    if not cone.blocks:
        return Mixture(np.eye(df + 1)[df], remarks=remarks)
    rows = np.concatenate([block.rows for block in cone.blocks])
    if np.any(np.abs(rows / scale @ null) > RESIDUAL * np.linalg.norm(rows / scale, axis=1)[:, None] * np.linalg.norm(null, axis=0)):
        raise UnknownCone("the smaller model crosses a boundary of the larger one")
    constrained = rows @ covariance @ rows.T
    weights = mixture_weights(constrained, [block.order for block in cone.blocks])
    return Mixture(np.concatenate([np.zeros(df + 1 - len(weights.values)), weights.values]), weights.simulated, remarks)


def _cautious(found: Mixture, cone: Cone, information: Array, along: Array, zero: NDArray[np.bool_], statistic: float) -> Mixture:
    """The one with the larger tail of two mixtures: variances of both models that are estimated as zero taken as positive, or as zero."""
    try:
        other = _mixture(cone.without(along[:, zero]), information, along[:, ~zero])
    except UnknownCone:
        return replace(found, remarks=(*found.remarks, "a variance of both models is estimated as zero, and was taken as positive"))
    remark = "a variance of both models is estimated as zero: of the mixtures with it positive and without it the more cautious"
    chosen = max(found, other, key=lambda item: mixture_tail(statistic, item.weights))
    return replace(chosen, remarks=(*chosen.remarks, remark))


def _image(model: Comparable, matrices: Sequence[Array]) -> Array:
    """The image of V for one matrix per part."""
    assert model.images is not None
    values = [values_at(matrix, entries(part.structure)) for matrix, part in zip(matrices, model.parts, strict=True)]
    return np.concatenate(values) @ model.images


def _entries_of(larger: Comparable, smaller: Comparable, matrices: Sequence[Array]) -> Array:
    """The entries (m,) of the larger model's matrices that give V what one matrix per part of the smaller model gives.

    Parts of the same name have the same matrix if that does it.

    Raises
    ------
    VcmodelError
        There are none.
    """
    assert larger.images is not None
    image = _image(smaller, matrices)
    named = {(part.label, part.structure.levels): matrix for part, matrix in zip(smaller.parts, matrices, strict=True)}
    found = [named.get((part.label, part.structure.levels), np.zeros_like(part.sigma)) for part in larger.parts]
    guess = np.concatenate([values_at(matrix, entries(part.structure)) for matrix, part in zip(found, larger.parts, strict=True)])
    size = np.linalg.norm(larger.images, axis=1)
    size = np.where(size > 0.0, size, 1.0)
    scaled = larger.images / size[:, None]
    solution = guess * size + np.linalg.lstsq(scaled.T, image - guess @ larger.images, rcond=1e-10)[0]
    if np.linalg.norm(solution @ scaled - image) > RESIDUAL * np.linalg.norm(image):
        raise VcmodelError(
            "the models are not nested: the smaller one has a (co)variance that the larger one cannot have; compare their AIC"
        )
    return solution / size


def _inside(part: Part) -> Part:
    """The part itself, or a typical one inside the boundary where its estimate lies there; what the user fixed stays."""
    theta = typical(part, part.sigma)
    sigma = part.structure.value(theta)
    scale = np.outer(part.reference, part.reference)
    if part.fixed.all() or not np.all(np.isfinite(sigma)):
        return part
    here, there = (np.linalg.eigvalsh(matrix / scale) for matrix in (part.sigma, sigma))
    further = np.sum(there < AT_ZERO) < np.sum(here < AT_ZERO) or not np.all(np.isfinite(part.theta))
    return replace(part, theta=theta, sigma=sigma) if further and there[0] > -AT_ZERO else part


def _moves(model: Comparable, inner: Sequence[Part]) -> tuple[list[list[Array]], NDArray[np.bool_]]:
    """The smaller model's free directions, a matrix per part, and which of them belong to matrices that are estimated as zero.

    Raises
    ------
    UnknownCone
        A direction has no derivative.
    """
    found, zero = [], []
    with np.errstate(divide="ignore", invalid="ignore"):
        derivatives = [part.structure.derivative(part.theta) for part in inner]
    for members in free_parameters(inner):
        moves = [np.zeros_like(part.sigma) for part in inner]
        for c, i in members:
            moves[c] = moves[c] + derivatives[c][i]
        if not all(np.all(np.isfinite(move)) for move in moves):
            raise UnknownCone(f"{inner[members[0][0]].label} has no derivative at its boundary")
        if not any(np.any(move) for move in moves):
            continue  # a correlation beside a variance held at zero
        found.append(moves)
        zero.append(all(not np.any(model.parts[c].sigma) for c, _ in members))
    return found, np.array(zero, dtype=bool)
