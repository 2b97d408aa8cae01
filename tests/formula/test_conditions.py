"""at() and the single levels it stands for."""

from vcmodel.formula.conditions import Condition, condition_label, each_level

SITES, TRAITS, YEAR = Condition("site", ("a", "b")), Condition("trait", ("y", "z")), Condition("year", None)


def test_labels():
    assert [condition_label(item) for item in (SITES, YEAR)] == ["at(site, 'a', 'b')", "at(year)"]
    assert [item.is_single for item in (SITES, YEAR, Condition("site", ("a",)))] == [False, False, True]


def test_every_combination_of_single_levels_the_last_fastest():
    found = each_level((SITES, TRAITS))
    assert [tuple(item.levels[0] for item in conditions) for conditions in found] == [("a", "y"), ("a", "z"), ("b", "y"), ("b", "z")]
    assert each_level(()) == [()]
    assert each_level((YEAR,)) == [(YEAR,)]  # its levels are not known
    assert each_level((YEAR,), lambda item: ("1", "2")) == [(Condition("year", ("1",)),), (Condition("year", ("2",)),)]
