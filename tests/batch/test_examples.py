import doctest
import importlib
import pkgutil

import pytest

import vcmodel.batch


@pytest.mark.parametrize("name", [item.name for item in pkgutil.iter_modules(vcmodel.batch.__path__)])
def test_examples_in_docstrings(name):
    assert doctest.testmod(importlib.import_module(f"vcmodel.batch.{name}")).failed == 0
