"""Sentences about a residual variance or matrix at its boundary: what the data look like there, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vcmodel.formula.factor_specs import StructuredFactor, of_kind
from vcmodel.reml.status import Status
from vcmodel.results.labels import matrix_levels
from vcmodel.results.remedies import as_residual, has_covariances, held_at_error, written
from vcmodel.text import counted, few

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

    from vcmodel.reml.estimate import Estimate

    Array = NDArray[np.float64]

# eigenvalues of a residual matrix in units of the data's variance that count as zero: it is held at 1e-6 of it or less while iterating
SINGULAR = 1e-5
# entries of a null vector of unit length by which a level takes part in it
TAKES_PART = 1e-3
# root mean square of what a regression leaves, relative to the response, that counts as nothing
EXACT = 1e-7
LEAST_SQUARES_STEPS = 500


class Boundary(NamedTuple):
    """The boundary of a residual matrix: the levels that its null space joins, their cells, and whether their variances are zero."""

    levels: NDArray[np.int64]
    cells: NDArray[np.int64]
    vanish: bool


def residual_notes(estimate: Estimate, index: int) -> list[str]:
    """What is to say of a residual component; nothing unless the fit ended at the boundary of this one."""
    if estimate.status not in (Status.RESIDUAL_BOUNDARY, Status.UNBOUNDED):
        return []
    found = _boundary(estimate, index)
    if found is None:
        return []
    component, k = estimate.components[index], estimate.components[index].structure.size
    names = [matrix_levels(estimate, index)[i] for i in found.levels]
    some = "" if len(names) == k else f" at {few(names)}"
    what = f"variance{'s run' if len(names) > 1 else ' runs'}{some} to 0" if found.vanish else f"{k} x {k} matrix becomes singular{some}"
    head = f"{component.label}: the residual {what}; the parameters concerned are {few(component.rows, 10)}"
    reason = _exact_fit(estimate, found) if estimate.status is Status.UNBOUNDED else None
    if reason is None:
        reason = _variances(estimate, component.rows) if found.vanish else _matrix(estimate, index, found, names)
    return [head, f"{component.label}: {reason}"]


def _boundary(estimate: Estimate, index: int) -> Boundary | None:
    component = estimate.components[index]
    section = estimate.design.sections[component.index]
    sigma = estimate.sigma(index)
    scaled = sigma / np.outer(component.reference, component.reference)
    values, vectors = np.linalg.eigh(scaled)
    null = vectors[:, values < SINGULAR]
    if not null.shape[1]:
        return None
    levels = np.flatnonzero(np.max(np.abs(null), axis=1) > TAKES_PART)
    return Boundary(levels, section.cells[np.isin(section.sigma_level, levels)], bool(np.all(np.diag(scaled)[levels] < SINGULAR)))


def _response(estimate: Estimate, cells: NDArray[np.int64]) -> str:
    """The name of the responses of some cells."""
    frame = estimate.design.frame
    return few([frame.responses[t] for t in np.unique(frame.trait[cells])])


def _exact_fit(estimate: Estimate, found: Boundary) -> str | None:
    """The sentence where the fixed effects and one random term fit the cells exactly; None where they do not."""
    design = estimate.design
    name = _response(estimate, found.cells)
    y = design.y[found.cells]
    for component in estimate.components:
        if not component.is_random:
            continue
        z = design.terms[component.index].incidence[found.cells]
        used = np.asarray((z != 0).sum(axis=0)).ravel()
        if used.max(initial=0) < 2 or not _explains(y, design.x[found.cells], z):
            continue
        within = f"{name} does not vary within the levels of {component.label}"
        beyond = "" if _explains(y, z) else " beyond the fixed effects"
        return (
            f"{within}{beyond}, so that nothing is left for the residual; analyse one record for each level, without {component.label}, or "
            f"look whether means were written into every record"
        )
    return None


def _explains(y: Array, *blocks: sparse.spmatrix) -> bool:
    """Whether y (n,) is a linear combination of the columns of the blocks (n, p)."""
    # only fits that end here need it, and importing vcmodel is to be quick
    from scipy.sparse import hstack
    from scipy.sparse.linalg import lsmr

    fitted = lsmr(hstack(blocks), y, atol=1e-12, btol=1e-12, maxiter=LEAST_SQUARES_STEPS)
    return bool(fitted[3] <= EXACT * np.linalg.norm(y))


def _variances(estimate: Estimate, rows: tuple[str, ...]) -> str:
    """Variances at zero."""
    design = estimate.design
    related = [term.label for term in design.terms if term.relationship.precision is not None or term.relationship.root is not None]
    hold = held_at_error(rows[0]) if len(rows) == 1 else "give the residual a structure with fewer parameters"
    if estimate.status is Status.UNBOUNDED:
        return f"the model fits these records exactly, because it has as many effects as there are of them; simplify it, or {hold}"
    if related:
        return (
            f"the records differ by more between families, or by less within them, than the relationships of {few(related)} with any "
            "residual beside them allow, so that all of the variation is taken for genetic (a heritability of 1); look for an effect that "
            f"families share beside their genes (of the dam, the litter or the plot they stood in) and add it to random, or {hold}"
        )
    for component in estimate.components:
        whole = as_residual(estimate, component) if component.is_random and has_covariances(component) else None
        if whole is not None:
            return f"the same model without a further residual is {whole} in place of {written(estimate, component)}; write that, or {hold}"
    return f"the random terms take up all of the variation; leave out the one that the records hardly repeat, or {hold}"


def _matrix(estimate: Estimate, index: int, found: Boundary, names: list[str]) -> str:
    """A matrix of several levels with reduced rank."""
    design = estimate.design
    section = design.sections[estimate.components[index].index]
    several = len(design.frame.responses) > 1 and set(names) <= set(design.frame.responses)
    complete = [pattern.cells for pattern in section.patterns if set(found.levels) <= set(pattern.levels)]
    units = sum(cells.shape[0] for cells in complete)
    kind = "responses" if several else "levels"
    simpler = _simpler(estimate, index)
    if units <= 2 * len(names):
        return f"only {counted(units, 'unit')} have all of {few(names)}, too few for their covariances; {simpler}"
    if estimate.status is Status.UNBOUNDED:
        remedy = f"drop one of these {kind}" if several else f"leave out one of these {kind}"
        return f"{few(names)} determine one another exactly (one copies, or is computed from, the others); {remedy}, or {simpler}"
    return f"beside the random terms {few(names)} determine one another; {simpler}, or look for {kind} computed from one another"


def _simpler(estimate: Estimate, index: int) -> str:
    """A residual with fewer parameters than the one of the model."""
    residual = estimate.design.spec.residual
    inner = {item.factor: item.structure for section in residual.alternatives for item in of_kind(section.factors, StructuredFactor)}
    if len(inner) != 1:
        return "give the residual a structure with fewer parameters"
    factor, structure = next(iter(inner.items()))
    choices = [name for name in ("corh", "diag") if name != structure]
    return f"give the residual a simpler structure ({' or '.join(f'{name}({factor})' for name in choices)})"
