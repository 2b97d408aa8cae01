import math

import pytest
from example_fits import split_plot, trial, two_blocks


def test_counts():
    assert (split_plot().n_observations, split_plot().n_fixed, split_plot().n_parameters) == (72, 12, 3)
    assert (trial().n_observations, trial().n_fixed, trial().n_parameters) == (974, 2, 9)


def test_a_matrix_of_rank_one_counts_its_free_loadings():
    assert two_blocks().n_parameters == 3 + 6 + 6


def test_criteria_by_hand():
    fit = trial()
    assert fit.loglik_full == pytest.approx(fit.loglik - 972 / 2 * math.log(2 * math.pi))
    assert fit.aic == pytest.approx(-2 * fit.loglik + 18)
    assert fit.bic == pytest.approx(-2 * fit.loglik + 9 * math.log(972))
