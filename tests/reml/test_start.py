"""Starting values from the residuals of the fixed effects."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import vcmodel as vc
from vcmodel.reml.start import level_sd, level_spread, pairwise_correlation, positive_definite
from vcmodel.structures.correlations import DEFAULT_START, LARGEST_START


def of_pairs(n, correlation_sign=1.0):
    """Residuals of n groups at two levels, with perfect correlation."""
    size = np.array([1.0, -1.0, 2.0, -2.0, 1.5, -1.5])[:n]
    return pairwise_correlation(np.concatenate([size, correlation_sign * 10.0 * size]), np.repeat([0, 1], n), np.tile(np.arange(n), 2), 2)


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_fewer_than_four_pairs_say_nothing_of_a_correlation(n):
    assert of_pairs(n)[0, 1] == pytest.approx(DEFAULT_START)


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("n", [4, 6])
def test_four_pairs_do_but_a_start_is_never_at_the_boundary(n, sign):
    assert of_pairs(n, sign)[0, 1] == pytest.approx(sign * LARGEST_START)


def test_the_scale_of_a_trait_does_not_matter_for_its_correlations():
    rng = np.random.default_rng(1)
    residual, level, group = rng.normal(size=40), np.tile([0, 1], 20), np.repeat(np.arange(20), 2)
    scaled = np.where(level == 1, 1e6, 1.0) * residual
    assert np.allclose(pairwise_correlation(residual, level, group, 2), pairwise_correlation(scaled, level, group, 2))


def test_a_correlation_of_zero_is_not_started_from():
    level, group = np.repeat([0, 1], 4), np.tile(np.arange(4), 2)
    residual = np.array([1.0, -1.0, 1.0, -1.0, 1.0, 1.0, -1.0, -1.0])
    assert pairwise_correlation(residual, level, group, 2)[0, 1] != 0.0


def test_correlations_that_contradict_each_other_become_a_matrix():
    wild = np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]])
    found = positive_definite(wild)
    assert np.allclose(np.diag(found), 1.0)
    assert np.linalg.eigvalsh(found)[0] > 0.01


def test_a_level_that_is_fitted_exactly_takes_the_size_of_the_others():
    residual, y = np.array([3.0, -3.0, 1e-15, 0.0]), np.array([5.0, 1.0, 7.0, 7.0])
    assert np.allclose(level_sd(residual, y, np.array([0, 0, 1, 1]), 2), [3.0, 3.0])


def test_the_spread_leaves_out_the_mean_of_the_level():
    residual = np.array([5.0, 7.0, 1.0, -1.0])
    level = np.array([0, 0, 1, 1])
    assert np.allclose(level_spread(residual, residual, level, 2), [1.0, 1.0])
    assert np.allclose(level_sd(residual, residual, level, 2), [np.sqrt(37.0), 1.0])


def test_a_response_without_residual_is_refused():
    data = pd.DataFrame({"g": list("aabb"), "y": [1.0, 1.0, 2.0, 2.0]})
    with pytest.raises(vc.DataError, match="explained exactly"):
        vc.fit("y ~ g", data=data)
