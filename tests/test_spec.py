"""Formulas to a specification: labels, roles, sections, messages; no data."""

from __future__ import annotations

import pytest

from vcmodel.errors import FormulaError, StructureError
from vcmodel.formula.columns import Levels, Size
from vcmodel.formula.conditions import each_level
from vcmodel.spec import Condition, IdentityFactor, KnownFactor, StructuredFactor, build_spec

ONE, TWO = "y ~ 1", "y + z ~ trait"

LABELS = {
    (ONE, "Block"): "Block",
    (ONE, "idv(Block)"): "Block",
    (ONE, "ide(animal)"): "ide(animal)",
    (ONE, "vm(animal, A)"): "vm(animal, A)",
    (ONE, "vm(animal, 'A inverse')"): "vm(animal, A inverse)",
    (ONE, "ped(animal)"): "ped(animal)",
    (ONE, "giv(animal, A)"): "giv(animal, A)",
    (ONE, "at(R, 'P'):f"): "at(R, 'P'):f",
    (ONE, "at(R, P):f"): "at(R, 'P'):f",
    (ONE, "f:at(R, 2.0)"): "f:at(R, '2')",
    (ONE, "at(R):f"): "at(R):f",
    (ONE, "at(R, c('a', 'b')):f"): "at(R, 'a', 'b'):f",
    (ONE, "subject:lin(days)"): "subject:lin(days)",
    (ONE, "corgh(site):geno"): "site:geno",
    (ONE, "idv(geno):corg(site)"): "geno:site",
    (TWO, "us(trait):Block"): "trait:Block",
    (TWO, "at(trait):Block"): "at(trait):Block",
    (TWO, "at(trait, 'z'):Block"): "at(trait, 'z'):Block",
    (TWO, "us(trait):vm(animal, A)"): "trait:vm(animal, A)",
    (TWO, "us(trait):cor(site):geno"): "trait:site:geno",
    (ONE, "str(~ a + a:lin(x), ~ us(2):id(a))"): "a+a:lin(x)",
    (ONE, "str(~ vm(animal, A) + vm(dam, A), ~ us(2):vm(animal, A))"): "vm(animal, A)+vm(dam, A)",
    (ONE, "str(~ a + b, ~ diag(2):id(18))"): "a+b",
}


@pytest.mark.parametrize(("model", "label"), LABELS.items(), ids=[random for _, random in LABELS])
def test_labels(model: tuple[str, str], label: str) -> None:
    (term,) = build_spec(*model).random
    assert term.label == label


def test_kinds_of_factors() -> None:
    spec = build_spec(TWO, "idh(trait):Block + us(trait):vm(animal, A) + at(R, 'P'):f:lin(x)")
    first, second, third = spec.random
    assert first.factors == (
        StructuredFactor(Levels("trait"), "trait", "", "diag"),
        IdentityFactor(Levels("Block"), "Block", ""),
    )
    assert second.factors[1] == KnownFactor(Levels("animal"), "vm(animal, A)", "", "A")
    assert (third.conditions, third.covariates, third.order) == (
        (Condition("R", ("P",)),),
        ("x",),
        (("conditions", 0), ("factors", 0), ("covariates", 0)),
    )
    assert [item.text for item in first.factors] == ["idh(trait)", "Block"]


def test_a_relationship_without_a_name_goes_by_the_factor() -> None:
    (term,) = build_spec(ONE, "ped(animal)").random
    assert term.factors[0].relationship == "animal"


def test_conditions_expand_to_one_term_per_level() -> None:
    (term,) = build_spec(TWO, "f:at(site):at(trait):us(block)").random
    levels = {"site": ("S1", "S2"), "trait": ("y", "z")}
    first, one, *others = (term.at(conditions) for conditions in each_level(term.conditions, lambda item: levels[item.factor]))
    assert first.label == "f:at(site, 'S1'):at(trait, 'y'):block" and len(others) == 2
    assert one.label == "f:at(site, 'S1'):at(trait, 'z'):block"
    assert one.conditions == (Condition("site", ("S1",)), Condition("trait", ("z",)))
    assert one.text == term.text


def test_consecutive_terms() -> None:
    (term,) = build_spec(ONE, "str(~ subject + subject:lin(days), ~ us(2):id(subject))").random
    assert [member.label for member in term.members] == ["subject", "subject:lin(days)"]
    assert term.factors == (StructuredFactor(Size(2), "2", "", "us"), IdentityFactor(Levels("subject"), "subject", ""))


