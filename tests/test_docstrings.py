"""The examples in docstrings print what they show."""

import doctest
import importlib.util
import pkgutil

import pytest

import vcmodel

MODULES = ["vcmodel", *(module.name for module in pkgutil.walk_packages(vcmodel.__path__, "vcmodel."))]
WITH_EXAMPLES = [name for name in MODULES if ">>>" in (importlib.util.find_spec(name).loader.get_source(name) or "")]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_in_docstrings(name):
    tested = doctest.testmod(importlib.import_module(name))
    assert tested.attempted > 0
    assert tested.failed == 0


def test_most_packages_have_examples():
    assert {name.split(".")[1] for name in WITH_EXAMPLES if "." in name} >= {"batch", "design", "formula", "linalg", "structures", "tables"}
