"""How a term is asked for: as written, by its label, or by its one distinguishing factor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vcmodel.errors import FormulaError, VcmodelError, choices

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vcmodel.reml.estimate import Estimate
    from vcmodel.spec import FactorSpec, TermSpec

# factors every term may have: they distinguish nothing
COMMON = {"trait", "units"}


def find_component(estimate: Estimate, term: str, *, random_only: bool = False) -> int:
    """Position among the components of the one that `term` names.

    Tried in this order: the label, the same factors in any order as in the label or as written, ``"residual"``, a single factor.

    Raises
    ------
    VcmodelError
        None or several fit; the message lists the labels.
    """
    indices = [i for i, component in enumerate(estimate.components) if component.is_random or not random_only]
    labels = {i: estimate.components[i].label for i in indices}
    if not isinstance(term, str):
        raise VcmodelError(f"a term is named by text, not {type(term).__name__}; the terms are: {', '.join(labels.values())}")
    products = _products(term)
    residual = products in (_products("residual"), _products("units"))
    ways = (
        lambda i: labels[i] == term,  # which need not be a formula: the name of a section
        lambda i: products is not None and products == _products(labels[i]),
        lambda i: products is not None and products == _products(_written(estimate, i)),
        lambda i: residual and not estimate.components[i].is_random,
        lambda i: not _names(estimate, i).isdisjoint({term, *_single(products)}),
    )
    found = next((matches for way in ways if (matches := [i for i in indices if way(i)])), [])
    if len(found) == 1:
        return found[0]
    if found:
        raise VcmodelError(f"{term!r} names several terms: {', '.join(repr(labels[i]) for i in found)}; use one of these labels")
    if random_only and residual:
        menu = ", ".join(labels.values()) or "none"
        raise VcmodelError(f"{term!r} has no random effects; see fit.residuals. The random terms are: {menu}")
    if not indices:
        raise VcmodelError(f"no term {term!r}: the model has no random terms")
    raise VcmodelError(f"no term {term!r}; {choices(term, labels.values(), 'terms')}")


def _products(text: str) -> frozenset[frozenset[str]] | None:
    """What a text says as the terms of a formula, whatever its spaces, quotes and order; None where it is no formula.

    >>> _products("at(R, 'P'):f") == _products('f : at(R, "P")')
    True
    """
    # importing the package loads no SciPy
    from vcmodel.formula.algebra import key
    from vcmodel.formula.parser import parse_random

    try:
        return frozenset(key(product) for product in parse_random(text))
    except FormulaError:
        return None


def _single(products: frozenset[frozenset[str]] | None) -> frozenset[str]:
    """The factor, if it is a single one."""
    only = next(iter(products), frozenset()) if products is not None and len(products) == 1 else frozenset()
    return only if len(only) == 1 else frozenset()


def _written(estimate: Estimate, index: int) -> str:
    component = estimate.components[index]
    if component.is_random:
        return estimate.design.terms[component.index].spec.text
    residual = estimate.design.spec.residual
    return residual.alternatives[0].text if residual.section is None else ""


def _names(estimate: Estimate, index: int) -> set[str]:
    """The names by which a random term alone may be asked for: its columns, but not ``trait``, which says nothing."""
    component = estimate.components[index]
    if not component.is_random:
        return set()
    spec: TermSpec = estimate.design.terms[component.index].spec
    inner: Iterable[FactorSpec] = [factor for term in (spec, *spec.members) for factor in term.factors]
    names = {name for factor in inner for name in (factor.factor, factor.label, factor.text) if name}
    return (names | {member.label for member in spec.members}) - COMMON


def matrix_levels(estimate: Estimate, index: int) -> tuple[str, ...]:
    """The k labels of a component's matrix; a (1, 1) matrix is labelled by the component."""
    component = estimate.components[index]
    return (component.label,) if component.structure.size == 1 and component.structure.levels == ("",) else component.structure.levels
