"""The residual: one product, or a direct sum of products over the levels of a section factor."""

from __future__ import annotations

from vcmodel.formula.factor_specs import FactorSpec, StructuredFactor
from vcmodel.formula.factors import Reader
from vcmodel.formula.parser import parse_residual
from vcmodel.formula.terms import ResidualSpec, SectionSpec
from vcmodel.formula.tree import Argument, Call, Formula, Literal, Name, Product, Sequence


def residual_of(text: str | None, responses: tuple[str, ...]) -> ResidualSpec:
    """The residual of `text`; without text ``id(units)``, or ``id(units):us(trait)`` for several responses.

    Raises
    ------
    FormulaError
        With the place marked and the fix.
    """
    written = text if text is not None else ("id(units)" if len(responses) == 1 else "id(units):us(trait)")
    reader = Reader(written, "residual", responses)
    products = parse_residual(written)
    calls = [item for product in products for item in product.factors if isinstance(item, Call)]
    sums = [call for call in calls if call.function == "dsum"]
    if sums:
        if len(products) > 1 or len(products[0].factors) > 1:
            raise reader.fail(
                "dsum() is the whole residual: put every product inside it, dsum(~ a + b | site, levels=[['S1'], ['S2']])", sums[0].span
            )
        return _direct_sum(sums[0], reader)
    if any(call.function == "at" for call in calls):
        return _conditioned(products, reader)
    if len(products) > 1:
        raise reader.fail(
            "the residual is one product of factors: use dsum(~ a + b | site, levels=...) for sections, and `random` for further terms",
            products[1].span,
        )
    return ResidualSpec(None, (_section(products[0], reader),))


def _section(product: Product, reader: Reader, levels: tuple[str, ...] | None = None) -> SectionSpec:
    if not product.factors:
        raise reader.fail("the intercept cannot be a residual: write `units`", product.span)
    for item in product.factors:
        if isinstance(item, Call) and item.function in ("at", "dsum"):
            raise reader.fail(f"{item.function}() cannot stand inside dsum()", item.span)
    factors = tuple(reader.factor(item) for item in product.factors)
    for spec, item in zip(factors, product.factors, strict=True):
        if spec.size:
            raise reader.fail(f"{item} gives a size, which only str() in `random` has: name a factor", item.span)
    reader.no_repeats(product, [item.factor for item in factors])
    reader.one_variance(product, factors)
    _within_units(product, factors, reader)
    names = [item.factor for item in factors]
    if len(reader.responses) > 1 and "trait" not in names:
        raise reader.fail(
            f"{str(product)!r} gives {len(reader.responses)} responses one residual per row: write '{product}:us(trait)'"
            f" (correlated within a row) or '{product}:diag(trait)'",
            product.span,
        )
    return SectionSpec(str(product), factors, levels)


def _within_units(product: Product, factors: tuple[FactorSpec, ...], reader: Reader) -> None:
    """A row has one level of any other factor, so a structure over it within `units` has nothing to correlate."""
    if not any(item.factor == "units" for item in factors):
        return
    for item in factors:
        if item.factor in ("units", "trait"):
            continue
        if isinstance(item, StructuredFactor) and item.structure == "diag":
            raise reader.fail(f"one residual variance per level of {item.factor}: write 'dsum(~ id(units) | {item.factor})'", product.span)
        if isinstance(item, StructuredFactor):
            raise reader.fail(
                f"each row is a unit of its own, so {item.text} has nothing to correlate within `units`: "
                f"write the factor that groups the rows, 'id(subject):{item.text}'",
                product.span,
            )
        raise reader.fail(f"`units` identifies every row already: leave {item.text} out of {str(product)!r}", product.span)


