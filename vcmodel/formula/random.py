"""The terms of `random`: products of factors, conditions and covariates, and str() over consecutive terms."""

from __future__ import annotations

from vcmodel.formula.conditions import Condition
from vcmodel.formula.factor_specs import FactorSpec, KnownFactor, StructuredFactor, of_kind
from vcmodel.formula.factors import Reader
from vcmodel.formula.parser import parse_random
from vcmodel.formula.terms import Place, TermSpec, term_label
from vcmodel.formula.tree import Call, Formula, Product


def random_terms(text: str, responses: tuple[str, ...]) -> tuple[TermSpec, ...]:
    """The random terms of `text` in the order written.

    Raises
    ------
    FormulaError
        With the place marked and the fix.
    """
    reader = Reader(text, "random", responses)
    terms: list[TermSpec] = []
    seen = _Seen()
    for product in parse_random(text):
        term = _term(product, reader)
        twin = seen.twin(term)
        if twin is not None:
            raise reader.fail(
                f"{twin.text!r} and {term.text!r} are the same effects, whose variances cannot be told apart: write one of them",
                product.span,
            )
        seen.add(term)
        terms.append(term)
    return tuple(terms)


class _Seen:
    """The terms read so far, found by their factors and the levels of one condition."""

    def __init__(self) -> None:
        self._terms: dict[tuple[object, ...], dict[str | None, list[TermSpec]]] = {}

    def add(self, term: TermSpec) -> None:
        """Keeps `term`."""
        alike = self._terms.setdefault(_same_factors(term), {})
        for level in _first_levels(term):
            alike.setdefault(level, []).append(term)

    def twin(self, term: TermSpec) -> TermSpec | None:
        """A term kept that puts independent effects on the same combinations of levels in some rows."""
        alike = self._terms.get(_same_factors(term), {})
        levels = _first_levels(term)
        near = alike if None in levels else (level for level in (*levels, None) if level in alike)
        return next((other for level in near for other in alike[level] if _same_rows(other, term)), None)


def _same_factors(term: TermSpec) -> tuple[object, ...]:
    """What two terms share that have the same factors, under conditions on the same factors."""
    return tuple(_signature(member) for member in term.members or (term,)), frozenset(item.factor for item in term.conditions)


def _first_levels(term: TermSpec) -> tuple[str | None, ...]:
    """The levels of the condition whose factor comes first by name; (None,) for all of them."""
    first = min(term.conditions, key=lambda item: item.factor, default=None)
    return (None,) if first is None or first.levels is None else first.levels


def _same_rows(a: TermSpec, b: TermSpec) -> bool:
    left = {condition.factor: condition.levels for condition in a.conditions}
    right = {condition.factor: condition.levels for condition in b.conditions}
    return all(_overlap(levels, right[name]) for name, levels in left.items())


def _signature(term: TermSpec) -> tuple[object, ...]:
    factors = sorted((item.factor, item.relationship if isinstance(item, KnownFactor) else "") for item in term.factors)
    return tuple(factors), tuple(sorted(term.covariates))


def _overlap(a: tuple[str, ...] | None, b: tuple[str, ...] | None) -> bool:
    return a is None or b is None or bool(set(a) & set(b))


def _term(product: Product, reader: Reader) -> TermSpec:
    if not product.factors:
        raise reader.fail("the intercept is a fixed effect: write `1` in `fixed`", product.span)
    if any(isinstance(item, Call) and item.function == "str" for item in product.factors):
        return _consecutive(product, reader)
    return _product(product, reader)


def _product(product: Product, reader: Reader) -> TermSpec:
    factors: list[FactorSpec] = []
    conditions: list[Condition] = []
    covariates: list[str] = []
    order: list[Place] = []
    for item in product.factors:
        if isinstance(item, Call) and item.function == "at":
            order.append(("conditions", len(conditions)))
            conditions.append(reader.condition(item))
        elif isinstance(item, Call) and item.function == "lin":
            order.append(("covariates", len(covariates)))
            covariates.append(reader.covariate(item))
        else:
            spec = reader.factor(item)
            if spec.size:
                raise reader.fail(f"{item} gives a size, which only str() has: name a factor", item.span)
            order.append(("factors", len(factors)))
            factors.append(spec)
    if not factors:
        raise reader.fail(f"{str(product)!r} has no factor, so there is only one effect: write for example block:{product}", product.span)
    specs, given, numbers = tuple(factors), tuple(conditions), tuple(covariates)
    reader.no_repeats(product, [*(item.factor for item in specs), *(item.factor for item in given), *numbers])
    reader.one_variance(product, specs)
    if len(of_kind(specs, KnownFactor)) > 1:
        raise reader.fail(f"{str(product)!r} has two known relationships: at most one per term is available", product.span)
    return TermSpec(str(product), term_label(specs, given, numbers, order), specs, given, numbers, tuple(order))


def _consecutive(product: Product, reader: Reader) -> TermSpec:
    """``str(~ a + b, ~ us(2):vm(a, K))``."""
    call = product.factors[0]
    if len(product.factors) > 1 or not isinstance(call, Call):
        raise reader.fail("str() is a whole term: nothing can be joined to it by `:`", product.span)
    usage = "str() takes two formulas: str(~ animal + dam, ~ us(2):vm(animal, A))"
    if (
        len(call.arguments) != 2
        or call.keywords
        or not all(isinstance(item, Formula) and item.condition is None for item in call.arguments)
    ):
        raise reader.fail(usage, call.span)
    left, right = (item for item in call.arguments if isinstance(item, Formula))
    if len(right.terms) != 1 or len(right.terms[0].factors) != 2:
        raise reader.fail("the second formula of str() is one structure and one factor: ~ us(2):id(subject)", right.span)
    members = tuple(_member(item, reader) for item in left.terms)
    structure, factor = (reader.factor(item) for item in right.terms[0].factors)
    if not isinstance(structure, StructuredFactor) or isinstance(factor, StructuredFactor):
        raise reader.fail("the second formula of str() is one structure and then one factor: ~ us(2):id(subject)", right.span)
    if not structure.size:
        raise reader.fail(f"the structure of str() takes the number of terms: {structure.structure}({len(members)})", right.span)
    if structure.size != len(members):
        raise reader.fail(
            f"{structure.text} has {structure.factor} levels and str() joins {len(members)} terms: they must agree", call.span
        )
    reader.one_variance(right.terms[0], (structure, factor))
    label = "+".join(member.label for member in members)
    return TermSpec(str(product), label, (structure, factor), members=members)


def _member(product: Product, reader: Reader) -> TermSpec:
    if not product.factors:
        raise reader.fail("the intercept is a fixed effect: str() joins random terms", product.span)
    if any(isinstance(item, Call) and item.function == "str" for item in product.factors):
        raise reader.fail("str() cannot stand inside str()", product.span)
    term = _product(product, reader)
    if any(item.carries_variance or isinstance(item, StructuredFactor) for item in term.factors):
        raise reader.fail(
            f"{str(product)!r} inside str() has a structure of its own: give the structure in the second formula", product.span
        )
    if not all(condition.is_single for condition in term.conditions):
        raise reader.fail(f"{str(product)!r} inside str() has at() with several levels: name one level", product.span)
    return term
