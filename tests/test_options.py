"""The options of a fit: what users give, and what it becomes."""

import inspect
import json
from dataclasses import FrozenInstanceError, fields

import pytest

import vcmodel as vc
from vcmodel.options import FitOptions


def test_none_stands_for_the_default():
    assert FitOptions.of(**{item.name: None for item in fields(FitOptions)}) == FitOptions()


def test_what_is_given_is_brought_into_one_form():
    options = FitOptions.of(start={"a": 1}, equal=[["b", "a"], {"d", "c"}], missing="zero")
    assert options.start == {"a": 1.0}
    assert options.equal == (("b", "a"), ("c", "d"))
    assert options.missing == "zero"
    with pytest.raises(FrozenInstanceError):
        options.missing = "drop"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"start": {"a": "x"}}, "start: 'a' = 'x' is not a finite number"),
        ({"start": {"a": float("inf")}}, "start: 'a' = inf is not a finite number"),
        ({"bounds": {"a": "G"}}, "bounds: 'a' = 'G'; the codes are 'P'"),
        ({"equal": ["ab"]}, r"equal must be a list of groups, .*, not \['ab'\]"),
        ({"missing": "keep"}, "missing = 'keep': "),
        ({"control": 3}, r"control must be a vcmodel\.Control, not int"),
    ],
)
def test_what_cannot_be_meant(given, message):
    with pytest.raises(vc.VcmodelError, match=message):
        FitOptions.of(**given)


def test_every_option_is_an_argument_of_the_public_functions():
    names = {item.name for item in fields(FitOptions)}
    for function in (vc.fit, vc.Model.fit):
        assert names <= set(inspect.signature(function).parameters)


def test_settings_tell_two_options_apart_and_have_a_form_in_json():
    one, two = FitOptions(), FitOptions.of(control=vc.Control(max_iterations=3))
    assert json.dumps(one.settings()) != json.dumps(two.settings())
    assert "known" not in one.settings()  # relationships have a digest of their own
