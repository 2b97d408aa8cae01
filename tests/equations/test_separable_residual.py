"""Residuals on completed grids: those of the observed cells, against dense algebra and against independent units."""

import numpy as np
import pandas as pd
import pytest
from equations.oracle import Model, near, same_derivatives, same_effects
from equations.test_mixed_model import started

import vcmodel as vc
from vcmodel.design.design import build_design
from vcmodel.design.frame import build_frame
from vcmodel.equations.mixed_model import MixedModelEquations
from vcmodel.spec import build_spec
from vcmodel.structures.separable import SeparableStructure


def field(seed=0, n_rows=5, n_columns=4, sites=2, lacking=3):
    """Two traits of lines on grids, some plots absent and some responses missing."""
    rng = np.random.default_rng(seed)
    rows = [(f"s{s}", r, c) for s in range(sites) for r in range(n_rows) for c in range(n_columns)]
    table = pd.DataFrame(rows, columns=["site", "row", "col"])
    table["gen"] = [f"g{i}" for i in rng.integers(0, 6, len(table))]
    table["x"] = rng.normal(size=len(table))
    table["w"] = rng.uniform(0.5, 2.0, len(table))
    smooth = np.cumsum(rng.normal(size=len(table))) / 3.0
    table["y"] = 10.0 + table["x"] + smooth + rng.normal(size=len(table))
    table["z"] = 5.0 + smooth + rng.normal(size=len(table))
    table.loc[rng.choice(len(table), lacking, replace=False), "y"] = np.nan
    table.loc[rng.choice(len(table), lacking, replace=False), "z"] = np.nan
    return table.drop(index=rng.choice(len(table), lacking, replace=False)).sample(frac=1.0, random_state=seed)


MODELS = {
    "a field": ("y ~ x", "gen", "ar1(row):ar1(col):id(site)"),
    "rows only": ("y ~ x", "gen + units", "id(site):id(col):ar1(row)"),
    "sections": ("y ~ site", "gen", "dsum(~ ar1(col):ar1(row) + id(col):ar1(row) | site, levels=[['s0'], ['s1']])"),
    "a dense direction": ("y ~ site + x", "site:gen", "id(site):cor(row):ar1(col)"),
    "two traits": ("cbind(y, z) ~ trait + trait:x", "us(trait):gen", "id(site):ar1(row):us(trait):ar1(col)"),
    "bent beside sparse": ("y ~ 1", "gen", "id(site):ar1h(row):ar1(col)"),
    "units of a direct sum": ("y ~ site", "gen", "dsum(~ ar1(row):ar1(col) + id(units) | site, levels=[['s0'], ['s1']])"),
}


@pytest.fixture
def separated(monkeypatch):
    """Every product with a sparse part is taken apart, however small."""
    monkeypatch.setattr("vcmodel.structures.separable.LARGE", 1)


def dense_residual(section):
    """R of a section over its cells, from the product as written."""
    whole = section.structure.whole
    place = np.argsort(section.structure.level(np.arange(whole.size)))[section.level]
    together = section.unit[:, None] == section.unit

    def covariance(part):
        return whole.value(part.reported)[np.ix_(place, place)] * together

    return covariance


def made(name, seed=0):
    fixed, random, residual = MODELS[name]
    spec = build_spec(fixed, random, residual)
    design = build_design(spec, build_frame(spec, field(seed), "w"), {})
    grids = {s: dense_residual(section) for s, section in enumerate(design.sections) if isinstance(section.structure, SeparableStructure)}
    return design, Model(design, started(design), grids), grids


@pytest.mark.parametrize("name", MODELS)
def test_against_dense_algebra(separated, name):
    design, model, grids = made(name)
    assert grids
    equations = MixedModelEquations(design)
    assert equations.residual_covariance.n_absent > 0
    same_derivatives(equations, model)
    same_effects(equations, model)
    assert equations.y.size == design.y.size == equations.fitted().size


@pytest.mark.parametrize("name", MODELS)
def test_the_fit_is_that_of_independent_units(monkeypatch, name):
    fixed, random, residual = MODELS[name]
    one = vc.fit(fixed, random=random, residual=residual, data=field(3))
    monkeypatch.setattr("vcmodel.structures.separable.LARGE", 1)
    two = vc.fit(fixed, random=random, residual=residual, data=field(3))
    assert one.status == two.status
    near(two.loglik, one.loglik, 1e-9)
    free = one.varcomp["std_error"].notna()
    size = one.varcomp["std_error"][free]
    assert np.all(np.abs(one.varcomp["component"] - two.varcomp["component"])[free] < 1e-3 * size)
    assert np.allclose(two.varcomp["std_error"][free], size, rtol=1e-3)
    near(two.fitted.dropna().to_numpy(), one.fitted.dropna().to_numpy(), 1e-4)
    assert list(two.varcomp.index) == list(one.varcomp.index)
    assert two.notes == one.notes


def test_the_curvature_of_a_matrix_beside_sparse_parts(separated):
    """D is exact: tr(D dSigma) for every change of Sigma, and what bends Sigma counts."""
    design, model, _ = made("two traits")
    equations = MixedModelEquations(design)
    assert equations.update(model.point.parts)
    part = model.point[1]
    found = equations.derivatives(part)
    of_sigma = part.phi.size - part.chart.n_sparse
    near(np.tensordot(part.derivative[:of_sigma], found.gradient, 2), found.score[:of_sigma], 1e-10)
    near(found.curvature, part.chart.curvature(part.phi, found.gradient), 1e-10)


def test_an_end_of_a_correlation_is_refused(separated):
    design, model, _ = made("a field")
    equations = MixedModelEquations(design)
    vector = model.point.vector()
    vector[model.point[1].where.stop - 1] = 0.0
    assert not equations.update(model.point.moved(vector).parts)
    assert equations.update(model.point.parts)


FIELDS = {
    "most plots absent": (12, 10, lambda table, rng: table[rng.random(len(table)) < 0.4]),
    "most responses missing": (12, 10, lambda table, rng: table.assign(y=table["y"].where(rng.random(len(table)) < 0.4))),
    "a row without any": (12, 10, lambda table, rng: table.assign(y=table["y"].where(table["row"] != 5))),
    "one row": (1, 60, lambda table, rng: table),
    "one column": (60, 1, lambda table, rng: table.drop(index=[3, 4, 30])),
}


@pytest.mark.parametrize("name", FIELDS)
def test_unusual_fields(name):
    """The fit is the maximum, and its logL that of the observed cells."""
    n_rows, n_columns, chosen = FIELDS[name]
    rng = np.random.default_rng(1)
    table = pd.DataFrame([(r, c) for r in range(n_rows) for c in range(n_columns)], columns=["row", "col"])
    steps = rng.normal(size=(n_rows, n_columns))
    table["y"] = 10.0 + (steps + 0.6 * np.roll(steps, 1, 0) + 0.6 * np.roll(steps, 1, 1)).ravel()
    fit = vc.fit("y ~ 1", residual="ar1(row):ar1(col)", data=chosen(table, rng))
    design, point = fit.estimate.design, fit.estimate.point
    assert fit.converged
    assert isinstance(design.sections[0].structure, SeparableStructure)
    model = Model(design, point, {0: dense_residual(design.sections[0])})
    at = model.loglik(point.vector())
    near(fit.loglik, at, 1e-9)
    for move in 1e-2 * np.vstack([np.eye(point.size), -np.eye(point.size)]):
        assert model.loglik(point.vector() + move) < at
