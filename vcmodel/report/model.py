"""A model without data, as it was understood."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vcmodel.report.table import wrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vcmodel.spec import Condition, FactorSpec, FixedTerm, ModelSpec, TermSpec

INDENT = " " * 12


def describe(spec: ModelSpec) -> str:
    """The responses, the fixed terms, and for each random term and residual section its label, matrix and levels."""
    lines = [wrapped(", ".join(spec.responses), "responses   ", INDENT)]
    lines.append(wrapped(", ".join(_fixed(term) for term in spec.fixed) or "none", "fixed       ", INDENT))
    for i, term in enumerate(spec.random):
        lines.append(wrapped(_random(term), "random      " if i == 0 else INDENT, INDENT + "  "))
    if not spec.random:
        lines.append("random      none")
    for i, section in enumerate(spec.residual.alternatives):
        where = ""
        if spec.residual.section is not None:
            levels = "every level" if section.levels is None else "level " + ", ".join(section.levels)
            where = f", for {levels} of {spec.residual.section} a section of its own"
        text = f"{section.label}: {_covariance(section.factors)}{where}"
        lines.append(wrapped(text, "residual    " if i == 0 else INDENT, INDENT + "  "))
    return "\n".join(lines)


def _fixed(term: FixedTerm) -> str:
    if term.implied:
        return f"{term.text} (not written; left out where other terms give every trait a mean)"
    text = "intercept" if term.is_intercept else term.text
    kinds = []
    if term.factors:
        kinds.append(f"{', '.join(term.factors)} as factor")
    if term.covariates:
        kinds.append(f"{', '.join(term.covariates)} as covariate")
    if term.bare:
        kinds.append(f"{', '.join(term.bare)} factor if text, else covariate")
    return f"{text} ({'; '.join(kinds)})" if kinds else text


def _random(term: TermSpec) -> str:
    inner = " beside ".join(member.label for member in term.members)
    parts = [f"{term.label}: {_covariance(term.factors)}"]
    if inner:
        parts.append(f"over {inner}")
    if term.conditions:
        parts.append("where " + " and ".join(_condition(item) for item in term.conditions))
    if term.covariates:
        parts.append(f"times covariate {' times '.join(term.covariates)}")
    return ", ".join(parts)


def _condition(condition: Condition) -> str:
    if condition.levels is None:
        return f"{condition.factor} is each of its levels (one term each)"
    return f"{condition.factor} is {' or '.join(condition.levels)}"


def _covariance(factors: Sequence[FactorSpec]) -> str:
    """The Kronecker product in words."""
    return " x ".join(item.describe() for item in factors)
