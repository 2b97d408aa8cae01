"""What the data determine: a parameter hardly told from another keeps its standard error, one that cannot be told has none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import vcmodel as vc
from vcmodel.reml.identifiability import MOVES, NO_INFORMATION, freedom_of_terms, identifiability_of, separate

pytestmark = pytest.mark.filterwarnings("ignore::vcmodel.ConvergenceWarning", "ignore::vcmodel.ModelWarning")


def of(information, transform=None, jacobian=None, confounded=None):
    f = len(information)
    transform = np.eye(f) if transform is None else transform
    jacobian = np.eye(len(transform)) if jacobian is None else jacobian
    return identifiability_of(np.asarray(information, dtype=float), np.ones(f), transform, [jacobian], confounded)


def correlated(share):
    """Information of two parameters that share all but 1 - `share` of it."""
    return np.array([[4.0, 4.0 * share], [4.0 * share, 4.0]])


@pytest.mark.parametrize("share", [0.0, 0.9, 0.999, 1.0 - 1e-6])
def test_weak_information_is_information(share):
    found = of(correlated(share))
    assert found.n_empty == 0
    assert found.confounded == ()
    assert np.allclose(found.covariance, np.linalg.inv(correlated(share)), rtol=1e-6)


def test_no_information_leaves_no_variance_along_it():
    found = of(correlated(1.0))
    assert found.n_empty == 1
    assert found.confounded == (((0, 0), (0, 1)),)
    assert found.unknown(0, 0)
    assert found.unknown(0, 1)
    assert np.allclose(found.covariance, np.full((2, 2), 1.0 / 16.0))  # of what the two have in common


def test_the_line_is_drawn_at_rounding():
    assert of(correlated(1.0 - 0.1 * NO_INFORMATION)).n_empty == 1
    assert of(correlated(1.0 - 10.0 * NO_INFORMATION)).n_empty == 0


def test_a_parameter_beside_the_direction_is_known():
    information = np.zeros((3, 3))
    information[:2, :2], information[2, 2] = correlated(1.0), 5.0
    found = of(information)
    assert not found.unknown(0, 2)
    assert found.covariance[2, 2] == pytest.approx(0.2)


def test_held_coordinates_have_no_variance():
    found = of([[4.0]], transform=np.array([[0.0], [1.0]]))
    assert np.allclose(found.covariance, [[0.0, 0.0], [0.0, 0.25]])


def test_nothing_free_has_nothing_unknown():
    found = of(np.zeros((0, 0)), transform=np.zeros((2, 0)))
    assert found.n_empty == 0
    assert not found.covariance.any()


def test_directions_known_beforehand_count_where_the_information_hides_them():
    moves = np.array([[0.8], [-0.6]])
    found = of(np.diag([4.0, 2.0]), confounded=moves)
    assert found.confounded == (((0, 0), (0, 1)),)


def test_directions_are_told_apart_as_far_as_possible():
    moved = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    mixed = moved @ np.array([[0.6, 0.8], [-0.8, 0.6]])
    assert sorted(separate(mixed)) == [[0, 1], [2, 3]]


def test_moves_of_rounding_are_none():
    assert separate(np.array([[1.0], [0.5 * MOVES], [2.0 * MOVES]])) == [[0, 2]]
    assert separate(np.zeros((3, 1))) == []


def nearly_alike(share):
    """Two factors of 200 levels of two rows that agree in `share` of their rows."""
    rng = np.random.default_rng(3)
    n = 4000
    first = np.arange(n) % 200
    second = first.copy()
    other = rng.permutation(n)[: round((1.0 - share) * n)]
    second[other] = rng.permutation(second[other])
    y = rng.normal(size=200)[first] + rng.normal(size=200)[second] + rng.normal(size=n)
    return pd.DataFrame({"a": first, "b": second, "y": y})


def test_two_terms_nearly_alike_keep_their_standard_errors_and_two_alike_have_none():
    almost = vc.fit("y ~ 1", random="a + b", data=nearly_alike(0.999))
    assert not any(almost.estimate.identifiability.unknown(c, 0) for c in range(3))
    assert almost.varcomp["std_error"].notna().all()
    alike = vc.fit("y ~ 1", random="a + b", data=nearly_alike(1.0))
    assert [alike.estimate.identifiability.unknown(c, 0) for c in range(3)] == [True, True, False]
    assert alike.varcomp["std_error"].isna().tolist() == [True, True, False]


def test_degrees_of_freedom_beside_the_fixed_effects():
    data = pd.DataFrame({"g": list("aabbcc"), "h": list("xxxyyy"), "y": [1.0, 2.0, 4.0, 3.0, 6.0, 7.0]})
    inside = vc.fit("y ~ h", random="g", data=data).estimate
    assert list(inside.freedom[0].levels) == [3]
    assert list(inside.freedom[0].degrees) == [2]  # with a and b against c, and the halves of h, one is lost
    assert freedom_of_terms(inside.design)[0].degrees == inside.freedom[0].degrees
