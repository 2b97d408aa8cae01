"""Effects and blocks of equations: how a loading splits."""

from __future__ import annotations

import numpy as np
import pytest
from equations.test_mixed_model import factor_analytic, made
from structures.demo_fa import FactorAnalytic

from vcmodel.equations.blocks import block_of_node, loading_groups, make_unknowns
from vcmodel.errors import StructureError
from vcmodel.structures import registry

SITES = ("a", "b", "c")


def listed(structure, joined):
    parts = loading_groups(structure, joined)
    return [(rows.tolist(), [(places.tolist(), loaded.tolist()) for places, loaded in groups]) for rows, groups in parts]


def test_a_full_matrix_is_one_group_and_a_diagonal_one_for_each_level():
    assert listed(registry.build("us", "site", SITES), 48) == [([0, 1, 2], [([0, 1, 2], [0, 1, 2])])]
    assert listed(registry.build("diag", "site", SITES), 48) == [([i], [([0], [i])]) for i in range(3)]


def test_groups_that_overlap_are_joined_when_they_are_small():
    structure = FactorAnalytic("site", SITES, 1)
    assert listed(structure, 4) == [([0, 1, 2], [([0, 1, 2], [0, 1, 2, 3])])]
    assert listed(structure, 3) == [([0, 1, 2], [([0, 1, 2], [0]), ([0], [1]), ([1], [2]), ([2], [3])])]


@pytest.mark.parametrize("joined", [0, 48])
def test_effects_equations_and_nodes_follow_each_other(joined):
    design = factor_analytic(made("us(site):gen + diag(site):rep"))
    unknowns = make_unknowns(design, joined)
    assert unknowns.n_effects == design.x.shape[1] + 4 * 9 + 4 * 2
    assert unknowns.n_equations == design.x.shape[1] + 5 * 9 + 4 * 2
    assert unknowns.n_nodes == block_of_node(unknowns.blocks).size
    covered = np.concatenate([np.arange(b.equations.start, b.equations.stop) for b in unknowns.blocks])
    assert np.array_equal(covered, np.arange(unknowns.n_equations))
    overlapping = [(later.places.tolist(), earlier.places.tolist()) for later, earlier in unknowns.overlapping()]
    assert overlapping == ([] if joined else [([i], [0, 1, 2, 3]) for i in range(4)])


def test_columns_of_effects_are_those_of_the_incidence_level_by_level():
    design = made("us(site):gen")
    effects = make_unknowns(design).effects[1]
    z = design.terms[0].incidence.toarray().reshape(design.y.size, 4, 9)
    assert np.allclose(effects.incidence.toarray().reshape(-1, 9, 4), z.swapaxes(1, 2))


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (((0,), (1,)), r"has the columns \[0, 1\]: it must have each of the 4 columns"),
        (((0,), (1,), (2,), (2, 3)), "each of the 4 columns of root_pattern"),
        (((0, 1), (2,), (3,)), None),
    ],
)
def test_groups_that_leave_out_a_column_are_refused(groups, message):
    class Grouped(FactorAnalytic):
        def root_groups(self):
            return groups

    structure = Grouped("f", ("a", "b", "c"), 1)
    if message is None:
        assert loading_groups(structure, joined=2)
        return
    with pytest.raises(StructureError, match=message):
        loading_groups(structure, joined=2)


def test_groups_across_unconnected_parts_are_refused():
    class Grouped(registry.structure_class("diag")):
        def root_groups(self):
            return ((0, 1),)

    with pytest.raises(StructureError, match="share no row"):
        loading_groups(Grouped("f", ("a", "b")))
