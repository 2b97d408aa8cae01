"""What a model means, before data: terms, structures and conditions, checked against the registry."""

from __future__ import annotations

from dataclasses import dataclass

from vcmodel.errors import FormulaError
from vcmodel.formula.factors import carries_variance
from vcmodel.formula.fixed import fixed_terms
from vcmodel.formula.random import random_terms
from vcmodel.formula.residual import residual_of
from vcmodel.formula.terms import Condition, FactorSpec, FixedTerm, ResidualSpec, SectionSpec, TermSpec, expand_condition
from vcmodel.structures import registry

__all__ = [
    "Condition",
    "FactorSpec",
    "FixedTerm",
    "ModelSpec",
    "ResidualSpec",
    "SectionSpec",
    "TermSpec",
    "build_spec",
    "describe",
    "expand_condition",
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
        random = tuple(single for term in self.random for single in _single_levels(term))
        # the sections of a residual have no order, and those alike may be written together
        sections = frozenset((level, item.factors) for item in self.residual.alternatives for level in item.levels or (None,))
        return self.responses, self.fixed, random, self.residual.section, sections


def _single_levels(term: TermSpec) -> list[TermSpec]:
    """The terms that ``at(f, 'a', 'b'):x`` stands for, one for each level named."""
    for position, condition in enumerate(term.conditions):
        if condition.levels is not None and len(condition.levels) > 1:
            return [item for level in condition.levels for item in _single_levels(expand_condition(term, position, level))]
    return [term]


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


def describe(spec: ModelSpec) -> str:
    """The model in words: responses, terms with their structures and parameters, and what each name is taken for.

    >>> print(describe(build_spec("yield ~ nitrogen", "block + block:variety")))
    responses  yield
    fixed      1
               nitrogen
    random     block: 1 variance
               block:variety: 1 variance
    residual   units (id(units)): 1 variance
    names      factors: block, variety; by type (text is a factor, numbers are a covariate): nitrogen
    """
    several = len(spec.responses) > 1
    sections: list[tuple[str, list[str]]] = [
        ("responses", [", ".join(spec.responses) + (" (the levels of trait)" if several else "")]),
        ("fixed", [_fixed_line(term, several) for term in spec.fixed] or ["nothing: mean zero"]),
        ("random", [_random_line(term, spec.responses) for term in spec.random] or ["none"]),
        ("residual", [_residual_line(item, spec) for item in spec.residual.alternatives]),
        ("names", [_names_line(spec)]),
    ]
    lines = [
        f"{title if first else '':<11}{text}"
        for title, texts in sections
        for first, text in ((i == 0, text) for i, text in enumerate(texts))
    ]
    return "\n".join(lines)


def _fixed_line(term: FixedTerm, several: bool) -> str:
    if not several or term.conditions:
        return term.text
    if term.implied:
        return f"{term.text} (a mean per trait, not written)"
    if not term.by_trait:
        return f"{term.text} (common to all traits)"
    return f"{term.text} (a mean per trait)" if not term.parts else f"{term.text} (per trait)"


def _random_line(term: TermSpec, responses: tuple[str, ...]) -> str:
    written = "" if term.text == term.label else f" ({term.text})"
    each = [f"at({item.factor})" for item in term.conditions if item.levels is None or len(item.levels) > 1]
    repeated = f", a term for each level of {', '.join(each)}" if each else ""
    return f"{term.label}{written}: {_parameters(term.factors, responses)}{repeated}"


def _residual_line(item: SectionSpec, spec: ModelSpec) -> str:
    section = spec.residual.section
    where = "" if section is None else f" in {'each level' if item.levels is None else 'level ' + ', '.join(item.levels)} of {section}"
    written = "" if item.text == item.label else f" ({item.text})"
    return f"{item.label}{written}{where}: {_parameters(item.factors, spec.responses)}"


def _parameters(factors: tuple[FactorSpec, ...], responses: tuple[str, ...]) -> str:
    """``us over trait, 3 parameters; known relationship A over animal``."""
    parts = []
    for item in factors:
        if item.role == "known":
            parts.append(f"known relationship {item.relationship} over {item.factor}")
        if item.role != "structure":
            continue
        what = f"{item.structure} over {item.factor}"
        if item.factor == "trait" or item.size:
            levels = responses if item.factor == "trait" else tuple(str(i + 1) for i in range(item.size))
            count = len(registry.build(item.structure, item.factor, levels, *item.arguments).parameters)
            parts.append(f"{what}, {count} parameter{'s' if count != 1 else ''}")
        else:
            parts.append(f"{what}, {registry.structure_class(item.structure).count} parameters (w levels)")
    if not any(item.role == "structure" and carries_variance(item) for item in factors):
        parts.insert(0, "1 variance")
    return "; ".join(parts)


def _names_line(spec: ModelSpec) -> str:
    taken: dict[str, dict[str, None]] = {"factors": {}, "covariates": {}, "by type (text is a factor, numbers are a covariate)": {}}
    factors, covariates, bare = taken.values()
    for fixed in spec.fixed:
        factors.update(dict.fromkeys([*fixed.factors, *(item.factor for item in fixed.conditions)]))
        covariates.update(dict.fromkeys(fixed.covariates))
        bare.update(dict.fromkeys(fixed.bare))
    for term in (member for item in spec.random for member in item.members or (item,)):
        factors.update(dict.fromkeys([*(item.factor for item in term.conditions), *(item.factor for item in term.factors)]))
        covariates.update(dict.fromkeys(term.covariates))
    if spec.residual.section is not None:
        factors[spec.residual.section] = None
    factors.update(dict.fromkeys(item.factor for section in spec.residual.alternatives for item in section.factors))
    for name in ("trait", "units"):
        factors.pop(name, None)
    for name in factors:
        bare.pop(name, None)
    return "; ".join(f"{what}: {', '.join(names)}" for what, names in taken.items() if names) or "no columns but the responses"
