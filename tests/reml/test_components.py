"""Components and the names of their rows."""

from __future__ import annotations

import pytest
from reml.surfaces import component, levels

import vcmodel as vc
from vcmodel.reml.components import random_labels, residual_labels, row_names
from vcmodel.structures.registry import build


def test_a_single_variance_has_the_bare_label_or_the_name_given():
    single = build("idv", "f", levels(2))
    assert row_names("g", single) == ("g",)
    assert row_names("units", single, "units!R") == ("units!R",)


def test_other_parameters_stand_behind_the_label():
    assert row_names("g", build("us", "f", levels(2)), "unused") == ("g!f_a:a", "g!f_b:a", "g!f_b:b")


def test_labels_are_told_apart_by_class():
    components = (component("idv"), component("idv", residual=True))
    assert [c.is_random for c in components] == [True, False]
    assert (random_labels(components), residual_labels(components)) == (["g"], ["units"])


def test_two_terms_with_one_row_are_refused():
    data = vc.datasets.load("oats")
    with pytest.raises(vc.VcmodelError, match="block"):
        vc.fit("yield ~ 1", random="block + idv(block)", data=data)
