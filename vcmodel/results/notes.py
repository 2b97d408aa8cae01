"""What a fit found out that its user should know, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vcmodel.formula.factor_specs import KnownFactor, StructuredFactor, of_kind
from vcmodel.reml.boundary import NULL
from vcmodel.reml.status import Status
from vcmodel.results.confounding_notes import confounding_notes
from vcmodel.results.decay_notes import decay_notes
from vcmodel.results.labels import matrix_levels
from vcmodel.results.residual_notes import residual_notes
from vcmodel.results.varcomp import bound_codes
from vcmodel.text import counted, few

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.reml.components import Component
    from vcmodel.reml.estimate import Estimate

    Array = NDArray[np.float64]


def notes(estimate: Estimate) -> list[str]:
    """Everything detected: how the fit ended, boundaries, what the data cannot separate, and what was done to the data."""
    # importing the package loads no SciPy
    from vcmodel.results.field_notes import field_notes

    found: list[str] = []
    if estimate.status is not Status.CONVERGED:
        found.append(estimate.status.value)
    explained: set[int] = set()
    for index, component in enumerate(estimate.components):
        found += _random(estimate, index, explained) if component.is_random else _residual(estimate, index)
        found += field_notes(estimate, index)
    found += confounding_notes(estimate, explained)
    solved = [estimate.method] if estimate.equations.reduced else []
    asked, granted = estimate.control.threads, estimate.control.granted_threads
    if granted < asked:
        solved.append(f"threads = {asked}: {granted} used, as many as there are processors for this process")
    cautions = [caution.text for caution in estimate.design.cautions]
    return list(dict.fromkeys([*found, *cautions, *estimate.design.notes, *solved]))


def _residual(estimate: Estimate, index: int) -> list[str]:
    return [*residual_notes(estimate, index), *decay_notes(estimate, index)]


def without_freedom(estimate: Estimate) -> list[str]:
    """Notes on the random terms that the fixed effects leave no degree of freedom; they are warnings too."""
    return [
        _no_freedom(estimate, index)
        for index, component in enumerate(estimate.components)
        if component.is_random and np.all(estimate.freedom[component.index].degrees == 0)
    ]


def _no_freedom(estimate: Estimate, index: int) -> str:
    label = estimate.components[index].label
    return f"{label}: confounded with the fixed effects (no degree of freedom beside them): logL does not depend on it, remove it"


def _null(estimate: Estimate, index: int) -> int:
    """Dimension of the null space of a random component's matrix."""
    sigma, scale = estimate.worked_matrix(index)
    return int(np.sum(np.linalg.eigvalsh(sigma / np.outer(scale, scale)) < NULL))


def _decays(component: Component) -> bool:
    """Whether the correlations decay with distance: those of near places may be singular by rounding, off any boundary."""
    return any(parameter.kind == "decay" for parameter in component.structure.parameters)


def _random(estimate: Estimate, index: int, explained: set[int]) -> list[str]:
    component = estimate.components[index]
    label, k = component.label, component.structure.size
    degrees, seen = estimate.freedom[component.index].degrees, estimate.freedom[component.index].levels > 0
    levels = matrix_levels(estimate, index)
    codes = bound_codes(estimate, index)
    result = []
    if np.all(degrees == 0):
        explained.add(index)
        return [_no_freedom(estimate, index)]
    # a level of an ordered factor may have no record at all
    gone = [levels[i] for i in np.flatnonzero((degrees == 0) & seen)]
    if gone:
        result.append(
            f"{label}: at {few(gone)} confounded with the fixed effects: the variance there is unknown; leave them out of the term"
        )
    if all(code == "F" for code in codes):
        return result
    ends = _correlations_at_their_ends(estimate, index, codes)
    null = _null(estimate, index)
    if null == 0 or (ends and k > 1) or (_decays(component) and "B" not in codes):
        return [*result, *ends]
    if k == 1:
        return [*result, f"{label}: variance 0, at its boundary; the data ask for no variance of this term"]
    zero = [levels[i] for i in range(k) if estimate.sigma(index)[i, i] == 0.0]
    if null == len(zero):
        where = "all variances are 0" if null == k else f"variance 0 at {few(zero)}"
        return [*result, f"{label}: {where}, at the boundary; the data ask for no variance of this term there"]
    return [*result, _singular(estimate, index, k - null, explained)]


def _correlations_at_their_ends(estimate: Estimate, index: int, codes: list[str]) -> list[str]:
    """What is to say of a product with a series of levels whose correlations ended at the boundary."""
    component = estimate.components[index]
    whole = estimate.design.terms[component.index].whole
    if not any(part.ordered for part in whole.parts):
        return []
    rows = [
        row
        for row, parameter, code in zip(component.rows, whole.parameters, codes, strict=True)
        if code == "B" and parameter.kind == "correlation"
    ]
    if not rows:
        return []
    return [
        f"{component.label}: {few(rows)} at the boundary: the levels of the factor determine one another exactly; with a correlation of 1 "
        "they have one effect, and the term without the factor is the same model"
    ]


def _singular(estimate: Estimate, index: int, rank: int, explained: set[int]) -> str:
    """A matrix of more than one level with reduced rank."""
    component = estimate.components[index]
    label, k = component.label, component.structure.size
    freedom = estimate.freedom[component.index]
    known = freedom.degrees[freedom.degrees >= 0]
    head = f"{label}: the estimated {k} x {k} matrix has rank {rank}"
    if known.size and known.min() < k:
        explained.add(index)
        place = int(np.flatnonzero(freedom.degrees == known.min())[0])
        spec = estimate.design.terms[component.index].spec
        inner = ":".join(item.label for item in spec.factors if not isinstance(item, StructuredFactor)) or label
        n, d = int(freedom.levels[place]), int(known.min())
        reason = (
            f" ({inner} has {counted(n, 'level')}, {counted(d, 'degree')} of freedom beside the fixed effects, "
            f"for {len(component.rows)} parameters); the data cannot separate {few(component.rows, 10)}"
        )
        return head + reason + _supported(estimate, index, inner)
    return (
        f"{head}, at its boundary: some levels, or combinations of them, determine one another exactly; standard errors are those of a "
        f"matrix of rank {rank}; compare the AIC of a structure with fewer parameters (diag, corv, corh)"
    )


def _supported(estimate: Estimate, index: int, inner: str) -> str:
    """The models that the data do support in place of a matrix with too few degrees of freedom."""
    term = estimate.design.terms[estimate.components[index].index]
    spec = term.spec
    structured = of_kind(spec.factors, StructuredFactor)
    if spec.members or spec.conditions or spec.covariates or len(structured) != 1:
        return "; use a structure with fewer parameters or leave the term out"
    relationship = bool(of_kind(spec.factors, KnownFactor))
    fixed = "" if relationship else f"{inner} fixed (add {spec.label} to fixed) or "
    return f"; they support {fixed}diag({structured[0].factor}):{inner}"
