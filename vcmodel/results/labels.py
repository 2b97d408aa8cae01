"""How a term is asked for: as written, by its label, or by its one distinguishing factor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vcmodel.errors import VcmodelError, choices

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vcmodel.reml.estimate import Estimate
    from vcmodel.spec import FactorSpec, TermSpec

# factors every term may have: they distinguish nothing
COMMON = {"trait", "units"}


def squeezed(text: str) -> str:
    """`text` without spaces and with one kind of quote, for comparing what was typed.

    >>> squeezed('at(R, "P") : f')
    "at(R,'P'):f"
    """
    return "".join(text.split()).replace('"', "'")


def split_product(text: str) -> list[str]:
    """The factors of a product, split at the colons outside brackets and quotes.

    >>> split_product("at(R, 'a:b'):f")
    ["at(R, 'a:b')", 'f']
    """
    parts, depth, quote = [""], 0, ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"`":
            quote = letter
        elif letter in "([":
            depth += 1
        elif letter in ")]":
            depth -= 1
        elif letter == ":" and depth == 0:
            parts.append("")
            continue
        parts[-1] += letter
    return parts


def find_component(estimate: Estimate, term: str, *, random_only: bool = False) -> int:
    """Position among the components of the one that `term` names.

    Tried in this order: the label, the term as written, the same factors in another order, ``"residual"``, a single factor.

    Raises
    ------
    VcmodelError
        None or several fit; the message lists the labels.
    """
    indices = [i for i, component in enumerate(estimate.components) if component.is_random or not random_only]
    labels = {i: estimate.components[i].label for i in indices}
    if not isinstance(term, str):
        raise VcmodelError(f"a term is named by text, not {type(term).__name__}; the terms are: {', '.join(labels.values())}")
    wanted = squeezed(term).lstrip("~")
    written = {i: squeezed(_written(estimate, i)) for i in indices}
    names = {i: _names(estimate, i) for i in indices}
    ways = [
        [i for i in indices if labels[i] == term],  # blanks and a leading ~ may be part of a column's name
        [i for i in indices if squeezed(labels[i]) == wanted],
        [i for i in indices if written[i] == wanted],
        [i for i in indices if sorted(split_product(squeezed(labels[i]))) == sorted(split_product(wanted))],
        [i for i in indices if sorted(split_product(written[i])) == sorted(split_product(wanted))],
        [i for i in indices if wanted in ("residual", "units") and not estimate.components[i].is_random],
        [i for i in indices if wanted in names[i]],
    ]
    found = next((matches for matches in ways if matches), [])
    if len(found) == 1:
        return found[0]
    if found:
        raise VcmodelError(f"{term!r} names several terms: {', '.join(repr(labels[i]) for i in found)}; use one of these labels")
    if random_only and wanted in ("residual", "units"):
        menu = ", ".join(labels.values()) or "none"
        raise VcmodelError(f"{term!r} has no random effects; see fit.residuals. The random terms are: {menu}")
    if not indices:
        raise VcmodelError(f"no term {term!r}: the model has no random terms")
    raise VcmodelError(f"no term {term!r}; {choices(term, labels.values(), 'terms')}")


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
    names = {squeezed(name) for factor in inner for name in (factor.factor, factor.label, factor.text) if name}
    names |= {squeezed(member.label) for member in spec.members}
    return names - COMMON


def matrix_levels(estimate: Estimate, index: int) -> tuple[str, ...]:
    """The k labels of a component's matrix; a (1, 1) matrix is labelled by the component."""
    component = estimate.components[index]
    return (component.label,) if component.structure.size == 1 and component.structure.levels == ("",) else component.structure.levels


def shown(names: Sequence[str], most: int = 6) -> str:
    """A list of names for a message, cut after `most`.

    >>> shown(["a", "b", "c"], 2)
    'a, b, … (3 in all)'
    """
    return ", ".join(names) if len(names) <= most else f"{', '.join(names[:most])}, … ({len(names)} in all)"
