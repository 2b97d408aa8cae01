"""Relationships where the equations stand."""

from __future__ import annotations

import numpy as np
import pytest
from equations.covariances import autoregressive
from scipy import sparse

from vcmodel.equations.term_precision import TermPrecision
from vcmodel.structures.precision_chart import ConstantPrecision, KroneckerPrecision

RNG = np.random.default_rng(0)
ROOT = sparse.csc_matrix(np.tril(np.where(RNG.random((6, 6)) < 0.4, RNG.normal(size=(6, 6)), 0.0), -1) + 2.0 * np.eye(6))
CHARTS = {
    "identity": (ConstantPrecision(6), np.zeros(0)),
    "constant": (ConstantPrecision(6, sparse.csc_matrix(ROOT @ ROOT.T)), np.zeros(0)),
    "ar1": (autoregressive(6), np.array([0.6])),
    "product": (KroneckerPrecision((autoregressive(3), ConstantPrecision(2))), np.array([-0.4])),
}


def inverse(chart, phi):
    return sum(a * m.toarray() for a, m in zip(chart.coefficients(phi), chart.matrices(), strict=True))


@pytest.mark.parametrize("case", CHARTS)
def test_products_and_traces(case):
    chart, phi = CHARTS[case]
    precision = TermPrecision(chart)
    values = RNG.normal(size=(6, 3))
    for point in (phi, 0.5 * phi, phi):
        precision.update(point)
        k_inverse = inverse(chart, point)
        assert np.allclose(precision.times(values), k_inverse @ values)
        assert np.allclose(precision.solve(values), np.linalg.solve(k_inverse, values))
        expected = [np.trace(np.linalg.solve(k_inverse, m.toarray())) for m in precision.matrices]
        assert np.allclose(precision.traces(), expected)
        assert precision.logdet == pytest.approx(chart.logdet(point))


def test_changes_are_differences():
    chart, phi = CHARTS["ar1"]
    precision, values, h = TermPrecision(chart), RNG.normal(size=(6, 2)), 1e-6
    precision.update(phi)
    expected = (inverse(chart, phi + h) - inverse(chart, phi - h)) @ values / (2.0 * h)
    assert np.allclose(precision.changes(phi, values)[0], expected, rtol=1e-7)


def test_a_constant_relationship_is_factorised_once():
    precision = TermPrecision(CHARTS["constant"][0])
    precision.update(np.zeros(0))
    precision.solve(np.ones((6, 1)))
    factor = precision._factorised()
    calls = []
    factor.refactor = lambda data: calls.append(1) or True
    precision.update(np.zeros(0))
    precision.solve(np.ones((6, 1)))
    assert not calls
