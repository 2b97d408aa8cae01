"""Terms that several traits share because ``trait`` does not stand in them: one mean, one slope, one effect for all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.design.caution import Caution
from vcmodel.design.levels import is_number
from vcmodel.formula.fixed import makes_factor
from vcmodel.formula.terms import FixedTerm, TermSpec
from vcmodel.formula.tree import Expression, Name
from vcmodel.spec import IdentityFactor, of_kind
from vcmodel.text import few

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vcmodel.design.frame import Frame
    from vcmodel.spec import Condition, FactorSpec, ModelSpec

# traits whose standard deviations differ by less may be measurements of one thing, with one variance
_SAME_SCALE = 2.0


def shared_by_traits(spec: ModelSpec, frame: Frame) -> Iterator[Caution]:
    """Cautions about a model of several responses."""
    if len(spec.responses) > 1:
        yield from _shared_fixed(spec, frame)
        yield from _shared_random(spec)
        yield from _one_variance(spec, frame)


# --- fixed --------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Reach:
    """What a fixed term is a term of.

    Attributes
    ----------
    parts : frozenset
        What it multiplies, ``at()`` over all levels as its factor; empty for an intercept.
    factors : frozenset
        Those of `parts` that are factors.
    where : frozenset
        Conditions at levels that are named.
    traits : frozenset
        Traits of which it has effects of their own; empty when shared.
    """

    parts: frozenset[str]
    factors: frozenset[str]
    where: frozenset[Condition]
    traits: frozenset[str]

    def contains(self, other: _Reach) -> bool:
        """Whether its effects, summed over the levels of further factors, are those of `other` for its own traits."""
        return self.where == other.where and other.parts <= self.parts and self.parts - other.parts <= self.factors


def _reach(term: FixedTerm, frame: Frame) -> _Reach:
    parts, factors = set(), set()
    for part in term.parts:
        if isinstance(part, Name):
            names = [part.column]
            is_factor = not is_number(frame.table[part.column])
        else:
            is_factor = makes_factor(part)
            names = [name for item in part.arguments if isinstance(item, Expression) for name in item.names]
        name = names[0] if is_factor else str(part)
        parts.add(name)
        factors |= {name} if is_factor else set()
    own = frozenset(frame.responses) if term.by_trait else frozenset()
    for condition in term.conditions:
        if condition.factor == "trait":
            own = frozenset(condition.levels or frame.responses)
        elif condition.levels is None:
            parts.add(condition.factor)
            factors.add(condition.factor)
    where = frozenset(item for item in term.conditions if item.factor != "trait" and item.levels is not None)
    return _Reach(frozenset(parts), frozenset(factors), where, own)


def _shared_fixed(spec: ModelSpec, frame: Frame) -> Iterator[Caution]:
    reaches = [_reach(term, frame) for term in spec.fixed]
    shared = []
    for term, reach in zip(spec.fixed, reaches, strict=True):
        own = {trait for other in reaches if other.traits and other.contains(reach) for trait in other.traits}
        # beside effects of all traits but one, the shared effect is that one's
        if not reach.traits and len(own) < len(spec.responses) - 1:
            shared.append(term)
    traits = few(spec.responses)
    if any(term.is_intercept for term in shared):
        yield Caution(f"fixed: {traits} have one mean together: write `trait` for a mean of each, {' + '.join(spec.responses)} ~ trait")
    others = [term.text for term in shared if not term.is_intercept]
    if others:
        yield Caution(
            f"fixed: the effects of {few(others)} are shared by {traits}: write {few([f'trait:{text}' for text in others])} "
            "for effects on each"
        )


# --- random -------------------------------------------------------------------------------------------------------------------------


def _shared_random(spec: ModelSpec) -> Iterator[Caution]:
    """Random effects that all traits have in common; beside the same effects by trait they are half of a model, and no warning."""
    singles = [(term, single) for term in spec.random for single in term.members or (term,)]
    by_trait = {_effects(single) for _, single in singles if _has_trait(single)}
    first, second = spec.responses[:2]
    for term in dict.fromkeys(term for term, single in singles if not _has_trait(single)):
        # the rows' own: confounded with the residual, which is said elsewhere
        if [item.factor for item in term.factors] == ["units"]:
            continue
        if term.members:
            inner = term.members[0].text
            remedy = f"join the terms of each trait, at(trait, '{first}'):{inner} + at(trait, '{second}'):{inner}"
        elif any(item.carries_variance for item in term.factors):
            remedy = f"write at(trait):{term.text} for effects of each trait"
        else:
            remedy = f"write us(trait):{term.text}, or diag(trait):{term.text} without covariances, for effects of each trait"
        warns = not all(_effects(single) in by_trait for single in term.members or (term,))
        yield Caution(f"{term.text}: its effects are shared by {few(spec.responses)}: {remedy}", warns)


def _effects(term: TermSpec) -> object:
    """What a random term has effects of, apart from traits."""
    factors = frozenset(item.factor for item in term.factors if item.factor != "trait")
    return factors, frozenset(item for item in term.conditions if item.factor != "trait"), frozenset(term.covariates)


def _has_trait(term: TermSpec) -> bool:
    return "trait" in {item.factor for item in term.factors} | {item.factor for item in term.conditions}


def _one_variance(spec: ModelSpec, frame: Frame) -> Iterator[Caution]:
    """``trait:Family`` and ``units:trait``: effects of each trait with the variance of all."""
    deviations = np.array([np.std(frame.y[frame.trait == j]) for j in range(len(frame.responses))])
    warns = bool(deviations.max() > _SAME_SCALE * deviations.min())
    products: list[tuple[str, tuple[FactorSpec, ...]]] = [(term.text, term.factors) for term in spec.random]
    products += [(section.text, section.factors) for section in spec.residual.alternatives]
    for text, factors in products:
        trait = next((item for item in of_kind(factors, IdentityFactor) if item.factor == "trait"), None)
        if trait is None:
            continue
        others = [item for item in factors if item is not trait]
        own = "at(trait)" if any(item.carries_variance for item in others) else "diag(trait)"
        written = ":".join([own, *(item.text for item in others)])
        yield Caution(f"{text}: {few(spec.responses)} have one variance together: write {written} for a variance of each", warns)
