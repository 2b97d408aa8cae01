"""The sparse equations against dense algebra, with loadings, relationships and residuals of every shape that they allow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from equations.covariances import KnownResidual, VarianceChart
from equations.oracle import Model, exact_curvature, near, same_derivatives, same_effects
from equations.test_reductions import known
from structures.demo_fa import FactorAnalytic

from vcmodel.design.design import build_design
from vcmodel.design.frame import build_frame
from vcmodel.design.orthonormal import orthonormalised
from vcmodel.equations.mixed_model import MixedModelEquations
from vcmodel.equations.unit_residual import UnitResidual
from vcmodel.errors import StructureError
from vcmodel.reml.components import make_components
from vcmodel.reml.point import Point
from vcmodel.spec import build_spec

RELATIONSHIPS = ("identity", "pedigree", "regular", "low rank")


def trials(seed=1, n_sites=4, n_lines=9):
    """Lines at sites with gaps and repeats, a block, a covariate, weights, and the place along each site."""
    rng = np.random.default_rng(seed)
    rows = [(f"s{i}", j + 1, k) for i in range(n_sites) for j in range(n_lines) for k in range(2) if rng.random() < 0.8]
    table = pd.DataFrame(rows, columns=["site", "gen", "rep"])
    effect = rng.normal(size=(n_lines, n_sites)) + rng.normal(size=(n_lines, 1))
    table["x"] = rng.normal(3.0, 1.0, len(table))
    table["w"] = rng.uniform(0.5, 2.0, len(table))
    table["place"] = rng.permutation(len(table)) % 6 + 1
    table["y"] = 10.0 + effect[table["gen"] - 1, [int(s[1:]) for s in table["site"]]] + 0.3 * table["x"] + rng.normal(size=len(table))
    return table


def made(random, residual=None, relationship="identity", fixed="y ~ site + x", weights="w", table=None):
    """The design of a model over the trials."""
    spec = build_spec(fixed, random, residual)
    relationships = {} if relationship == "identity" else known(relationship, 11)
    return build_design(spec, build_frame(spec, trials() if table is None else table, weights), relationships)


def started(design, charts=None, seed=0):
    """A point near the middle: the charts at Sigma = I/2 plus noise, or those given by component."""
    rng = np.random.default_rng(seed)
    components = make_components(design, [np.ones(s.structure.size) for s in (*design.terms, *design.sections)])
    positions = []
    for c, component in enumerate(components):
        if charts and c in charts:
            positions.append((component, *charts[c]))
            continue
        k = component.structure.size
        noise = 0.1 * rng.normal(size=(k, k))
        theta = component.structure.start(0.6 * np.eye(k) + 0.2 + noise @ noise.T)
        chart, phi = component.structure.chart(theta, component.reference)
        positions.append((component, chart, np.asarray(phi) * rng.uniform(0.8, 1.2, len(phi))))
    return Point.of(positions)


def factor_analytic(design, k=1):
    """The design with a factor-analytic structure in its first term."""
    first, *rest = design.terms
    return replace(design, terms=(replace(first, structure=FactorAnalytic("site", first.structure.levels, k)), *rest))


@pytest.mark.parametrize("relationship", RELATIONSHIPS)
@pytest.mark.parametrize("joined", [0, 48])
def test_a_rectangular_loading_in_groups_that_overlap(relationship, joined):
    gen = "gen" if relationship == "identity" else "vm(gen, K)"
    design = factor_analytic(made(f"us(site):{gen} + site:rep", relationship=relationship), 1)
    point = started(design)
    equations = MixedModelEquations(design, joined=joined)
    model = Model(design, point)
    found = same_derivatives(equations, model)
    same_effects(equations, model)
    if joined:
        near(found[0].curvature, exact_curvature(model, point[0]), 1e-5)
    else:  # entries of dlogL/dLambda between the groups are not known, and so D is not
        assert found[0].gradient is None and not np.any(found[0].curvature)
        per_level = 4 + 1 + 4 + 4  # common node, and each specific effect with it: no pair of specific effects
        dense_block = 5 * 6 // 2
        pattern = equations.layout.pattern
        whole = MixedModelEquations(design).layout.pattern
        assert whole.nnz - pattern.nnz >= (dense_block - per_level) * design.terms[0].n_columns


def test_two_factors_and_a_specific_variance_of_zero():
    design = factor_analytic(made("us(site):gen"), 2)
    point = started(design)
    vector = point.vector()
    vector[point[0].phi.size - 2] = 0.0
    point = point.moved(vector)
    for joined in (0, 48):
        equations, model = MixedModelEquations(design, joined=joined), Model(design, point)
        same_derivatives(equations, model)
        same_effects(equations, model)


@pytest.mark.parametrize("random", ["us(site):vm(gen, K)", "diag(site):vm(gen, K)", "vm(gen, K) + site:gen", "corgh(site):gen"])
@pytest.mark.parametrize("relationship", ["pedigree", "low rank"])
def test_structures_of_the_package(random, relationship):
    design = made(random, "dsum(~ units | site)", relationship)
    equations, model = MixedModelEquations(design), Model(design, started(design))
    near(same_derivatives(equations, model)[0].curvature, exact_curvature(model, model.point[0]), 1e-4)
    same_effects(equations, model)


def test_slices_of_three_numbers_change_nothing():
    for relationship in ("low rank", "pedigree"):
        design = made("us(site):vm(gen, K)", relationship=relationship)
        model = Model(design, started(design))
        equations = MixedModelEquations(design, slice_size=3)
        assert equations.update(model.point.parts)
        same_effects(equations, model)


def test_a_basis_is_undone_in_combinations():
    table = trials()
    table["gen"] = table["gen"].astype(str)
    design = made("str(~ gen + lin(x):gen, ~ us(2):id(gen))", table=table)
    worked = replace(design, terms=tuple(orthonormalised(term) for term in design.terms))
    assert worked.terms[0].basis is not None
    point = started(worked)
    equations = MixedModelEquations(worked)
    assert equations.update(point.parts)
    basis = worked.terms[0].basis
    model = Model(design, point)
    model.covariance = lambda vector: Model(worked, point).covariance(vector)
    written = basis @ point[0].sigma @ basis.T
    z, g = design.terms[0].incidence.toarray(), np.kron(written, np.eye(design.terms[0].n_levels))
    near(z @ g @ z.T, worked.terms[0].incidence.toarray() @ np.kron(point[0].sigma, np.eye(9)) @ worked.terms[0].incidence.toarray().T)
    effect, pev = equations.effects(0)
    p = design.fixed_matrix.shape[1]
    rows = np.hstack([np.zeros((effect.size, p)), np.eye(effect.size)])
    found = equations.combinations(rows)
    near(found.values, effect.ravel())
    near(found.variances(), pev.ravel())


# --- residuals that are not unit by unit -----------------------------------------------------------------------------------------------


def test_sections_of_different_kinds():
    design = made("us(site):gen", "dsum(~ units | site)")
    rng = np.random.default_rng(3)
    cells = design.sections[1].cells
    root = rng.normal(size=(cells.size, cells.size))
    v = root @ root.T / cells.size + np.eye(cells.size)
    residuals = [UnitResidual(section) for section in design.sections]
    residuals[1] = KnownResidual(cells, v)
    point = started(design, {2: (VarianceChart(), np.array([0.8]))})
    model = Model(design, point, {1: lambda part: part.sigma[0, 0] * v})
    equations = MixedModelEquations(design, residuals=residuals)
    found = same_derivatives(equations, model)
    for number in (2, 3):  # the known matrix, and units
        near(found[number].curvature, exact_curvature(model, point[number]), 1e-4)
    same_effects(equations, model)


# --- what is refused -------------------------------------------------------------------------------------------------------------------


def test_a_loading_of_another_shape_is_refused():
    design = made("us(site):gen")
    point = started(factor_analytic(design))
    with pytest.raises(StructureError, match=r"site:gen.*shape \(4, 5\).*root_pattern\(\) says \(4, 4\)"):
        MixedModelEquations(design).update(point.parts)


def test_a_loading_outside_of_its_pattern_is_refused():
    design, free = made("diag(site):gen"), made("us(site):gen")
    with pytest.raises(StructureError, match=r"site:gen.*entry at row \d, column \d"):
        MixedModelEquations(design).update(started(free).parts)


def test_nothing_can_be_asked_after_a_failed_update():
    design = made("gen")
    point = started(design)
    equations = MixedModelEquations(design)
    assert equations.update(point.parts)
    bad = point.changed({1: (VarianceChart(), np.array([0.0]))})
    assert not equations.update(bad.parts)
    with pytest.raises(RuntimeError, match="update"):
        _ = equations.loglik
