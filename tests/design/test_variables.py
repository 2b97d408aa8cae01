"""Which columns a model uses, where, and as what."""

from vcmodel.design.variables import column_uses, reserved_in_use
from vcmodel.spec import Condition, build_spec


def uses(*model):
    return [(use.column, use.kind, use.part, use.relationship) for use in column_uses(build_spec(*model))]


def test_every_use_in_the_order_of_the_formulas():
    found = uses("y ~ a + C(b):log(x) + at(s):z", "vm(animal, A):us(f) + g:lin(w)", "dsum(~ id(plot) | site)")
    assert found == [
        ("a", "bare", "fixed", ""),
        ("b", "factor", "fixed", ""),
        ("x", "covariate", "fixed", ""),
        ("s", "factor", "fixed", ""),
        ("z", "bare", "fixed", ""),
        ("animal", "factor", "random", "A"),
        ("f", "factor", "random", ""),
        ("g", "factor", "random", ""),
        ("w", "covariate", "random", ""),
        ("site", "factor", "residual", ""),
        ("plot", "factor", "residual", ""),
    ]


def test_the_terms_joined_by_str_share_its_relationship():
    found = uses("y ~ 1", "str(~ animal + dam, ~ us(2):vm(animal, A))")
    assert [item for item in found if item[2] == "random"] == [("animal", "factor", "random", "A"), ("dam", "factor", "random", "A")]


def test_conditions_say_which_rows_need_a_column():
    (condition, effect) = (use for use in column_uses(build_spec("y ~ 1", "at(s, 'p'):f")) if use.part == "random")
    assert condition.conditions == () and effect.conditions == (Condition("s", ("p",)),)
    (section, plot) = (
        use for use in column_uses(build_spec("y ~ 1", None, "dsum(~ id(plot) | s, levels=['p'])")) if use.part == "residual"
    )
    assert (section.conditions, plot.conditions) == ((), (Condition("s", ("p",)),))


def test_reserved_words_are_no_columns_but_where_they_are_quoted():
    assert uses("y + z ~ trait", "us(trait):f")[0][0] == "f"
    assert reserved_in_use(build_spec("y + z ~ trait", "us(trait):f")) == ("trait", "units")
    assert reserved_in_use(build_spec("y ~ 1", "f", "id(g)")) == ()
    assert uses("y ~ 1", "`trait`")[0][0] == "`trait`"
