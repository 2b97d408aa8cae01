"""Terms with factors through sparse inverses: derivatives and effects against dense algebra, and against dense loadings."""

from __future__ import annotations

from dataclasses import replace

import dense
import numpy as np
import pytest
from equations.oracle import Model, exact_curvature, near, same_derivatives, same_effects
from equations.test_mixed_model import made, started
from separated import coordinates, separated

from vcmodel.equations.mixed_model import MixedModelEquations

MODELS = {
    "ar1v(place)": "identity",
    "us(site):ar1(place)": "identity",
    "diag(site):ar1(place) + gen": "identity",
    "ar1v(place):gen": "identity",
    "ar1(place):us(site):ar1(rep)": "identity",
    "ar1v(place):vm(gen, K)": "pedigree",
    "us(site):ar1(place):vm(gen, K)": "low rank",
}


def case(random):
    """The design with its first term through sparse inverses, and a point near the middle."""
    design = made(random, fixed="y ~ site", relationship=MODELS[random])
    first, *rest = design.terms
    design = replace(design, terms=(separated(first), *rest))
    return design, started(design)


@pytest.mark.parametrize("random", MODELS)
def test_derivatives_and_effects(random):
    design, point = case(random)
    equations, model = MixedModelEquations(design), Model(design, point)
    found = same_derivatives(equations, model)[0]
    same_effects(equations, model)
    near(found.curvature, expected_curvature(model), 2e-5)


def expected_curvature(model):
    """The exact curvature of the first component without what has expectation zero.

    By the coordinates of K, 1/2 [y'P d2V P y - tr(P d2V)] with the part -K d2Q K of d2K alone.
    """
    part, design = model.point[0], model.design
    result, m, h = exact_curvature(model, part), coordinates(part).size, 1e-4
    p = dense.projection(model.covariance(model.point.vector()), model.x)
    py, z = p @ design.y, design.terms[0].incidence.toarray()
    k = model.related(model.point)[0]
    singular = np.linalg.eigvalsh(k)[0] < 1e-8 * k.max()
    for i in range(m):
        for j in range(m):
            second = np.zeros_like(k)
            for a, b in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
                vector = model.point.vector()
                vector[part.where.stop - m + i] += a * h
                vector[part.where.stop - m + j] += b * h
                moved = model.related(model.point.moved(vector))[0]
                second += a * b * (np.linalg.pinv(moved, rcond=1e-10) if singular else np.linalg.inv(moved)) / (4.0 * h**2)
            change = z @ np.kron(part.sigma, -k @ second @ k) @ z.T
            result[result.shape[0] - m + i, result.shape[0] - m + j] = 0.5 * (py @ change @ py - np.sum(p * change))
    return result


@pytest.mark.parametrize("random", ["ar1v(place)", "us(site):ar1(place)", "ar1v(place):gen"])
def test_numbers_are_those_of_the_dense_loading(random):
    """logL, score and predictions; the information of a correlation differs by what the two charts leave out."""
    design = made(random, fixed="y ~ site")
    other = replace(design, terms=(separated(design.terms[0]),))
    equations, inner = MixedModelEquations(design), MixedModelEquations(other)
    point = started(design)
    theta = [part.reported for part in point]
    fresh = started(other)
    pairs = enumerate(zip(fresh.components, theta, strict=True))
    moved = fresh.changed({c: component.structure.chart(own, component.reference) for c, (component, own) in pairs})
    assert equations.update(point.parts)
    assert inner.update(moved.parts)
    near(inner.loglik, equations.loglik, 1e-11)
    near(inner.fitted(), equations.fitted(), 1e-9)


def test_correlations_of_one_have_no_inverse():
    design, point = case("us(site):ar1(place)")
    equations = MixedModelEquations(design)
    vector = point.vector()
    vector[point[0].where.stop - 1] = 0.0
    assert not equations.update(point.moved(vector).parts)
    assert equations.update(point.parts)
