"""What terms are called."""

from vcmodel.formula.conditions import Condition
from vcmodel.formula.terms import FixedTerm
from vcmodel.formula.tree import Name
from vcmodel.spec import build_spec


def test_a_term_at_other_conditions_has_another_label_and_the_same_text():
    (term,) = build_spec("y ~ 1", "lin(x):at(s, 'a', 'b'):vm(f, K):us(g)").random
    assert term.label == "lin(x):at(s, 'a', 'b'):vm(f, K):g"
    single = term.at((Condition("s", ("b",)),))
    assert (single.label, single.text) == ("lin(x):at(s, 'b'):vm(f, K):g", term.text)
    assert term.at(term.conditions) is term


def test_joined_terms_have_the_labels_of_both():
    (term,) = build_spec("y ~ 1", "str(~ f + f:lin(x), ~ us(2):id(f))").random
    assert term.label == "f+f:lin(x)" and term.at(()) is term


def test_fixed_terms_know_their_columns_once():
    term = FixedTerm("a:b", (Name("a"), Name("b")), False, factors=("b",), covariates=("x", "a"), bare=("a", "b"))
    assert term.columns == ("a", "b", "x") and term.rest == "a:b"
    assert FixedTerm("1", (), False).rest == "1"


def test_the_label_of_a_section_is_that_of_its_factors():
    spec = build_spec("y + z ~ trait", None, "us(trait):units")
    assert spec.residual.alternatives[0].label == "trait:units"
