import pytest

import vcmodel as vc
from vcmodel.batch.model_entry import ModelEntry
from vcmodel.batch.traits import split_formula, trait_sets, with_responses

FIXED = "cbind(a, `b c`) ~ trait + trait:x"


def test_the_left_side_is_replaced():
    assert trait_sets(FIXED, "together") == [("a", "b c")]
    assert with_responses(FIXED, ("a", "b c")) == FIXED
    assert trait_sets(FIXED, "each") == [("a",), ("b c",)]
    assert with_responses(FIXED, ("b c",)) == "`b c` ~ trait + trait:x"
    assert trait_sets(FIXED, "pairs", ("x", "y", "z")) == [("x", "y"), ("x", "z"), ("y", "z")]
    entry = ModelEntry("m", FIXED, "us(trait):line")
    assert entry.formulas(("x", "z")) == {"fixed": "x + z ~ trait + trait:x", "random": "us(trait):line", "residual": None}


def test_pairs_need_two():
    with pytest.raises(vc.VcmodelError, match="needs at least two responses; there is 'y' only"):
        trait_sets("y ~ x", "pairs")


def test_a_formula_is_split_outside_quotes():
    assert split_formula("y ~ x") == ("y", "x")
    assert split_formula("`y ~ 1` ~ x") == ("`y ~ 1`", "x")
    assert split_formula("~ x") == ("", "x")
    assert split_formula("x") == ("", "x")
