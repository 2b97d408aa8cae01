"""Which traits have an intercept, written or spanned by other fixed terms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vcmodel.design.levels import is_number
from vcmodel.spec import Condition, FixedTerm

if TYPE_CHECKING:
    from vcmodel.design.frame import Frame


def kept_means(terms: Sequence[FixedTerm], frame: Frame) -> tuple[FixedTerm, ...]:
    """The terms without an implied intercept per trait where the others give every trait one already."""
    others = tuple(term for term in terms if not term.implied)
    return others if len(others) < len(terms) and not _without_mean(others, frame, shared=False) else tuple(terms)


def means_missing(terms: Sequence[FixedTerm], frame: Frame) -> tuple[str, ...]:
    """A note on the traits that have no intercept, when there are several responses."""
    lacking = _without_mean(terms, frame, shared=True) if len(frame.responses) > 1 else ()
    if not lacking:
        return ()
    what = "these traits go" if len(lacking) > 1 else "this trait goes"
    return (
        f"fixed: no intercept for {', '.join(lacking)}, so that the regressions of {what} through the origin; "
        "write trait + ... for a mean of each trait",
    )


def _without_mean(terms: Sequence[FixedTerm], frame: Frame, shared: bool) -> tuple[str, ...]:
    """The traits whose mean no term spans; with `shared` a mean common to all traits counts for each."""
    left = dict.fromkeys(frame.responses)
    at_levels: dict[tuple[str, str], set[str]] = {}
    for term in terms:
        if not all_factors(term, frame):
            continue
        traits = [condition for condition in term.conditions if condition.factor == "trait"]
        if not (shared or traits or term.by_trait):
            continue
        others = [condition for condition in term.conditions if condition.factor != "trait"]
        named = set(traits[0].levels or frame.responses) if traits else set(frame.responses)
        if len(others) == 1:  # the levels of at() may be spread over several terms
            for trait in named:
                at_levels.setdefault((trait, others[0].factor), set()).update(_levels(others[0], frame))
            named = {t for t in named if at_levels[t, others[0].factor] >= set(frame.cell_factor(others[0].factor).labels)}
        elif any(not set(frame.cell_factor(item.factor).labels) <= set(_levels(item, frame)) for item in others):
            continue
        for trait in named:
            left.pop(trait, None)
    return tuple(left)


def _levels(condition: Condition, frame: Frame) -> tuple[str, ...]:
    return frame.cell_factor(condition.factor).labels if condition.levels is None else condition.levels


def all_factors(term: FixedTerm, frame: Frame) -> bool:
    """Whether the columns of a term without covariates add up to one in every row."""
    return not term.covariates and not any(is_number(frame.table[name]) for name in term.bare)
