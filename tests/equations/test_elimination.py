"""Which equations the order of elimination is told of."""

from dataclasses import replace

import numpy as np
import pandas as pd
from equations.test_mixed_model import made
from separated import separated

import vcmodel as vc
from vcmodel.api import model_design
from vcmodel.equations.blocks import make_unknowns
from vcmodel.equations.elimination import leading_equations
from vcmodel.equations.memory_need import memory_need
from vcmodel.equations.mixed_model import MixedModelEquations
from vcmodel.equations.term_precision import TermPrecision
from vcmodel.options import FitOptions


def test_places_come_first():
    design = made("us(site):ar1(place) + gen", fixed="y ~ site")
    place, gen = separated(design.terms[0]), design.terms[1]
    precisions = [TermPrecision(term.inverses, term.relationship) for term in (place, gen)]
    unknowns = make_unknowns(replace(design, terms=(place, gen)))
    none = np.zeros(design.y.size, dtype=bool)
    found = leading_equations(unknowns, precisions, none, 0)
    p, q = design.x.shape[1], place.structure.size * place.n_levels
    assert np.flatnonzero(found).tolist() == list(range(p, p + q))
    assert leading_equations(unknowns, [precisions[1]] * 2, none, 0) is None


def field(rows=8, columns=9, genotypes=12):
    """A field with four plots lost."""
    draw = np.random.default_rng(4)
    row, column = (axis.ravel() for axis in np.indices((rows, columns)))
    table = pd.DataFrame({"row": row, "column": column, "gen": draw.integers(genotypes, size=row.size), "y": draw.normal(size=row.size)})
    return table.drop(index=[3, 20, 21, 50])


def test_lost_plots_and_a_nugget_come_first():
    model = vc.Model("y ~ 1", random="gen + units", residual="ar1(row):ar1(column)")
    design = model_design(model, field(), FitOptions())[0]
    equations = MixedModelEquations(design)
    covariance = equations.residual_covariance
    assert covariance.n_absent == design.sections[0].n_absent == 4
    on_grid = covariance.on_grid(72)
    assert on_grid.all()
    found = leading_equations(equations.unknowns, equations.precisions, on_grid, 4)
    # the mean, four lost plots, the genotypes, 68 plots
    assert np.flatnonzero(~found).tolist() == [0, *range(5, 5 + design.terms[0].n_levels)]
    assert memory_need(design).equations == equations.layout.n_equations
    both = 2 * equations.layout.pattern.nnz - equations.layout.n_equations
    assert both <= memory_need(design).products + memory_need(design).relationships


def test_the_factor_is_told(monkeypatch):
    from vcmodel.equations import mixed_model

    told, real = [], mixed_model.SparseCholesky
    monkeypatch.setattr(mixed_model, "SparseCholesky", lambda pattern, **option: told.append(option["leading"]) or real(pattern, **option))
    design = made("ar1v(place)", fixed="y ~ site")
    term = separated(design.terms[0])
    MixedModelEquations(design)
    MixedModelEquations(replace(design, terms=(term,)))
    assert told[0] is None
    assert told[1].sum() == term.n_levels
