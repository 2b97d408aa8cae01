"""Which functions may stand where, and what is said of the others."""

import pytest

from vcmodel.formula.vocabulary import available, refusal
from vcmodel.structures import registry


def test_the_structures_of_the_registry_may_stand_in_random_and_residual(monkeypatch):
    monkeypatch.setitem(registry.STRUCTURES, "newone", registry.STRUCTURES["us"])
    assert "newone" in available("random") and "newone" in available("residual") and "newone" not in available("fixed")


def test_each_part_has_its_own_functions():
    assert {"vm", "lin", "str"} <= set(available("random")) - set(available("residual"))
    assert "dsum" in set(available("residual")) - set(available("random"))
    assert {"log", "poly", "C"} <= set(available("fixed")) - set(available("random"))


@pytest.mark.parametrize(
    ("function", "part", "said"),
    [
        ("lin", "fixed", "is for `random`"),
        ("us", "fixed", "belongs in `random` or `residual`"),
        ("dsum", "random", "splits the residual"),
        ("vm", "residual", "belongs in `random`"),
        ("C", "random", "every bare name is a factor there"),
        ("log", "random", "belongs in `fixed`"),
        ("corgg", "random", "did you mean 'corg'"),
        ("asreml.us", "random", "write us()"),
        ("rr", "random", "rr() is not available yet; what is: "),
        ("spl", "fixed", "spl() is not available yet"),
    ],
)
def test_refusals(function, part, said):
    assert said in refusal(function, part)
