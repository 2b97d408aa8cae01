"""The terms of `fixed`: ``trait``, conditions, and the rest as text for formulaic."""

from __future__ import annotations

import keyword

from vcmodel.formula.factors import Reader
from vcmodel.formula.parser import parse_fixed
from vcmodel.formula.terms import Condition, FixedTerm
from vcmodel.formula.tree import Call, Expression, Name


def fixed_terms(text: str) -> tuple[tuple[str, ...], tuple[FixedTerm, ...]]:
    """The responses and the fixed terms in formula order.

    With several responses ``trait`` replaces the intercept: an intercept that was not written is left out when ``trait`` stands in any
    term, and a written one when ``trait`` stands alone (it spans the intercept).

    Raises
    ------
    FormulaError
        With the place marked and the fix.
    """
    responses, products = parse_fixed(text)
    reader = Reader(text, "fixed", responses)
    terms: list[FixedTerm] = []
    implied = False
    for product in products:
        if not product.factors:
            implied = product.span == (0, 0)
            terms.append(FixedTerm("1", "1", by_trait=False))
            continue
        conditions: list[Condition] = []
        rest: list[str] = []
        by_trait = False
        bare: list[str] = []
        factors: list[str] = []
        covariates: list[str] = []
        for item in product.factors:
            if isinstance(item, Call) and item.function == "at":
                conditions.append(reader.condition(item))
            elif isinstance(item, Call):
                names = [name for part in item.arguments if isinstance(part, Expression) for name in part.names]
                for name in names:
                    reader.column(Name(name, item.span), f"{item.function}()")
                    if name in ("trait", "units"):
                        raise reader.fail(f"`{name}` cannot stand inside {item.function}()", item.span)
                if not names:
                    raise reader.fail(f"{item} has no column in it", item.span)
                (factors if item.function == "C" else covariates).extend(names)
                rest.append(str(item))
            elif item.text == "trait":
                reader.column(item, "a term")
                by_trait = True
            else:
                if item.text == "units":
                    raise reader.fail("`units` has one level per row and cannot be a fixed factor", item.span)
                bare.append(reader.column(item, "a term"))
                rest.append(_formulaic_name(item.text))
        if by_trait and any(condition.factor == "trait" for condition in conditions):
            raise reader.fail(f"`trait` and at(trait) both stand in {str(product)!r}: write one of them", product.span)
        columns = (tuple(factors), tuple(covariates), tuple(bare))
        terms.append(FixedTerm(str(product), ":".join(rest) or "1", by_trait, tuple(conditions), *columns))
    return responses, tuple(_without_spare_intercept(terms, implied))


def _without_spare_intercept(terms: list[FixedTerm], implied: bool) -> list[FixedTerm]:
    bare_trait = any(term.by_trait and term.rest == "1" and not term.conditions for term in terms)
    per_trait = any(term.by_trait or (term.rest == "1" and any(c.factor == "trait" for c in term.conditions)) for term in terms)
    if bare_trait or (implied and per_trait):
        return [term for term in terms if term.text != "1"]
    return terms


def _formulaic_name(column: str) -> str:
    return column if column.isidentifier() and not keyword.iskeyword(column) else f"`{column}`"
