"""K of a random term where the equations stand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from equations.covariances import VarianceChart, powers, with_autoregressions
from scipy import sparse

from vcmodel.design.relationship import Relationship
from vcmodel.equations.term_precision import TermPrecision, precision_chart

RNG = np.random.default_rng(0)
ROOT = np.tril(np.where(RNG.random((4, 4)) < 0.5, RNG.normal(size=(4, 4)), 0.0), -1) + 2.0 * np.eye(4)
IDENTITY = Relationship.identity(("a", "b"))
KNOWN = Relationship(tuple("abcd"), sparse.csc_matrix(ROOT @ ROOT.T), None, -2.0 * np.log(np.diag(ROOT)).sum(), np.ones(4))
SINGLE = Relationship.identity(("",))
CASES = {
    "identity": ((), IDENTITY),
    "known": ((), KNOWN),
    "one": ((6,), SINGLE),
    "two": ((3, 4), SINGLE),
    "beside identity": ((5,), IDENTITY),
    "beside known": ((3, 2), KNOWN),
    "a single level": ((1, 3), IDENTITY),
}


def made(case):
    """The precision, a part with the correlations of its factors, and K as a function of them."""
    levels, relationship = CASES[case]
    chart = with_autoregressions(VarianceChart(), *levels)
    related = np.eye(relationship.n_columns) if relationship.precision is None else np.linalg.inv(relationship.precision.toarray())

    def part(rho):
        return SimpleNamespace(chart=chart if levels else chart.sigma, phi=np.concatenate([[0.7], rho]))

    def k(rho):
        result = np.ones((1, 1))
        for one, count in zip(rho, levels, strict=True):
            result = np.kron(result, powers(one, count))
        return np.kron(result, related)

    return TermPrecision(chart.inverses if levels else (), relationship), part, k


@pytest.mark.parametrize("case", CASES)
def test_products_traces_and_determinants(case):
    precision, part, k = made(case)
    rho = np.array([0.6, -0.4])[: len(CASES[case][0])]
    values = RNG.normal(size=(k(rho).shape[0], 3))
    for point in (rho, 0.5 * rho, rho):
        assert precision.update(part(point))
        matrix = k(point)
        assert np.allclose(precision.times(values), np.linalg.solve(matrix, values))
        assert np.allclose(precision.solve(values), matrix @ values)
        assert np.allclose(precision.traces(), [np.trace(matrix @ m.toarray()) for m in precision.matrices])
        whole = sum(a * m for a, m in zip(precision.coefficients, precision.matrices, strict=True))
        assert np.allclose(whole @ matrix, np.eye(len(matrix)))
        assert precision.logdet == pytest.approx(np.linalg.slogdet(matrix)[1])


@pytest.mark.parametrize("case", [case for case in CASES if 1 not in CASES[case][0]])
def test_changes_are_differences(case):
    precision, part, k = made(case)
    rho = np.array([0.6, -0.4])[: len(CASES[case][0])]
    assert precision.update(part(rho))
    values, h = RNG.normal(size=(k(rho).shape[0], 2)), 1e-6
    images, slopes = precision.related_changes(part(rho), values), precision.logdet_derivative(part(rho))
    assert len(images) == len(slopes) == rho.size
    for image, slope, move in zip(images, slopes, h * np.eye(rho.size), strict=True):
        change = (np.linalg.inv(k(rho + move)) - np.linalg.inv(k(rho - move))) / (2.0 * h)
        assert np.allclose(image, k(rho) @ change @ values, rtol=1e-6, atol=1e-7)
        assert slope == pytest.approx((np.linalg.slogdet(k(rho + move))[1] - np.linalg.slogdet(k(rho - move))[1]) / (2.0 * h), rel=1e-6)


def test_no_factor_at_a_correlation_of_one():
    precision, part, _ = made("two")
    for rho in ([1.0, 0.3], [0.3, -1.0], [1.2, 0.3], [np.nan, 0.3]):
        assert not precision.update(part(np.array(rho)))
    assert precision.update(part(np.array([0.5, 0.3])))


def test_charts_may_change_between_points():
    precision, part, k = made("one")
    assert precision.update(part(np.array([0.6])))
    other = part(np.array([0.2]))
    other.chart = with_autoregressions(VarianceChart(), 6)
    assert precision.update(other)
    assert np.allclose(precision.solve(np.eye(6)), k(np.array([0.2])))


def test_only_what_moved_is_factorised_anew(monkeypatch):
    monkeypatch.setattr("vcmodel.equations.precision_factor.DENSE_LEVELS", 0)
    precision, part, _ = made("beside known")
    assert precision.update(part(np.array([0.6, -0.4])))
    precision.solve(np.ones((24, 1)))
    calls = {}
    for place, factor in enumerate(precision._factors):
        factor._factor.refactor = lambda data, place=place, own=factor._factor.refactor: calls.setdefault(place, []).append(1) or own(data)
    assert precision.update(part(np.array([0.6, 0.1])))
    precision.solve(np.ones((24, 1)))
    assert set(calls) == {1}


def test_a_component_without_sparse_parts_has_no_coordinates():
    chart, phi = precision_chart(SimpleNamespace(chart=VarianceChart(), phi=np.array([0.7])))
    assert chart.size == phi.size == 0
    assert chart.order == 1
