"""Sentences about parameters that no data can separate, with a remedy that keeps the covariances the model was written for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vcmodel.formula.factor_specs import StructuredFactor, of_kind
from vcmodel.reml.status import Status
from vcmodel.results.remedies import as_residual, has_covariances, held_at_error, spec_of, written
from vcmodel.text import few

if TYPE_CHECKING:
    from collections.abc import Collection

    from vcmodel.reml.components import Component
    from vcmodel.reml.estimate import Estimate

# parameters of a group, and groups, named in a sentence
MOST_ROWS, MOST_GROUPS = 10, 4


def confounding_notes(estimate: Estimate, explained: Collection[int]) -> list[str]:
    """One sentence for the groups of parameters of the same terms of which only a combination is determined, one for those unknown alone.

    Parameters
    ----------
    explained : collection of int
        Components whose parameters another note has spoken of.
    """
    if estimate.status is Status.UNBOUNDED:  # the information is lost in rounding there, whatever the data determine
        return []
    components = estimate.components
    alone: list[str] = []
    joined: dict[tuple[str, ...], list[tuple[tuple[int, int], ...]]] = {}
    for group in sorted(estimate.identifiability.confounded):
        members = {c for c, _ in group}
        if not group or members <= set(explained):
            continue
        if len(group) == 1:
            (c, i) = group[0]
            alone.append(components[c].rows[i])
            continue
        # sections of a residual are one here
        key = tuple(components[c].label if components[c].is_random else "" for c in sorted(members))
        joined.setdefault(key, []).append(group)
    result = []
    for groups in joined.values():
        rows = "; ".join(few([components[c].rows[i] for c, i in group], MOST_ROWS) for group in groups[:MOST_GROUPS])
        more = f"; … ({len(groups)} groups in all)" if len(groups) > MOST_GROUPS else ""
        combination = "a combination of them" if len(groups) == 1 else "a combination of each group"
        remedy = _remedy(estimate, sorted({c for group in groups for c, _ in group}))
        result.append(f"the data cannot separate {rows}{more}: only {combination} is determined (code S); {remedy}")
    if alone:
        result.append(
            f"the data carry no information on {few(alone, MOST_ROWS)} (code S): leave out what they describe, or fix them with bounds"
        )
    return result


def _remedy(estimate: Estimate, members: list[int]) -> str:
    """What to do about components of which only a combination is determined."""
    components = [estimate.components[c] for c in members]
    random = [component for component in components if component.is_random]
    residual = [component for component in components if not component.is_random]
    if len(components) == 1 or not random:
        return f"give {few([component.label for component in components])} a structure with fewer parameters"
    spare = [component for component in random if not has_covariances(component)]
    if residual and len(spare) == len(random) > 1:
        labels = few([component.label for component in spare])
        hold = held_at_error(residual[0].rows[0])
        return f"without repeated records their variances are part of the residual: leave out one of {labels}, or {hold}"
    if not residual or (spare and len(random) > 1):
        return _among_terms(estimate, random)
    return _leave_out(estimate, spare[0], residual) if spare else _beside_residual(estimate, random[0], residual)


def _among_terms(estimate: Estimate, random: list[Component]) -> str:
    """Random terms that describe the same effects: the one that says least is the one to do without."""
    spare = min(reversed(random), key=lambda component: (has_covariances(component), len(component.rows)))
    others = [component.label for component in random if component is not spare]
    if all(len(component.rows) == len(spare.rows) for component in random):
        return f"the terms describe the same effects: leave out one of {few([component.label for component in random])}"
    return f"what {written(estimate, spare)} describes is part of {few(others)}: leave out {written(estimate, spare)}"


def _leave_out(estimate: Estimate, spare: Component, residual: list[Component]) -> str:
    """A term without covariances whose levels have one record each: the residual is the same."""
    term = spec_of(estimate, spare)
    name = few([component.label for component in residual])
    factors = of_kind(term.factors, StructuredFactor)
    if len(factors) == 1 and len(residual) == 1 and spare.structure.size > 1 and len(estimate.design.frame.responses) == 1:
        sections = f"residual='dsum(~ units | {factors[0].factor})'"
        return f"{sections} has the same variances in place of {written(estimate, spare)}, or {held_at_error(residual[0].rows[0])}"
    same = "variance is" if len(spare.rows) == 1 else "variances are"
    return f"without repeated records of its levels its {same} part of the residual ({name}): leave out {written(estimate, spare)}"


def _beside_residual(estimate: Estimate, component: Component, residual: list[Component]) -> str:
    """A term with covariances whose levels have one record each: it can take the residual's place."""
    hold = held_at_error(residual[0].rows[0])
    whole = as_residual(estimate, component)
    if whole is not None:
        return (
            "the covariances are determined, but with one record for each combination not how the variances divide: write the term as the "
            f"residual, {whole}, or {hold}"
        )
    if any(has_covariances(other) for other in residual):
        return (
            f"without repeated records of its levels, or a relationship between them, {written(estimate, component)} and the residual "
            "describe the same covariances, and only their sum is determined; repeat the records, or fit the residual alone for the sum"
        )
    return f"repeat the records of the levels of {written(estimate, component)}, or {hold}"
