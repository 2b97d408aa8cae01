"""The sparse path equals the dense oracle on random small models: logL, score, average information."""

from __future__ import annotations

import dense
import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from profiles import examples
from reml.small_models import models, prepared

from vcmodel.errors import FormulaError
from vcmodel.reml.likelihood import differentiate, set_point


def dense_loglik(design, point):
    sigmas = [part.sigma for part in point]
    n = len(design.terms)
    return dense.design_loglik(design, sigmas[:n], sigmas[n:])


def usable(model):
    """The prepared model; draws that name the same effects twice are refused by the language and do not count."""
    try:
        return prepared(*model)
    except FormulaError as refused:
        assume("same effects" not in str(refused))
        raise


@settings(max_examples=examples(220), suppress_health_check=list(HealthCheck))
@given(models(), st.integers(0, 1000))
def test_sparse_equals_dense(model, seed):
    design, equations, components, point = usable(model)
    rng = np.random.default_rng(seed)
    vector = point.vector()
    point = point.moved(vector * (1 + 0.2 * rng.uniform(-1, 1, vector.size)))
    assume(set_point(equations, point))  # a perturbed residual may not be positive definite
    expected = dense_loglik(design, point)
    assert abs(equations.loglik - expected) < 1e-8 * max(1.0, abs(expected) / 100)

    found = differentiate(equations, point, [True] * len(components), [None] * len(components))
    score = dense.differences(lambda v: dense_loglik(design, point.moved(v)), point.vector())
    assert np.allclose(found.score, score, rtol=1e-6, atol=1e-5 * max(1.0, np.abs(score).max(initial=0.0)))

    n = len(design.terms)
    sigmas = [part.sigma for part in point]
    p = dense.projection(dense.covariance(design, sigmas[:n], sigmas[n:]), dense.fixed_matrix(design))
    changes = []
    for c, part in enumerate(point):
        for d_sigma in part.derivative:
            parts = [np.zeros_like(sigma) for sigma in sigmas]
            parts[c] = d_sigma
            changes.append(dense.covariance(design, parts[:n], parts[n:]))
    py = p @ design.y
    variates = np.array([change @ py for change in changes]).reshape(len(changes), -1)
    expected = 0.5 * variates @ p @ variates.T
    assert np.allclose(found.information, expected, rtol=1e-7, atol=1e-8 * max(1.0, np.abs(expected).max(initial=0.0)))


@settings(max_examples=examples(60), suppress_health_check=list(HealthCheck))
@given(models())
def test_effects_and_their_variances_equal_dense(model):
    design, equations, _, point = usable(model)
    assert set_point(equations, point)
    n = len(design.terms)
    sigmas = [part.sigma for part in point]
    v, x = dense.covariance(design, sigmas[:n], sigmas[n:]), dense.fixed_matrix(design)
    p = dense.projection(v, x)
    information = x.T @ np.linalg.solve(v, x)
    beta = np.linalg.solve(information, x.T @ np.linalg.solve(v, design.y))
    assert np.allclose(equations.coefficients(), beta, rtol=1e-7, atol=1e-8)
    root, whitened = equations.whitened_coefficients()
    assert np.allclose(root @ root.T, np.linalg.inv(information), rtol=1e-6, atol=1e-10)
    assert np.allclose(root @ whitened, beta, rtol=1e-7, atol=1e-8)
    assert np.allclose(equations.coefficient_variances(), np.diag(np.linalg.inv(information)), rtol=1e-6)
    fitted = x @ beta
    for t, (term, sigma) in enumerate(zip(design.terms, sigmas, strict=False)):
        z, g = term.incidence.toarray(), np.kron(sigma, dense.relationship(term))
        effect, pev = equations.effects(t)
        u = g @ z.T @ p @ design.y
        fitted = fitted + z @ u
        assert np.allclose(effect.ravel(), u, rtol=1e-7, atol=1e-9 * np.sqrt(np.diag(g).max()))
        expected = np.diag(g - g @ z.T @ p @ z @ g)
        assert np.allclose(pev.ravel(), expected, rtol=1e-6, atol=1e-9 * np.abs(expected).max())
    assert np.allclose(equations.fitted() * design.weight_root, fitted, rtol=1e-7, atol=1e-8)
