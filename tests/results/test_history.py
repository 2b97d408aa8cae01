import numpy as np
from example_fits import split_plot, two_blocks


def test_iterations_never_lose_likelihood_and_end_at_the_fit():
    table = two_blocks().iterations
    assert list(table.columns) == ["loglik", "gain_left", "score_norm", "held", "shift", "seconds"]
    assert table.index.tolist() == list(range(len(table)))
    assert (np.diff(table["loglik"]) > -1e-9).all()
    assert table["loglik"].iloc[-1] == two_blocks().loglik
    assert (np.diff(table["seconds"]) >= 0).all()


def test_an_interior_fit_is_certified_without_multipliers():
    found = split_plot().certificate
    assert found.newton_decrement < 1e-10
    assert found.score_norm < 1e-4
    assert found.weakest_curvature > 0.1
    assert found.multipliers == {}


def test_a_singular_matrix_has_negative_multipliers():
    found = two_blocks().certificate.multipliers
    assert list(found) == ["trait:block"]
    assert found["trait:block"].shape == (2,)
    assert (found["trait:block"] < 0).all()
