"""The terms of `fixed`: ``trait``, conditions, and the parts that are evaluated on the rows."""

from __future__ import annotations

from dataclasses import dataclass, field

from vcmodel.formula.conditions import Condition
from vcmodel.formula.factors import Reader
from vcmodel.formula.parser import parse_fixed
from vcmodel.formula.terms import FixedTerm
from vcmodel.formula.tree import Call, Expression, Name, Product


def fixed_terms(text: str) -> tuple[tuple[str, ...], tuple[FixedTerm, ...]]:
    """The responses and the fixed terms in formula order.

    With several responses ``trait`` takes the place of the intercept: where it stands in any term, an intercept that was not written
    becomes a mean of each trait (:attr:`FixedTerm.implied`, which the data may show to be there already), and one that was written is
    left out when ``trait`` stands alone (it spans the intercept).

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
        if product.factors:
            terms.append(_term(product, reader))
        else:
            implied = product.span == (0, 0)
            terms.append(FixedTerm("1", (), by_trait=False))
    return responses, tuple(_with_means(terms, implied))


@dataclass
class _Columns:
    """The columns of a term by what they are used as."""

    factors: list[str] = field(default_factory=list)
    covariates: list[str] = field(default_factory=list)
    bare: list[str] = field(default_factory=list)


def _term(product: Product, reader: Reader) -> FixedTerm:
    conditions: list[Condition] = []
    parts: list[Name | Call] = []
    columns = _Columns()
    by_trait = False
    for item in product.factors:
        if isinstance(item, Call) and item.function == "at":
            conditions.append(reader.condition(item))
        elif isinstance(item, Call):
            _function(item, columns, reader)
            parts.append(item)
        elif item.text == "trait" and not item.quoted:
            reader.column(item, "a term")
            by_trait = True
        else:
            if item.column == "units":
                raise reader.fail(
                    "`units` has one level per row and cannot be a fixed factor; rename a column that is called units", item.span
                )
            columns.bare.append(reader.column(item, "a term"))
            parts.append(item)
    if by_trait and any(condition.factor == "trait" for condition in conditions):
        raise reader.fail(f"`trait` and at(trait) both stand in {str(product)!r}: write one of them", product.span)
    used = (tuple(columns.factors), tuple(columns.covariates), tuple(columns.bare))
    return FixedTerm(str(product), tuple(parts), by_trait, tuple(conditions), *used)


def _function(call: Call, columns: _Columns, reader: Reader) -> None:
    """Adds the columns inside a function to those of the term."""
    (inside,) = call.arguments
    assert isinstance(inside, Expression)  # what the parser makes of a function of the fixed part
    for name in inside.names:
        reader.column(Name(name, call.span), f"{call.function}()")
        if name in ("trait", "units"):
            raise reader.fail(f"`{name}` cannot stand inside {call.function}(); rename a column that is called {name}", call.span)
    if not inside.names:
        raise reader.fail(f"{call} has no column in it", call.span)
    (columns.factors if makes_factor(call) else columns.covariates).extend(inside.names)


def makes_factor(call: Call) -> bool:
    """Whether a function of the fixed part gives a factor: ``C(x)`` and ``I(C(x))``."""
    (inside,) = call.arguments
    steps = inside.steps if isinstance(inside, Expression) else ()
    return call.function == "C" or bool(steps and steps[-1].kind == "call" and steps[-1].value == "C")


def _with_means(terms: list[FixedTerm], implied: bool) -> list[FixedTerm]:
    """The terms with the intercept of several traits: see :func:`fixed_terms`."""
    alone = any(term.by_trait and not term.parts and not term.conditions for term in terms)
    per_trait = any(term.by_trait or any(condition.factor == "trait" for condition in term.conditions) for term in terms)
    rest = [term for term in terms if not term.is_intercept]
    if alone:
        return rest
    if implied and per_trait:
        return [FixedTerm("trait", (), by_trait=True, implied=True), *rest]
    return terms
