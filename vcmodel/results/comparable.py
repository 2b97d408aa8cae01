"""What a comparison of two fits needs of each: a plain record, which survives JSON and needs neither data nor equations.

V is linear in the entries of the matrices Sigma. Each entry's part of V is kept as its image X'VX for seeded random X of ten columns:
whether one model's V can be had from another's entries, whatever the terms are called, then is a least-squares problem.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from vcmodel.linalg.cholesky import SparseCholesky
from vcmodel.results.export import plain
from vcmodel.results.information import information
from vcmodel.results.projection import to_vector, triangle_size
from vcmodel.structures.registry import described, restored
from vcmodel.structures.separable import SeparableStructure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.design.design import Design
    from vcmodel.design.terms import DesignTerm
    from vcmodel.reml.components import Component
    from vcmodel.reml.estimate import Estimate
    from vcmodel.structures.base import Structure

    Array = NDArray[np.float64]

PROBES = 10  # columns of X: images of 55 numbers
# entries up to which images are kept: with more, those of two models might be dependent by accident
MOST_ENTRIES = 40
# levels of a matrix up to which its entries are looked for
MOST_LEVELS = 60
SEED = 1950


def entries(structure: Structure) -> Array:
    """The matrix as a sum of entries: (m, k, k) of zeros and ones, places that always have the same value together.

    A diagonal matrix has k entries, a uniform correlation with one variance two.
    """
    k = structure.size
    rows, columns = np.tril_indices(k)
    kind = _kinds(structure)
    result = np.zeros((int(kind.max(initial=-1)) + 1, k, k))
    inside = kind >= 0
    result[kind[inside], rows[inside], columns[inside]] = result[kind[inside], columns[inside], rows[inside]] = 1.0
    return result


def _kinds(structure: Structure) -> NDArray[np.int64]:
    """The entry that each place of the lower triangle belongs to, -1 where the matrix is zero; from the values at random matrices."""
    rng = np.random.default_rng(SEED)
    k = structure.size
    samples = []
    for _ in range(3):
        root = rng.normal(size=(k, 2 * k))
        samples.append(structure.value(structure.start(root @ root.T / k))[np.tril_indices(k)])
    values = np.round(np.stack(samples, axis=1), 10)
    kinds, kind = np.unique(values, axis=0, return_inverse=True)
    order = [i for i in dict.fromkeys(kind.ravel().tolist()) if np.any(kinds[i] != 0.0)]
    number = np.full(len(kinds), -1, dtype=np.int64)
    number[order] = np.arange(len(order))
    return number[kind.ravel()]


@dataclass(frozen=True)
class Part:
    """One covariance matrix of a fitted model.

    Attributes
    ----------
    label : str
    kind : str
        ``"random"`` or ``"residual"``.
    structure : Structure
    reference : (k,) array
        Standard deviation of the data at each level.
    theta : array
        Reported parameters; NaN where undefined.
    sigma : (k, k) array
    fixed, group : arrays
        What the user fixed and tied, as of :class:`~vcmodel.reml.constraints.Constraints`.
    """

    label: str
    kind: str
    structure: Structure
    reference: Array
    theta: Array
    sigma: Array
    fixed: NDArray[np.bool_]
    group: NDArray[np.int64]

    @classmethod
    def of(cls, estimate: Estimate, index: int) -> Part:
        """That of a component at the estimate."""
        component, constraints = estimate.components[index], estimate.constraints
        return cls(
            component.label,
            "random" if component.is_random else "residual",
            component.structure,
            component.reference,
            estimate.theta[index],
            estimate.sigma(index),
            constraints.fixed[index],
            constraints.group[index],
        )

    def to_dict(self) -> dict[str, Any]:
        """In the types of JSON."""
        return {name: described(value) if name == "structure" else plain(value) for name, value in vars(self).items()}

    @classmethod
    def from_dict(cls, item: dict[str, Any]) -> Part:
        """What :meth:`to_dict` gave."""
        arrays = {name: np.array(item[name], dtype=float) for name in ("reference", "theta", "sigma")}
        k = arrays["reference"].size
        return cls(
            item["label"],
            item["kind"],
            restored(item["structure"]),
            arrays["reference"],
            arrays["theta"],
            arrays["sigma"].reshape(k, k),
            np.array(item["fixed"], dtype=bool),
            np.array(item["group"], dtype=np.int64),
        )


@dataclass(frozen=True)
class Comparable:
    """A fit as comparisons see it.

    Attributes
    ----------
    converged : bool
    status : str
        How the fit ended, in words.
    loglik : float
    n_cells : int
    data, fixed : str
        Digests of the observed cells with their weights, and of the fixed columns in any order.
    parts : tuple of Part
        Random terms, then residual sections.
    images : (m, 55) array or None
        Image of every entry of every part, one after the other; None where there are too many.
    information : (m, m) array or None
        Information on the entries at the estimate.
    """

    converged: bool
    status: str
    loglik: float
    n_cells: int
    data: str
    fixed: str
    parts: tuple[Part, ...]
    images: Array | None
    information: Array | None

    @classmethod
    def of(cls, estimate: Estimate) -> Comparable:
        """That of an estimate."""
        parts = tuple(Part.of(estimate, index) for index in range(len(estimate.components)))
        structures = [part.structure for part in parts]
        # V is not linear in the parameters of sparse parts
        linear = not any(isinstance(structure, SeparableStructure) for structure in structures)
        small = estimate.status.converged and linear and all(structure.size <= MOST_LEVELS for structure in structures)
        small = small and sum(int(_kinds(structure).max(initial=-1)) + 1 for structure in structures) <= MOST_ENTRIES
        directions = [entries(structure) for structure in structures] if small else []
        return cls(
            estimate.status.converged,
            estimate.status.value,
            estimate.loglik,
            estimate.design.y.size,
            _digest_of_cells(estimate.design),
            _digest_of_columns(estimate.design.fixed_matrix),
            parts,
            _images(estimate.design, estimate.components, directions) if small else None,
            information(estimate, directions) if small else None,
        )

    @property
    def n_parameters(self) -> int:
        """Reported parameters that are not fixed, each equality group once; those at a boundary count."""
        alone = sum(int(np.sum(~part.fixed & (part.group < 0))) for part in self.parts)
        return alone + len({int(g) for part in self.parts for g in part.group[~part.fixed & (part.group >= 0)]})

    def to_dict(self) -> dict[str, Any]:
        """In the types of JSON."""
        simple = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "parts"}
        return {**plain(simple), "parts": [part.to_dict() for part in self.parts]}

    @classmethod
    def from_dict(cls, item: dict[str, Any]) -> Comparable:
        """What :meth:`to_dict` gave."""
        arrays = {name: None if item[name] is None else np.array(item[name], dtype=float) for name in ("images", "information")}
        return cls(**{**item, **arrays, "parts": tuple(Part.from_dict(part) for part in item["parts"])})


def _digest_of_cells(design: Design) -> str:
    frame = design.frame
    digest = hashlib.sha256("\x00".join(frame.responses).encode())
    for array in (frame.y, frame.trait.astype("<i8"), design.weight_root):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _digest_of_columns(matrix: sparse.csc_matrix) -> str:
    columns = []
    for start, stop in zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True):
        own = hashlib.sha256(matrix.indices[start:stop].astype("<i8").tobytes())
        own.update(matrix.data[start:stop].tobytes())
        columns.append(own.digest())
    return hashlib.sha256(b"".join(sorted(columns))).hexdigest()


def _images(design: Design, components: tuple[Component, ...], directions: list[Array]) -> Array:
    """X'V_jX of every entry j, as lower triangles."""
    n = design.y.size
    probes = np.random.default_rng(SEED).standard_normal((n, PROBES)) / np.sqrt(n)
    rows = [np.zeros((0, triangle_size(PROBES)))]
    for component, own in zip(components, directions, strict=True):
        if component.is_random:
            products = _random_products(design.terms[component.index], probes)
        else:
            products = _residual_products(design, component, probes)
        image = np.einsum("mab,abij->mij", own, products)
        rows.append(to_vector(0.5 * (image + image.transpose(0, 2, 1))))
    return np.concatenate(rows)


