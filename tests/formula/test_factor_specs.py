"""Kinds of factors and of their columns."""

import pytest

from vcmodel.formula.columns import Coordinates, Levels
from vcmodel.formula.factor_specs import IdentityFactor, KnownFactor, StructuredFactor, of_kind
from vcmodel.spec import build_spec

SITE = Levels("site")


def structured(structure, *arguments, source=SITE):
    return StructuredFactor(source, source.name, f"{structure}({source.name})", structure, arguments)


@pytest.mark.parametrize(
    ("spec", "written"),
    [
        (structured("us"), "corg(site)"),
        (structured("corgh"), "corg(site)"),
        (structured("corh"), "cor(site)"),
        (structured("corv"), "cor(site)"),
        (structured("diag"), "id(site)"),
        (structured("us", source=Coordinates(("x", "z"))), "corg(x, z)"),
        (IdentityFactor(SITE, "site", "idv(site)", True), "id(site)"),
        (KnownFactor(SITE, "vm(site, K)", "vm(site, K)", "K"), "vm(site, K)"),
    ],
)
def test_the_same_factor_without_a_variance(spec, written):
    assert spec.without_variance() == written


def test_what_carries_a_variance_is_no_matter_of_spelling():
    (term,) = build_spec("y ~ 1", "idv(`idv(`)").random
    assert term.factors[0].carries_variance
    (plain,) = build_spec("y ~ 1", "`idv(x)`").random
    assert not plain.factors[0].carries_variance
    assert [structured(name).carries_variance for name in ("us", "cor", "corg", "diag")] == [True, False, False, True]


def test_descriptions():
    assert structured("us").describe() == "us(site)"
    assert IdentityFactor(SITE, "site", "site").describe() == "independent levels of site"
    assert KnownFactor(SITE, "", "", "K").describe() == "relationship K over site"


def test_kinds_are_picked_in_their_order():
    one, two, known = structured("us"), IdentityFactor(SITE, "site", "site"), KnownFactor(SITE, "", "", "K")
    assert of_kind((one, two, known), KnownFactor) == [known]
    assert of_kind((two, one, two), IdentityFactor) == [two, two]
    assert one != two and hash(one) == hash(structured("us"))