RESIDUALS = {
    (ONE, None): (None, [("units", None)]),
    (ONE, "units"): (None, [("units", None)]),
    (ONE, "~ idv(units)"): (None, [("units", None)]),
    (ONE, "id(subject):us(visit)"): (None, [("subject:visit", None)]),
    (TWO, None): (None, [("units:trait", None)]),
    (TWO, "units:us(trait)"): (None, [("units:trait", None)]),
    (TWO, "id(units):id(trait)"): (None, [("units:trait", None)]),
    (ONE, "dsum(~ id(units) | site)"): ("site", [("units", None)]),
    (ONE, "dsum(~ units | site, levels=['S1', 'S2'])"): ("site", [("units", ("S1", "S2"))]),
    (ONE, "dsum(~ units | site, levels=S1)"): ("site", [("units", ("S1",))]),
    (ONE, "dsum(~ units | site, [[1, 2.0]])"): ("site", [("units", ("1", "2"))]),
    (ONE, "dsum(~ cor(a):b + b | site, levels=[['S1', 'S2'], ['S3']])"): ("site", [("a:b", ("S1", "S2")), ("b", ("S3",))]),
    (ONE, "dsum(~ cor(a):b + b | site, levels=list(c('S1', 'S2'), c('S3')))"): ("site", [("a:b", ("S1", "S2")), ("b", ("S3",))]),
    (ONE, "dsum(~ cor(a):b + b | site, levels=[S1, S3])"): ("site", [("a:b", ("S1",)), ("b", ("S3",))]),
    (ONE, "at(site):units"): ("site", [("units", None)]),
    (ONE, "at(site, S1):units + units:at(site, 'S2')"): ("site", [("units", ("S1",)), ("units", ("S2",))]),
    (ONE, "(at(site, S1) + at(site, S2)):units"): ("site", [("units", ("S1",)), ("units", ("S2",))]),
    (TWO, "dsum(~ id(units):us(trait) | site)"): ("site", [("units:trait", None)]),
}


@pytest.mark.parametrize(("model", "expected"), RESIDUALS.items(), ids=[str(residual) for _, residual in RESIDUALS])
def test_residuals(model: tuple[str, str | None], expected: tuple[str | None, list[tuple[str, tuple[str, ...] | None]]]) -> None:
    found = build_spec(model[0], None, model[1]).residual
    assert (found.section, [(item.label, item.levels) for item in found.alternatives]) == expected


def test_fixed_terms() -> None:
    spec = build_spec("y + z ~ trait*site + at(trait, 'y'):C(sex):`my x` + trait:I(x**2 + w)")
    found = [(term.text, term.rest, term.by_trait, term.conditions, term.columns) for term in spec.fixed]
    assert found == [
        ("trait", "1", True, (), ()),
        ("site", "site", False, (), ("site",)),
        ("trait:site", "site", True, (), ("site",)),
        ("at(trait, 'y'):C(sex):`my x`", "C(sex):`my x`", False, (Condition("trait", ("y",)),), ("my x", "sex")),
        ("trait:I(x ** 2 + w)", "I(x ** 2 + w)", True, (), ("x", "w")),
    ]


INTERCEPTS = {
    "y ~ x": ["1", "x"],
    "y ~ 0 + x": ["x"],
    "y ~ 0": [],
    "y + z ~ x": ["1", "x"],
    "y + z ~ trait": ["trait"],
    "y + z ~ 1 + trait": ["trait"],
    "y + z ~ trait:hys": ["trait", "trait:hys"],  # left out where hys is a factor
    "y + z ~ 0 + trait:hys": ["trait:hys"],
    "y + z ~ 1 + trait:x": ["1", "trait:x"],
    "y + z ~ at(trait)": ["trait", "at(trait)"],
    "y + z ~ at(trait, 'y'):x": ["trait", "at(trait, 'y'):x"],
}


@pytest.mark.parametrize(("fixed", "terms"), INTERCEPTS.items(), ids=list(INTERCEPTS))
def test_trait_replaces_the_intercept(fixed: str, terms: list[str]) -> None:
    assert [term.text for term in build_spec(fixed).fixed] == terms


def test_equal_texts_are_equal_models() -> None:
    assert build_spec(TWO, "us(trait):f") == build_spec(TWO, "us(trait):f")
    assert build_spec(TWO, "us(trait):f") != build_spec(TWO, "diag(trait):f")