def _random_products(term: DesignTerm, probes: Array) -> Array:
    """X'Z_aKZ_b'X (k, k, d, d) of the levels a, b of a term's matrix."""
    k, q = term.structure.size, term.n_levels
    spread = np.asarray(term.incidence.T @ probes).reshape(k, q, -1)
    if term.relationship.root is not None:
        spread = np.stack([np.asarray(term.relationship.root.T @ own) for own in spread])
    related = spread
    if term.relationship.precision is not None:
        factor = SparseCholesky.of(term.relationship.precision)
        stacked = spread.transpose(1, 0, 2).reshape(term.n_columns, -1)
        related = factor.solve(np.ascontiguousarray(stacked)).reshape(term.n_columns, k, -1).transpose(1, 0, 2)
    return np.einsum("aqi,bqj->abij", spread, related)


def _residual_products(design: Design, component: Component, probes: Array) -> Array:
    """X_a'X_b (k, k, d, d) of the cells at levels a, b of a section, over its units."""
    section = design.sections[component.index]
    k = section.structure.size
    # places of a grid are units of Sigma
    units, unit = np.unique(section.unit * section.n_places + section.level % section.n_places, return_inverse=True)
    spread = np.zeros((k, units.size, probes.shape[1]))
    np.add.at(spread, (section.sigma_level, unit), probes[section.cells])
    return np.einsum("aqi,bqj->abij", spread, spread)
