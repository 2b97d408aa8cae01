"""start, bounds and equal, read row by row."""

from __future__ import annotations

import numpy as np
import pytest
from reml.surfaces import component, constraints_of

import vcmodel as vc

VARIANCES = (component("diag", 2), component("idv", residual=True))
CORRELATED = (component("corgh", 2), component("us", 2, index=1, label="h"), component("idv", residual=True))
A, B, RESIDUAL = "g!f_a", "g!f_b", "units!R"


def read(components=VARIANCES, sigmas=None, **asked):
    sigmas = [np.eye(c.structure.size) for c in components] if sigmas is None else sigmas
    return constraints_of(components, sigmas, **asked)


def test_without_a_word_the_defaults_stand():
    found = read(sigmas=[np.diag([2.0, 3.0]), 4.0])
    assert [list(theta) for theta in found.theta] == [[2.0, 3.0], [4.0]]
    assert not found.any


def test_tied_variances_start_at_their_geometric_mean():
    found = read(sigmas=[np.diag([1.0, 100.0]), 4.0], equal=[[A, B]])
    assert np.allclose(found.theta[0], [10.0, 10.0])
    assert found.groups() == [[(0, 0), (0, 1)]]


def test_tied_variances_given_a_start_leave_the_defaults_out():
    found = read(sigmas=[np.diag([1.0, 100.0]), 4.0], start={A: 2.0, RESIDUAL: 8.0}, equal=[[A, B, RESIDUAL]])
    assert np.allclose(np.concatenate(found.theta), 4.0)


def test_tied_variances_with_a_zero_start_at_the_mean():
    assert np.allclose(read(start={A: 0.0, B: 3.0}, equal=[[A, B]]).theta[0], 1.5)


def test_tied_correlations_start_at_their_mean():
    sigma, other = np.array([[1.0, 0.2], [0.2, 1.0]]), np.array([[1.0, 0.6], [0.6, 1.0]])
    components = (component("corgh", 2), component("corgh", 2, index=1, label="h"))
    found = read(components, [sigma, other], equal=[["g!f_b:a.cor", "h!f_b:a.cor"]])
    assert all(value in theta.round(12) for theta, value in zip(found.theta, (0.4, 0.4), strict=True))


def test_a_held_value_wins_over_equality():
    found = read(start={A: 7.0}, bounds={A: "F"}, equal=[[A, B]])
    assert np.allclose(found.theta[0], 7.0)
    assert found.fixed[0].all()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"start": {"x": 1.0}}, "no parameter 'x'"),
        ({"start": {A: "much"}}, "not a finite number"),
        ({"start": {A: -1.0}}, "a variance is >= 0"),
        ({"start": {RESIDUAL: 0.0}}, "a residual variance is > 0"),
        ({"bounds": {A: "F"}}, "no value is given"),
        ({"bounds": {A: "X"}}, "the codes are"),
        ({"bounds": {A: "U"}}, "cannot be unbounded"),
        ({"equal": [[A]]}, "at least two"),
        ({"equal": [A]}, "at least two"),
        ({"equal": [[A, A]]}, "twice"),
        ({"equal": [[A, B], [B, RESIDUAL]]}, "two groups"),
        ({"start": {A: 1.0, B: 2.0}, "bounds": {A: "F", B: "F"}, "equal": [[A, B]]}, "different values"),
    ],
)
def test_what_cannot_be_had_is_refused(asked, words):
    with pytest.raises(vc.StructureError, match=words):
        read(**asked)


def test_parameters_of_different_kinds_are_not_tied():
    with pytest.raises(vc.StructureError, match="mix"):
        read(CORRELATED, equal=[["g!f_a", "g!f_b:a.cor"]])


def test_a_start_that_contradicts_the_defaults_moves_them():
    found = read((component("us", 2),), [np.eye(2)], start={"g!f_b:a": 3.0})
    sigma = np.array([[found.theta[0][0], 3.0], [3.0, found.theta[0][2]]])
    assert found.theta[0][1] == 3.0
    assert np.linalg.eigvalsh(sigma)[0] > -1e-9


def test_values_that_no_matrix_has_are_refused():
    with pytest.raises(vc.StructureError, match="no positive semi-definite matrix"):
        read((component("us", 2),), [np.eye(2)], start={"g!f_a:a": 1.0, "g!f_b:a": 3.0, "g!f_b:b": 1.0})
    with pytest.raises(vc.StructureError, match="strictly between"):
        read((component("corgh", 2, residual=True),), [np.eye(2)], start={"units!f_b:a.cor": 1.0})
