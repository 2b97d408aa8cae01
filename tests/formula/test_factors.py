"""Calls to specifications of factors and conditions."""

import pytest

from vcmodel.errors import FormulaError
from vcmodel.formula.columns import Levels
from vcmodel.formula.conditions import Condition
from vcmodel.formula.factor_specs import IdentityFactor, KnownFactor, StructuredFactor
from vcmodel.formula.factors import Reader
from vcmodel.formula.parser import parse_random


def parsed(text, responses=("y", "z")):
    (product,) = parse_random(text)
    return product, Reader(text, "random", responses)


def factor(text):
    product, reader = parsed(text)
    return reader.factor(product.factors[0])


def condition(text):
    product, reader = parsed(f"{text}:f")
    return reader.condition(product.factors[0])


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("block", IdentityFactor(Levels("block"), "block", "")),
        ("id(block)", IdentityFactor(Levels("block"), "block", "")),
        ("ide(animal)", IdentityFactor(Levels("animal"), "ide(animal)", "")),
        ("vm(animal, A)", KnownFactor(Levels("animal"), "vm(animal, A)", "", "A")),
        ("ped(animal)", KnownFactor(Levels("animal"), "ped(animal)", "", "animal")),
        ("giv(animal, 'my A')", KnownFactor(Levels("animal"), "giv(animal, my A)", "", "my A")),
        ("idh(trait)", StructuredFactor(Levels("trait"), "trait", "", "diag")),
        ("corgh(`my site`)", StructuredFactor(Levels("my site"), "my site", "", "corgh")),
    ],
)
def test_factors(text, spec):
    found = factor(text)
    assert found == spec
    assert found.text == text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("at(site)", Condition("site", None)),
        ("at(site, a, 2, 2.0)", None),
        ("at(site, c('a', 'b'))", Condition("site", ("a", "b"))),
        ("at(site, 3.0)", Condition("site", ("3",))),
        ("at(site, 2.5)", Condition("site", ("2.5",))),
        ("at(trait, y)", Condition("trait", ("y",))),
    ],
)
def test_conditions(text, wanted):
    if wanted is None:
        with pytest.raises(FormulaError, match="names a level twice"):
            condition(text)
    else:
        assert condition(text) == wanted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("at(site, [])", "names no level"),
        ("at(site, 2.50)", "2.50 is a number and equals 2.5; write the label in quotes, '2.50'"),
        ("at(trait, 2)", "levels are named by their labels, write at\\(trait, 'z'\\)"),
        ("at(trait, w)", "the traits are y, z"),
        ("at(units, 1)", "cannot condition on `units`"),
    ],
)
def test_conditions_that_cannot_be(text, message):
    with pytest.raises(FormulaError, match=message):
        condition(text)


@pytest.mark.parametrize(
    ("text", "written"),
    [("us(f):diag(g)", "us\\(f\\):id\\(g\\)"), ("idv(f):corh(g)", "id\\(f\\):corh\\(g\\)"), ("corv(f):us(g)", "corv\\(f\\):corg\\(g\\)")],
)
def test_a_second_variance_is_refused_with_the_product_that_works(text, written):
    product, reader = parsed(text)
    with pytest.raises(FormulaError, match=f"carry a variance, and the data see only the product: write '{written}'"):
        reader.one_variance(product, tuple(map(reader.factor, product.factors)))


def test_one_response_has_no_traits():
    product, reader = parsed("us(trait):f", ("y",))
    with pytest.raises(FormulaError, match="`trait` stands for several responses and there is only 'y'"):
        reader.factor(product.factors[0])
    product, reader = parsed("y:f", ("y",))
    with pytest.raises(FormulaError, match="'y' is a response and cannot be a factor of `random`"):
        reader.factor(product.factors[0])