def _direct_sum(call: Call, reader: Reader) -> ResidualSpec:
    usage = "dsum() takes a formula with the factor that splits the residual: dsum(~ id(units) | site)"
    named = dict(call.keywords)
    unknown = [name for name in named if name != "levels"]
    if unknown:
        raise reader.fail(f"dsum() has no argument {unknown[0]!r}, only levels", call.span)
    if not 1 <= len(call.arguments) <= 2 or (len(call.arguments) == 2 and named):
        raise reader.fail(usage, call.span)
    formula = call.arguments[0]
    given = call.arguments[1] if len(call.arguments) == 2 else named.get("levels")
    if not isinstance(formula, Formula) or formula.condition is None:
        raise reader.fail(usage, call.span)
    section = reader.column(formula.condition, "dsum()")
    if section in ("trait", "units"):
        by_trait, by_row = "write 'id(units):diag(trait)'", "name the column whose levels are the sections, dsum(~ units | site)"
        fix = by_trait if section == "trait" else by_row
        raise reader.fail(f"dsum() cannot split over `{section}`: {fix}", formula.condition.span)
    groups = _groups(given, len(formula.terms), call, reader)
    alternatives = tuple(_section(product, reader, levels) for product, levels in zip(formula.terms, groups, strict=True))
    _not_a_factor_of_its_own(section, alternatives, call, reader)
    return ResidualSpec(section, alternatives)


def _groups(given: Argument | None, n_terms: int, call: Call, reader: Reader) -> list[tuple[str, ...] | None]:
    """The levels of each alternative."""
    if given is None:
        if n_terms > 1:
            raise reader.fail(f"dsum() has {n_terms} structures: say which levels each is for, levels=[['S1', 'S2'], ['S3']]", call.span)
        return [None]
    items = given.items if isinstance(given, Sequence) else (given,)
    if n_terms == 1 and not any(isinstance(item, Sequence) for item in items):
        items = (Sequence(items),)  # one structure: the list holds its levels
    if len(items) != n_terms:
        raise reader.fail(f"dsum() has {n_terms} structures and {len(items)} groups of levels: give one group per structure", call.span)
    groups = []
    for item in items:
        members = item.items if isinstance(item, Sequence) else (item,)
        if not members or not all(isinstance(member, Name | Literal) for member in members):
            raise reader.fail("levels= takes one list of labels per structure: levels=[['S1', 'S2'], ['S3']]", call.span)
        groups.append(tuple(reader.level(member, call) for member in members))
    seen: set[str] = set()
    for level in (level for group in groups for level in group):
        if level in seen:
            raise reader.fail(f"level {level!r} stands in two sections: give each level one structure", call.span)
        seen.add(level)
    return list(groups)


def _conditioned(products: tuple[Product, ...], reader: Reader) -> ResidualSpec:
    """``at(site):units`` and sums of such terms."""
    section: str | None = None
    alternatives: list[SectionSpec] = []
    taken: set[str] = set()
    for product in products:
        calls = [item for item in product.factors if isinstance(item, Call) and item.function == "at"]
        if len(calls) != 1:
            raise reader.fail(f"{str(product)!r}: every term of a residual in sections has one at(site, 'level')", product.span)
        condition = reader.condition(calls[0])
        if condition.factor == "trait":
            raise reader.fail("at(trait) cannot split a residual: write 'id(units):diag(trait)'", calls[0].span)
        if section is not None and condition.factor != section:
            raise reader.fail(
                f"the sections of a residual are levels of one factor, not of {section} and {condition.factor}", calls[0].span
            )
        section = condition.factor
        rest = Product(tuple(item for item in product.factors if item is not calls[0]), product.span)
        if not rest.factors:
            raise reader.fail(f"{product} says where, not what: write '{product}:units'", product.span)
        if condition.levels is None and len(products) > 1:
            raise reader.fail(f"at({section}) covers every level: name the levels of each term, at({section}, 'S1')", calls[0].span)
        for level in condition.levels or ():
            if level in taken:
                raise reader.fail(f"level {level!r} stands in two sections: give each level one structure", calls[0].span)
            taken.add(level)
        alternatives.append(_section(rest, reader, condition.levels))
    _not_a_factor_of_its_own(str(section), tuple(alternatives), products[0], reader)
    return ResidualSpec(section, tuple(alternatives))


def _not_a_factor_of_its_own(section: str, alternatives: tuple[SectionSpec, ...], node: Call | Product, reader: Reader) -> None:
    for alternative in alternatives:
        if any(item.factor == section for item in alternative.factors):
            raise reader.fail(
                f"{section!r} splits the residual and is constant inside each section: leave it out of {alternative.text!r}", node.span
            )