# (fixed, random, residual) -> what the message says
ERRORS = {
    ("y ~ trait", None, None): "`trait` stands for several responses and there is only 'y': write `1`",
    ("y ~ trait:x", None, None): "`trait` stands for several responses",
    ("y ~ at(trait, 'y'):x", None, None): "`trait` stands for several responses",
    (ONE, "us(trait):f", None): "leave the factor out",
    (ONE, None, "units:us(trait)"): "leave the factor out",
    ("y ~ x + y", None, None): "'y' is a response and cannot be a factor of `fixed`",
    (ONE, "y:f", None): "'y' is a response and cannot be a factor of `random`",
    ("y ~ units", None, None): "`units` has one level per row and cannot be a fixed factor",
    ("y ~ C(units)", None, None): "`units` cannot stand inside C()",
    ("y ~ I(2)", None, None): "has no column in it",
    ("y ~ C(x, levels=['b', 'a'])", None, None): "C() takes a column and nothing else: for another order of the levels",
    ("y ~ factor(x, contrasts='sum')", None, None): "C() takes a column and nothing else",
    ("y ~ C(x, 'b')", None, None): "make the column categorical, data['x'] = pd.Categorical(data['x'], categories=[...])",
    ("y ~ I(C(x, levels=['b']))", None, None): "C() takes a column and nothing else",
    ("y + z ~ trait:at(trait, 'y')", None, None): "`trait` and at(trait) both stand",
    ("y ~ at(site)", "1", None): "the intercept is a fixed effect",
    (ONE, "a + 1", None): "the intercept is a fixed effect",
    (ONE, "lin(x)", None): "has no factor, so there is only one effect",
    (ONE, "at(f, 'a')", None): "has no factor, so there is only one effect",
    (ONE, "lin(a, b):f", None): "lin() takes one column",
    (ONE, "lin(units):f", None): "cannot be a covariate",
    (ONE, "lin(x, k=1):f", None): "lin() has no argument 'k'",
    (ONE, "f:us(f)", None): "factor 'f' stands twice",
    (ONE, "at(f, 'a'):f", None): "factor 'f' stands twice",
    (ONE, "us(2):f", None): "gives a size, which only str() has",
    (ONE, None, "us(2):f"): "gives a size, which only str() in `random` has",
    (ONE, "us():f", None): "us() needs a factor",
    (ONE, "us('f'):g", None): "takes the name of a factor first, not 'f'",
    (ONE, "us(id(f)):g", None): "takes the name of a factor, not id(f)",
    (ONE, "us(f, g)", None): "takes numbers after the factor, not g",
    (ONE, "us(f, init=[1])", None): "us() has no argument 'init'; starting values go to start=",
    (ONE, "us(f, what=1)", None): "us() has no argument 'what'",
    (ONE, "id(f, 2)", None): "id() takes one factor",
    (ONE, "id(f, k=2)", None): "id() has no argument 'k'",
    (ONE, "vm()", None): "vm() takes a factor and the name of a relationship",
    (ONE, "vm(a, K, 3)", None): "vm() takes a factor and the name of a relationship",
    (ONE, "vm(a, 3)", None): "takes the name of a relationship given in `known` second, not 3",
    (ONE, "vm(a, A):vm(b, B)", None): "two known relationships",
    (ONE, "at():f", None): "at() needs a factor",
    (ONE, "at(units):f", None): "at() cannot condition on `units`",
    (ONE, "at(g, 'a', 'a'):f", None): "at() names a level twice",
    (ONE, "at(g, []):f", None): "at() names no level",
    (ONE, "at(g, us(b)):f", None): "at() takes labels of levels, not us(b)",
    (ONE, "at(g, k=1):f", None): "at() has no argument 'k'",
    (TWO, "at(trait, 'w'):f", None): "at(trait, 'w'): the traits are y, z",
    (TWO, "us(trait):us(site)", None): "write 'us(trait):corg(site)'",
    (TWO, "us(trait):diag(site):f", None): "write 'us(trait):id(site):f'",
    (TWO, "idv(f):us(trait)", None): "write 'id(f):us(trait)'",
    (TWO, "us(trait):corv(site)", None): "write 'us(trait):cor(site)'",
    (ONE, "corgh(a):corgh(b)", None): "write 'corgh(a):corg(b)'",
    (ONE, "idv(a):idv(b)", None): "write 'idv(a):id(b)'",
    (ONE, "Block + idv(Block)", None): "'Block' and 'idv(Block)' are the same effects",
    (ONE, "ide(a) + a", None): "are the same effects",
    (ONE, "at(s):a + at(s, 'x'):a", None): "are the same effects",
    (ONE, "us(a):b + diag(b):a", None): "are the same effects",
    (ONE, "a:b + b:a", None): "are the same term",
    (ONE, "units", None): "repeats the residual 'id(units)'",
    (TWO, "us(trait):units", None): "repeats the residual 'id(units):us(trait)'",
    (ONE, "str(~ a, ~ us(1):id(a)):b", None): "str() is a whole term",
    (ONE, "str(a, b)", None): "str() takes two formulas",
    (ONE, "str(~ a + b, ~ us(2))", None): "one structure and one factor",
    (ONE, "str(~ a + b, ~ id(a):us(2))", None): "one structure and then one factor",
    (ONE, "str(~ a + b, ~ us(x):id(a))", None): "takes the number of terms: us(2)",
    (ONE, "str(~ a + b, ~ us(2):at(f))", None): "at() cannot stand here",
    (ONE, "str(~ a + b + c, ~ us(2):id(a))", None): "us(2) has 2 levels and str() joins 3 terms",
    (ONE, "str(~ a + us(b):c, ~ us(2):id(a))", None): "inside str() has a structure of its own",
    (ONE, "str(~ a + idv(b), ~ us(2):id(a))", None): "inside str() has a structure of its own",
    (ONE, "str(~ 1 + b, ~ us(2):id(a))", None): "str() joins random terms",
    (ONE, "str(~ a + str(~ b, ~ us(1):id(b)), ~ us(2):id(a))", None): "str() cannot stand inside str()",
    (ONE, "str(~ a + at(s):b, ~ us(2):id(a))", None): "at() with several levels",
    (ONE, "str(~ a + b, ~ us(2):idv(a))", None): "carry a variance",
    (TWO, None, "units"): "write 'units:us(trait)'",
    (TWO, None, "dsum(~ id(units) | site)"): "write 'id(units):us(trait)'",
    (ONE, None, "1"): "the intercept cannot be a residual",
    (ONE, None, "a + b"): "the residual is one product",
    (ONE, None, "id(units):us(site)"): "'id(subject):us(site)'",
    (ONE, None, "units:cor(site)"): "'id(subject):cor(site)'",
    (ONE, None, "units:diag(site)"): "write 'dsum(~ id(units) | site)'",
    (ONE, None, "units:site"): "`units` identifies every row already: leave site out",
    (ONE, None, "diag(units)"): "takes no structure: write id(units)",
    (ONE, "us(units)", None): "takes no structure: write id(units)",
    (ONE, "us(a:b)", None): "takes the name of a factor first, not a:b",
    (ONE, None, "dsum(~ a | f) + units"): "dsum() is the whole residual",
    (ONE, None, "dsum(a)"): "dsum() takes a formula with the factor that splits",
    (ONE, None, "dsum(~ a)"): "dsum() takes a formula with the factor that splits",
    (ONE, None, "dsum()"): "dsum() takes a formula with the factor that splits",
    (ONE, None, "dsum(~ a | f, level=1)"): "dsum() has no argument 'level', only levels",
    (ONE, None, "dsum(~ a | f, [1], levels=[1])"): "dsum() takes a formula",
    (ONE, None, "dsum(~ a + b | f)"): "say which levels each is for",
    (ONE, None, "dsum(~ a + b | f, levels=[['x']])"): "2 structures and 1 groups of levels",
    (ONE, None, "dsum(~ a | f, levels=[[]])"): "one list of labels per structure",
    (ONE, None, "dsum(~ a + b | f, levels=[['x'], ['x']])"): "level 'x' stands in two sections",
    (ONE, None, "dsum(~ at(g):a | f)"): "at() cannot stand inside dsum()",
    (ONE, None, "dsum(~ units | units)"): "dsum() cannot split over `units`: name the column whose levels are the sections",
    (TWO, None, "dsum(~ units | trait)"): "write 'id(units):diag(trait)'",
    (ONE, None, "dsum(~ f:a | f)"): "'f' splits the residual",
    (ONE, None, "at(f, 'x'):a + b"): "has one at(site, 'level')",
    (ONE, None, "at(f, 'x'):a + at(g, 'x'):a"): "levels of one factor, not of f and g",
    (ONE, None, "at(f)"): "write 'at(f):units'",
    (ONE, None, "at(f):a + at(f, 'x'):b"): "covers every level",
    (ONE, None, "at(f, 'x'):a + at(f, 'x'):b"): "level 'x' stands in two sections",
    (TWO, None, "at(trait):units"): "at(trait) cannot split a residual",
}


@pytest.mark.parametrize(("model", "message"), ERRORS.items(), ids=[" | ".join(map(str, model)) for model in ERRORS])
def test_messages(model: tuple[str, str | None, str | None], message: str) -> None:
    with pytest.raises(FormulaError) as caught:
        build_spec(*model)
    assert message in str(caught.value)


def test_a_structure_refuses_arguments_it_cannot_have() -> None:
    with pytest.raises(StructureError, match=r"us\(trait, 3\) in `random`: .*write us\(trait\)"):
        build_spec(TWO, "us(trait, 3):f")
    with pytest.raises(StructureError, match=r"us\(a, k=3\) in `random`"):
        build_spec(ONE, "us(a, k=3):f")
