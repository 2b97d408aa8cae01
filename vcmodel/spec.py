"""What a model means, before data: terms, structures and conditions, checked against the registry."""

from __future__ import annotations

from dataclasses import dataclass

from vcmodel.errors import FormulaError
from vcmodel.formula.conditions import Condition, each_level
from vcmodel.formula.factor_specs import FactorSpec, IdentityFactor, KnownFactor, StructuredFactor, of_kind
from vcmodel.formula.fixed import fixed_terms
from vcmodel.formula.random import random_terms
from vcmodel.formula.residual import residual_of
from vcmodel.formula.terms import FixedTerm, ResidualSpec, SectionSpec, TermSpec

__all__ = [
    "Condition",
    "FactorSpec",
    "FixedTerm",
    "IdentityFactor",
    "KnownFactor",
    "ModelSpec",
    "ResidualSpec",
    "SectionSpec",
    "StructuredFactor",
    "TermSpec",
    "build_spec",
    "of_kind",
]


@dataclass(frozen=True)
class ModelSpec:
    """A whole model.

    Attributes
    ----------
    responses : tuple of str
        Response columns; the levels of ``trait`` in this order.
    fixed : tuple of FixedTerm
        In formula order.
    random : tuple of TermSpec
        In formula order; ``at()`` not yet expanded.
    residual : ResidualSpec
        Given or default.
    fixed_text, random_text, residual_text : str
        As given.
    """

    responses: tuple[str, ...]
    fixed: tuple[FixedTerm, ...]
    random: tuple[TermSpec, ...]
    residual: ResidualSpec
    fixed_text: str
    random_text: str | None
    residual_text: str | None

    @property
    def meaning(self) -> tuple[object, ...]:
        """What two models share that are the same however they were written, their labels included."""
        random = tuple(term.at(conditions) for term in self.random for conditions in each_level(term.conditions))
        # the sections of a residual have no order, and those alike may be written together
        sections = frozenset((level, item.factors) for item in self.residual.alternatives for level in item.levels or (None,))
        return self.responses, self.fixed, random, self.residual.section, sections


def build_spec(fixed: str, random: str | None = None, residual: str | None = None) -> ModelSpec:
    """The model that three formulas describe, without data.

    Raises
    ------
    FormulaError
        A formula that cannot be read or does not make sense, with the place marked and the fix.
    StructureError
        A structure with arguments it cannot have.

    Examples
    --------
    >>> spec = build_spec("bden + veloc ~ trait", "us(trait):Family", "units:us(trait)")
    >>> spec.responses, [term.label for term in spec.random], spec.residual.alternatives[0].label
    (('bden', 'veloc'), ['trait:Family'], 'units:trait')
    """
    responses, terms = fixed_terms(fixed)
    random_part = () if random is None else random_terms(random, responses)
    residual_part = residual_of(residual, responses)
    _refuse_residual_twin(random_part, residual_part)
    return ModelSpec(responses, terms, random_part, residual_part, fixed, random, residual)


def _refuse_residual_twin(random: tuple[TermSpec, ...], residual: ResidualSpec) -> None:
    """A random term over ``units`` beside a residual over the same factors repeats it."""
    if residual.section is not None:
        return
    own = {item.factor for item in residual.alternatives[0].factors}
    for term in random:
        if (
            "units" in own
            and not term.conditions
            and not term.covariates
            and not term.members
            and {item.factor for item in term.factors} == own
        ):
            raise FormulaError(
                f"{term.text!r} in `random` repeats the residual {residual.alternatives[0].text!r}: leave it out"
                " (the residual is there without being written)"
            )
