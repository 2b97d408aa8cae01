"""The sparse path equals the dense oracle on random small models: logL, score, average information."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import dense
from reml.small_models import models
from vcmodel.design.design import build_design
from vcmodel.design.frame import build_frame
from vcmodel.errors import FormulaError
from vcmodel.equations.mixed_model import MixedModelEquations
from vcmodel.reml.likelihood import differentiate, place
from vcmodel.reml.parameters import make_components, starting_point
from vcmodel.reml.start import covariances
from vcmodel.reml.wishes import read_wishes
from vcmodel.spec import build_spec


def prepared(arguments, table, known):
    """Design, equations, components and the default starting point."""
    given_weights = arguments.get("weights")
    spec = build_spec(arguments["fixed"], arguments["random"], arguments["residual"])
    design = build_design(spec, build_frame(spec, table, given_weights), known)
    equations = MixedModelEquations(design)
    references, starts = covariances(design, equations.y)
    components = make_components(design, references)
    defaults = [component.structure.start(sigma) for component, sigma in zip(components, starts, strict=True)]
    point = starting_point(components, read_wishes(components, defaults))
    return design, equations, components, point


def dense_loglik(design, components, point):
    sigmas = [chart.value(phi) for chart, phi in zip(point.charts, point.phi, strict=True)]
    n = len(design.terms)
    return dense.design_loglik(design, sigmas[:n], sigmas[n:])


@settings(max_examples=220, deadline=None, suppress_health_check=list(HealthCheck))
@given(models(), st.integers(0, 1000))
def test_sparse_equals_dense(model, seed):
    try:
        design, equations, components, point = prepared(*model)
    except FormulaError as refused:  # the same effects twice
        assume("same effects" not in str(refused))
        raise
    rng = np.random.default_rng(seed)
    vector = point.vector()
    point = point.moved(vector * (1 + 0.2 * rng.uniform(-1, 1, vector.size)))
    assume(place(equations, components, point))  # a perturbed residual may not be positive definite
    expected = dense_loglik(design, components, point)
    assert abs(equations.loglik - expected) < 1e-8 * max(1.0, abs(expected) / 100)

    found = differentiate(equations, components, point, [True] * len(components), [None] * len(components))
    score = dense.differences(lambda v: dense_loglik(design, components, point.moved(v)), point.vector())
    assert np.allclose(found.score, score, rtol=1e-6, atol=1e-5 * max(1.0, np.abs(score).max(initial=0.0)))

    n = len(design.terms)
    sigmas = [chart.value(phi) for chart, phi in zip(point.charts, point.phi, strict=True)]
    p = dense.projection(dense.covariance(design, sigmas[:n], sigmas[n:]), dense.fixed_matrix(design))
    changes = []
    for c, (chart, phi) in enumerate(zip(point.charts, point.phi, strict=True)):
        for d_sigma in chart.derivative(phi):
            parts = [np.zeros_like(sigma) for sigma in sigmas]
            parts[c] = d_sigma
            changes.append(dense.covariance(design, parts[:n], parts[n:]))
    py = p @ design.y
    variates = np.array([change @ py for change in changes]).reshape(len(changes), -1)
    expected = 0.5 * variates @ p @ variates.T
    assert np.allclose(found.information, expected, rtol=1e-7, atol=1e-8 * max(1.0, np.abs(expected).max(initial=0.0)))
