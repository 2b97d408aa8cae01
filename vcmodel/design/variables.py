"""Which columns a model uses, where, and as what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from vcmodel.formula.tree import RESERVED
from vcmodel.spec import Condition, FactorSpec, KnownFactor, ModelSpec, TermSpec, of_kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Kind = Literal["factor", "covariate", "coordinate", "bare"]


@dataclass(frozen=True)
class Use:
    """One use of a column.

    Attributes
    ----------
    column : str
        Its name.
    kind : str
        ``"factor"``, ``"covariate"``, ``"coordinate"``, or ``"bare"`` (a name in `fixed`, decided by its type).
    part : str
        ``"fixed"``, ``"random"`` or ``"residual"``.
    term : str
        The term, for messages.
    conditions : tuple of Condition
        Only rows (and traits) that meet them need the column.
    relationship : str
        Name of the known relationship over its levels; empty without one.
    """

    column: str
    kind: Kind
    part: str
    term: str
    conditions: tuple[Condition, ...] = ()
    relationship: str = ""


def column_uses(spec: ModelSpec) -> tuple[Use, ...]:
    """Every use of a column in the order of the formulas; ``trait`` and ``units`` are no columns."""
    found: list[Use] = []
    for term in spec.fixed:
        found += _conditions(term.conditions, "fixed", term.text)
        found += [Use(name, "bare", "fixed", term.text, term.conditions) for name in term.bare]
        found += [Use(name, "factor", "fixed", term.text, term.conditions) for name in term.factors]
        found += [Use(name, "covariate", "fixed", term.text, term.conditions) for name in term.covariates]
    for random in spec.random:
        shared = next((item.relationship for item in of_kind(random.factors, KnownFactor) if random.members), "")
        for member in random.members or (random,):
            found += _conditions(member.conditions, "random", random.text)
            found += _factors(member.factors, "random", random.text, member.conditions, shared)
            found += [Use(name, "covariate", "random", random.text, member.conditions) for name in member.covariates]
    section = spec.residual.section
    if section is not None:
        found.append(Use(section, "factor", "residual", spec.residual.alternatives[0].text))
    for alternative in spec.residual.alternatives:
        where = () if section is None else (Condition(section, alternative.levels),)
        found += _factors(alternative.factors, "residual", alternative.text, where)
    return tuple(found)


def reserved_in_use(spec: ModelSpec) -> tuple[str, ...]:
    """Which of ``trait`` and ``units`` the model mentions."""
    names = {"trait" for term in spec.fixed if term.by_trait}
    parts: Iterable[FactorSpec] = [item for term in _all_terms(spec) for item in term.factors]
    names |= {item.factor for item in (*parts, *(item for section in spec.residual.alternatives for item in section.factors))}
    conditions = [*(term.conditions for term in spec.fixed), *(term.conditions for term in _all_terms(spec))]
    names |= {condition.factor for own in conditions for condition in own}
    return tuple(name for name in RESERVED if name in names)


def _all_terms(spec: ModelSpec) -> Iterator[TermSpec]:
    for term in spec.random:
        yield term
        yield from term.members


def _conditions(conditions: tuple[Condition, ...], part: str, term: str) -> list[Use]:
    return [Use(item.factor, "factor", part, term) for item in conditions if item.factor not in RESERVED]


def _factors(factors: tuple[FactorSpec, ...], part: str, term: str, conditions: tuple[Condition, ...], relationship: str = "") -> list[Use]:
    return [
        Use(column, item.source.use, part, term, conditions, item.relationship if isinstance(item, KnownFactor) else relationship)
        for item in factors
        for column in item.columns()
    ]
