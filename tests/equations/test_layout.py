"""The pattern of C, and where the pieces of the pairs of blocks lie in it."""

from __future__ import annotations

import numpy as np
import pytest
from equations.test_mixed_model import factor_analytic, made

from vcmodel.equations.mixed_model import MixedModelEquations

MODELS = ["gen", "us(site):gen + rep", "diag(site):vm(gen, K) + us(rep):gen"]


@pytest.mark.parametrize("random", MODELS)
def test_every_entry_of_c_belongs_to_one_pair(random):
    layout = MixedModelEquations(made(random, relationship="pedigree")).layout
    target = np.concatenate([pair.target for pair in layout.pairs])
    assert np.array_equal(np.sort(target), np.arange(layout.pattern.nnz))
    values = np.concatenate([np.arange(pair.values.start, pair.values.stop) for pair in layout.pairs])
    assert np.array_equal(np.sort(values), np.arange(layout.fill.shape[0]))


@pytest.mark.parametrize("random", MODELS)
def test_mirrors_hold_the_rows_and_columns_of_their_pieces(random):
    layout = MixedModelEquations(made(random, relationship="pedigree")).layout
    blocks, pattern = layout.unknowns.blocks, layout.pattern
    column_of = np.repeat(np.arange(layout.n_equations), np.diff(pattern.indptr))
    for pair in layout.pairs:
        row, column = blocks[pair.row], blocks[pair.column]
        mirror = pair.mirror.reshape(row.r, pair.n_pairs, column.r)
        for a in range(row.r):
            for b in range(column.r):
                i = row.first + pair.levels[:, 0] * row.r + a
                j = column.first + pair.levels[:, 1] * column.r + b
                assert np.array_equal(pattern.indices[mirror[a, :, b]], np.maximum(i, j))
                assert np.array_equal(column_of[mirror[a, :, b]], np.minimum(i, j))
        same = (pair.row == pair.column) & (pair.levels[:, 0] == pair.levels[:, 1])
        assert np.array_equal(pair.weight, np.where(same, 1.0, 2.0))


def test_every_level_has_its_full_block_and_groups_that_overlap_meet():
    design = factor_analytic(made("us(site):gen"))
    layout = MixedModelEquations(design, joined=0).layout
    met = {(pair.row, pair.column): pair.levels for pair in layout.pairs}
    every = np.stack([np.arange(9), np.arange(9)], axis=1)
    for number in range(1, 6):
        assert {tuple(level) for level in every} <= {tuple(level) for level in met[number, number]}
    for specific in range(2, 6):
        assert {tuple(level) for level in every} <= {tuple(level) for level in met[specific, 1]}
        assert all((other, specific) not in met for other in range(specific + 1, 6))


def test_the_prior_is_the_precision_of_every_column():
    design = made("us(site):vm(gen, K)", relationship="pedigree")
    layout = MixedModelEquations(design).layout
    prior = layout.pattern.copy()
    prior.data = layout.prior @ np.ones(1)
    lower = np.kron(design.terms[0].relationship.precision.toarray(), np.eye(4))
    p = design.x.shape[1]
    assert np.allclose(prior.toarray()[p:, p:], np.tril(lower))
    assert not prior.toarray()[:p].any()
