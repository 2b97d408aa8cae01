"""What the terms of a model mean, before data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from vcmodel.formula.tree import Call, Name, Product


@dataclass(frozen=True)
class FactorSpec:
    """One factor of a product.

    Attributes
    ----------
    role : str
        ``"identity"`` (bare name, id, idv, ide), ``"known"`` (vm, giv, ped), ``"structure"`` (a registry structure over the levels).
    factor : str
        Column, ``trait`` or ``units``; for ``us(2)`` inside str() the text ``"2"``.
    structure : str
        Registry name for role "structure" ("us", "diag", "cor", ...; idh becomes diag); "" otherwise.
    arguments : tuple
        Further arguments of the structure (k of fa, b of corb).
    relationship : str
        Key into ``known`` for role "known".
    label : str
        How the factor stands in the term's label: the bare name, or ``vm(animal, A)``, ``ide(animal)``.
    text : str
        As written: ``us(trait)``.
    size : int
        The number of levels where one stands in place of a factor, ``us(2)`` in str(); else 0.
    """

    role: str
    factor: str
    structure: str = ""
    arguments: tuple[int | float | str, ...] = ()
    relationship: str = ""
    label: str = ""
    text: str = field(default="", compare=False)
    size: int = 0


@dataclass(frozen=True)
class Condition:
    """``at(factor, levels)``; `levels` None means one term per level found in the data."""

    factor: str
    levels: tuple[str, ...] | None


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
    layout : tuple of str
        The order of the parts in the label: "f0", "c0", "x0", "f1" ... (index into factors, conditions, covariates).
    members : tuple of TermSpec
        For ``str(~ a + b, ~ us(2):vm(a, K))``: the terms a and b; `factors` then holds the structures of the second argument.
    """

    text: str = field(compare=False)
    label: str
    factors: tuple[FactorSpec, ...]
    conditions: tuple[Condition, ...] = ()
    covariates: tuple[str, ...] = ()
    layout: tuple[str, ...] = ()
    members: tuple[TermSpec, ...] = ()


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
    def rest(self) -> str:
        """The parts as text; ``"1"`` if there are none."""
        return str(Product(self.parts))

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column of the parts."""
        return tuple(dict.fromkeys((*self.bare, *self.factors, *self.covariates)))


def term_label(
    factors: tuple[FactorSpec, ...], conditions: tuple[Condition, ...], covariates: tuple[str, ...], layout: tuple[str, ...]
) -> str:
    """The ASReml-style label: the parts in the order of `layout`, joined by ``:``."""
    words = {
        **{f"f{i}": item.label for i, item in enumerate(factors)},
        **{f"c{i}": condition_label(item) for i, item in enumerate(conditions)},
        **{f"x{i}": f"lin({name})" for i, name in enumerate(covariates)},
    }
    return ":".join(words[part] for part in layout)


def condition_label(condition: Condition) -> str:
    """``at(R, 'P')``, or ``at(R)`` before the levels are known."""
    levels = "" if condition.levels is None else "".join(f", '{level}'" for level in condition.levels)
    return f"at({condition.factor}{levels})"


def expand_condition(term: TermSpec, index: int, level: str) -> TermSpec:
    """`term` with its condition number `index` narrowed to one `level`, labelled ``at(f, 'level'):x``."""
    conditions = list(term.conditions)
    conditions[index] = Condition(conditions[index].factor, (level,))
    label = term_label(term.factors, tuple(conditions), term.covariates, term.layout)
    return replace(term, label=label, conditions=tuple(conditions))
