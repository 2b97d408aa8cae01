"""Effects of single cells taken into R, against dense algebra."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from equations.oracle import Model, exact_curvature, near, same_derivatives, same_effects
from equations.test_mixed_model import made, started

from vcmodel.equations.absorbed import AbsorbedEquations, nuggets


def fields(weights=None):
    """Two fields of scattered plots, in blocks, with a line on several of them."""
    rng = np.random.default_rng(4)
    n = 30
    table = pd.DataFrame({"field": np.repeat(["A", "B"], n // 2), "u": rng.permutation(n) * 0.7, "v": rng.integers(0, 5, n) * 1.1})
    table["gen"], table["block"], table["time"] = rng.integers(0, 6, n), rng.integers(0, 3, n), np.arange(n) % 5 * 1.5
    table["subject"], table["step"] = np.arange(n) // 5, np.arange(n) % 5
    table["w"] = 1.0 if weights is None else weights
    table["y"] = rng.normal(size=n) + 0.2 * table["gen"] + table["u"] / 10.0
    return table


CASES = {
    "one field": ("gen + units", "iexp(u, v)"),
    "a Gaussian": ("units + gen:block + gen", "igau(u, v)"),
    "two fields": ("gen + units", "dsum(~ mtrn(u, v, nu=1.5) | field)"),
    "one of two fields": ("gen + at(field, 'B'):units", "dsum(~ aexp(u, v) | field)"),
    "a nugget each": ("at(field, 'B'):units + gen + at(field, 'A'):units", "dsum(~ agau(u, v) | field)"),
    "within subjects": ("units + gen", "id(subject):exp(time)"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_model_is_the_same(case):
    random, residual = CASES[case]
    design = made(random, residual, fixed="y ~ block", table=fields(), weights=None)
    found = nuggets(design)
    assert {nugget.term for nugget in found} == {t for t, term in enumerate(design.terms) if "units" in term.label}
    point = started(design)
    equations, model = AbsorbedEquations(design, found), Model(design, point)
    derivatives = same_derivatives(equations, model)
    for nugget in found:
        near(derivatives[nugget.term].curvature, exact_curvature(model, point[nugget.term]), 1e-4)
    same_effects(equations, model)
    z = np.hstack([term.incidence.toarray() for term in design.terms])
    values, p = model.joint(point.vector())[0], design.fixed_matrix.shape[1]
    near(equations.fitted(), design.fixed_matrix @ values[:p] + z @ values[p:])


def test_a_matrix_singular_by_rounding_is_never_factorised_alone():
    design = made("units", "igau(u, v)", fixed="y ~ 1", table=fields().iloc[:15], weights=None)
    point = started(design)
    vector = point.vector()
    vector[point[1].where.stop - 1] = 1e-3  # the angle, after the variance
    point = point.moved(vector)
    assert np.linalg.eigvalsh(point[1].sigma)[0] < 1e-12
    equations = AbsorbedEquations(design, nuggets(design))
    assert equations.update(point.parts)
    near(equations.loglik, Model(design, point).loglik(point.vector()), 1e-9)


@pytest.mark.parametrize(
    ("random", "residual", "weights"),
    [
        ("gen", "iexp(u, v)", None),  # no effects of cells
        ("units", "id(subject):us(step)", None),  # no distances
        ("units", "iexp(u, v)", "w"),  # one variance in R is not one variance in the weighted cells
        ("at(block, '1'):units", "iexp(u, v)", None),  # part of a section
        ("id(subject):id(step)", "iexp(u, v)", None),
    ],
)
def test_what_is_absorbed(random, residual, weights):
    design = made(random, residual, fixed="y ~ 1", table=fields(2.0), weights=weights)
    assert bool(nuggets(design)) == ("step" in random)
