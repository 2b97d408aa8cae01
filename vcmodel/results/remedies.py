"""Parts of advice that several notes share: how a term was written, and the models that say the same without what cannot be determined."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vcmodel.formula.factor_specs import IdentityFactor, StructuredFactor, of_kind

if TYPE_CHECKING:
    from vcmodel.formula.terms import TermSpec
    from vcmodel.reml.components import Component
    from vcmodel.reml.estimate import Estimate


def spec_of(estimate: Estimate, component: Component) -> TermSpec:
    """The specification of a random term."""
    return estimate.design.terms[component.index].spec


def written(estimate: Estimate, component: Component) -> str:
    """A random term as the user wrote it."""
    return spec_of(estimate, component).text or component.label


def has_covariances(component: Component) -> bool:
    """Whether a matrix has entries off its diagonal."""
    return bool(np.any(component.structure.pattern() & ~np.eye(component.structure.size, dtype=bool)))


def held_at_error(row: str) -> str:
    """How a residual variance is held."""
    return f"hold {row} at a known error variance (start={{{row!r}: value}}, bounds={{{row!r}: 'F'}})"


def as_residual(estimate: Estimate, component: Component) -> str | None:
    """The residual that is the same as a random term of one response, ``residual='id(gen):us(env)'``; None where there is none.

    The levels of such a term are independent, and each has one record at each level of its structure.
    """
    term, spec = estimate.design.terms[component.index], spec_of(estimate, component)
    structured = of_kind(spec.factors, StructuredFactor)
    inner = [item.factor for item in of_kind(spec.factors, IdentityFactor)]
    plain = not (spec.members or spec.conditions or spec.covariates) and len(estimate.design.frame.responses) == 1
    if not plain or len(structured) != 1 or not inner or len(inner) != len(spec.factors) - 1:
        return None
    if term.incidence.nnz != estimate.design.y.size or np.max(np.bincount(term.incidence.indices)) > 1:
        return None
    return f"residual='id({':'.join(inner)}):{structured[0].text}'"
