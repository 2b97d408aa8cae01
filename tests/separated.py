"""Terms with factors through sparse inverses, whatever the number of levels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vcmodel.structures.separable import SeparableStructure
from vcmodel.structures.sparse_inverse import SparseInverse


def separated(term):
    """A term of a dense product with all parts that have a sparse inverse through it; their levels come after those of the others."""
    whole = term.structure
    if isinstance(whole, SeparableStructure):
        return term
    structure = SeparableStructure(whole)
    inner = [isinstance(part.sparse_inverse() or correlation(part).sparse_inverse(), SparseInverse) for part in whole.parts]
    axes = [*np.flatnonzero(~np.array(inner)), *np.flatnonzero(inner), len(inner)]
    columns = np.arange(whole.size * term.n_levels).reshape(*(part.size for part in whole.parts), term.n_levels).transpose(axes)
    return replace(term, structure=structure, incidence=term.incidence[:, columns.ravel()])


def correlation(part):
    """The structure without its single variance."""
    return getattr(part, "correlation", part)


def inner_covariance(term, part):
    """K (q, q) of the sparse parts where a component stands, by the structures themselves, beside the relationship."""
    result = np.ones((1, 1))
    pieces = part.chart.precision.split(coordinates(part))
    for structure, chart, phi in zip(term.structure.sparse, part.chart.parts[1:], pieces, strict=True):
        result = np.kron(result, structure.value(chart.reported(phi)))
    return result


def coordinates(part):
    """Those of the sparse parts."""
    return part.phi[part.chart.sigma.size :]
