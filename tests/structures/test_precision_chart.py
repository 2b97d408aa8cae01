"""Relationships with parameters: what a chart says agrees with itself."""

from __future__ import annotations

import numpy as np
import pytest
from equations.covariances import autoregressive, autoregressive_inverse

from vcmodel.structures.identity import IdentityChart
from vcmodel.structures.precision_chart import KroneckerPrecision, StructurePrecision

SINGLE = StructurePrecision(IdentityChart(1), autoregressive_inverse(1))
CHARTS = {
    "ar1": (autoregressive(5), [0.3]),
    "single level": (SINGLE, []),
    "product": (KroneckerPrecision((autoregressive(3), autoregressive(4))), [0.5, -0.2]),
    "of three": (KroneckerPrecision((autoregressive(3), SINGLE, autoregressive(2))), [-0.6, 0.4]),
    "of none": (KroneckerPrecision(()), []),
}


def inverse(chart, phi):
    return sum(a * m.toarray() for a, m in zip(chart.coefficients(phi), chart.matrices(), strict=True))


@pytest.mark.parametrize("case", CHARTS)
def test_laws(case):
    chart, phi = CHARTS[case][0], np.array(CHARTS[case][1])
    k_inverse = inverse(chart, phi)
    assert k_inverse.shape == (chart.order, chart.order) and chart.size == phi.size
    assert np.allclose(k_inverse, k_inverse.T)
    assert chart.logdet(phi) == pytest.approx(-np.linalg.slogdet(k_inverse)[1])
    weights, h = np.random.default_rng(0).normal(size=len(chart.matrices())), 1e-5
    for i in range(phi.size):
        move = h * np.eye(phi.size)[i]
        slope = (chart.coefficients(phi + move) - chart.coefficients(phi - move)) / (2.0 * h)
        assert np.allclose(chart.derivative(phi)[i], slope, rtol=1e-7)
        slope = (chart.logdet(phi + move) - chart.logdet(phi - move)) / (2.0 * h)
        assert chart.logdet_derivative(phi)[i] == pytest.approx(slope, rel=1e-7)
        slope = (chart.derivative(phi + move) - chart.derivative(phi - move)) @ weights / (2.0 * h)
        assert np.allclose(chart.second(phi, weights)[i], slope, rtol=1e-7)


def test_a_product_is_the_kronecker_product():
    chart, phi = CHARTS["of three"][0], np.array(CHARTS["of three"][1])
    parts = [inverse(autoregressive(3), phi[:1]), inverse(SINGLE, phi[:0]), inverse(autoregressive(2), phi[1:])]
    assert np.allclose(inverse(chart, phi), np.kron(np.kron(parts[0], parts[1]), parts[2]))
