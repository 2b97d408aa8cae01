"""Effects of a pedigree in which Mendelian sampling vanishes: after selfing or sib mating, and in crosses of fixed lines.

With u_i = (u_sire + u_dam) / 2 + m_i, Var(m_i) = D_i, an individual of D_i = 0 is a combination of its parents and A is singular; near
zero A^-1 holds 1 / D_i in entries that cancel. The equations then solve for other coordinates b, u = Bb with b ~ N(0, P^-1): the effect of
an individual whose D_i is large enough, only its m_i where D_i is small, and nothing where it is zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Mendelian variance, in units of the additive variance, that is none: what is neglected is smaller than what a fit resolves
NONE = 1e-12
# below it an entry 1 / D of A^-1 would cost more than four digits of what the records say (at 1e-6, logL was known to 2e-9 only)
SMALL = 1e-4


@dataclass(frozen=True, eq=False)
class Coordinates:
    """A = B P^-1 B' of n individuals in m coordinates.

    Attributes
    ----------
    weights : (n, m) csr
        B.
    precision : (m, m) csc
        P, positive definite, both triangles.
    logdet : float
        -log|P|.
    """

    weights: sparse.csr_matrix
    precision: sparse.csc_matrix
    logdet: float


def coordinates(parents: NDArray[np.int64], mendelian: NDArray[np.float64]) -> Coordinates:
    """The coordinates of a pedigree: parents (n, 2), -1 for unknown, before their offspring; Mendelian variances (n,)."""
    n = len(parents)
    kept = np.flatnonzero(mendelian >= NONE)
    place = np.full(n, -1, dtype=np.int64)
    place[kept] = np.arange(kept.size)
    weights = sparse.csr_matrix(_rows(parents, mendelian, place), shape=(n, kept.size))
    # of a coordinate that is an effect the expectation given the parents is taken off; one that is a deviation expects nothing
    effect = kept[mendelian[kept] >= SMALL]
    known = parents[effect] >= 0
    entries = (np.full(int(known.sum()), 0.5), (place[np.repeat(effect, known.sum(axis=1))], parents[effect][known]))
    expected = sparse.csr_matrix(entries, shape=(kept.size, n)) @ weights
    deviation = sparse.csr_matrix(sparse.identity(kept.size, format="csr") - expected)
    precision = sparse.csc_matrix(deviation.T @ sparse.diags(1.0 / mendelian[kept]) @ deviation)
    precision.sort_indices()
    return Coordinates(weights, precision, float(np.log(mendelian[kept]).sum()))


def _rows(
    parents: NDArray[np.int64], mendelian: NDArray[np.float64], place: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Values, columns and row starts of B."""
    derived: dict[int, dict[int, float]] = {}  # rows of the individuals below SMALL; those of one coordinate are not written out

    def row(i: int) -> dict[int, float]:
        return derived.get(i) or {int(place[i]): 1.0}

    for i in np.flatnonzero(mendelian < SMALL).tolist():
        sire, dam = (int(p) for p in parents[i])  # both known: otherwise D is at least 1/2
        if sire == dam and place[i] < 0:
            derived[i] = row(sire)
            continue
        mean: dict[int, float] = {}
        for parent in (sire, dam):
            for column, weight in row(parent).items():
                mean[column] = mean.get(column, 0.0) + 0.5 * weight
        if place[i] >= 0:
            mean[int(place[i])] = 1.0
        derived[i] = mean
    count = np.ones(len(parents), dtype=np.int64)
    for i, own in derived.items():
        count[i] = len(own)
    start = np.concatenate([[0], np.cumsum(count)])
    values, columns = np.ones(int(start[-1])), np.repeat(place, count)
    for i, own in derived.items():
        part = slice(start[i], start[i + 1])
        columns[part] = sorted(own)
        values[part] = [own[column] for column in sorted(own)]
    return values, columns, start
