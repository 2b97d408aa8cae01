"""What the terms of a model mean, before data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from vcmodel.formula.conditions import Condition, condition_label
from vcmodel.formula.factor_specs import FactorSpec
from vcmodel.formula.tree import Call, Name, Product

Place = tuple[Literal["factors", "conditions", "covariates"], int]


@dataclass(frozen=True)
class TermSpec:
    """A random term: a product of factors, conditions and covariates; or str() over consecutive terms (`members` not empty).

    Attributes
    ----------
    text : str
        As written.
    label : str
        The ASReml-style label: factors joined by ``:``, structure calls removed.
    factors, conditions, covariates : tuples
        Of :class:`FactorSpec`, :class:`Condition`, and column names (``lin(x)``), each in the order written.
    order : tuple of (str, int)
        The order of the parts in the label: which of the three tuples above each stands in, and its place there.
    members : tuple of TermSpec
        For ``str(~ a + b, ~ us(2):vm(a, K))``: the terms a and b; `factors` then holds the structures of the second argument.
    """

    text: str = field(compare=False)
    label: str
    factors: tuple[FactorSpec, ...]
    conditions: tuple[Condition, ...] = ()
    covariates: tuple[str, ...] = ()
    order: tuple[Place, ...] = ()
    members: tuple[TermSpec, ...] = ()

    def at(self, conditions: tuple[Condition, ...]) -> TermSpec:
        """The term under other conditions on the same factors, labelled ``at(f, 'level'):x``."""
        if conditions == self.conditions:
            return self
        return replace(self, label=term_label(self.factors, conditions, self.covariates, self.order), conditions=conditions)


@dataclass(frozen=True)
class SectionSpec:
    """One alternative of a residual: the product `factors`, used for `levels` of the section factor (None: all levels)."""

    text: str = field(compare=False)
    factors: tuple[FactorSpec, ...]
    levels: tuple[str, ...] | None = None

    @property
    def label(self) -> str:
        """The factors joined by ``:``, structure calls removed."""
        return ":".join(item.label for item in self.factors)


@dataclass(frozen=True)
class ResidualSpec:
    """The residual: one or several :class:`SectionSpec`, split over `section` (a column, or None for one section)."""

    section: str | None
    alternatives: tuple[SectionSpec, ...]


@dataclass(frozen=True)
class FixedTerm:
    """One fixed term.

    Attributes
    ----------
    text : str
        As written; ``"1"`` for the intercept.
    parts : tuple of Name or Call
        The factors without ``trait`` and conditions, each evaluated by itself.
    by_trait : bool
        Whether ``trait`` is one of its factors.
    conditions : tuple of Condition
        ``at(f, levels)``.
    factors : tuple of str
        Columns that ``C()`` makes factors of.
    covariates : tuple of str
        Columns used as numbers inside another function.
    bare : tuple of str
        Columns that stand by themselves: a factor if text or categorical, else a covariate.
    implied : bool
        Whether the term was not written: the means of several traits, left out where the other terms give every trait one.
    """

    text: str = field(compare=False)
    parts: tuple[Name | Call, ...]
    by_trait: bool
    conditions: tuple[Condition, ...] = ()
    factors: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()
    bare: tuple[str, ...] = ()
    implied: bool = False

    @property
    def is_intercept(self) -> bool:
        """Whether it is the intercept of all responses together."""
        return not (self.parts or self.by_trait or self.conditions)

    @property
    def rest(self) -> str:
        """The parts as text; ``"1"`` if there are none."""
        return str(Product(self.parts))

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column of the parts."""
        return tuple(dict.fromkeys((*self.bare, *self.factors, *self.covariates)))


def term_label(factors: Sequence[FactorSpec], conditions: Sequence[Condition], covariates: Sequence[str], order: Sequence[Place]) -> str:
    """The ASReml-style label: the parts in the given order, joined by ``:``."""
    words = {
        "factors": [item.label for item in factors],
        "conditions": [condition_label(item) for item in conditions],
        "covariates": [f"lin({name})" for name in covariates],
    }
    return ":".join(words[kind][place] for kind, place in order)
