"""Which equations the order of elimination is told of."""

import numpy as np
from equations.covariances import autoregressive
from equations.test_mixed_model import made

from vcmodel.equations.blocks import make_unknowns
from vcmodel.equations.elimination import leading_equations
from vcmodel.equations.mixed_model import MixedModelEquations
from vcmodel.equations.term_precision import TermPrecision
from vcmodel.structures.precision_chart import ConstantPrecision


def test_places_come_first():
    design = made("us(site):place + gen", fixed="y ~ site")
    place, gen = design.terms
    precisions = [TermPrecision(autoregressive(place.n_levels)), TermPrecision(ConstantPrecision(gen.n_columns))]
    unknowns = make_unknowns(design)
    found = leading_equations(unknowns, precisions)
    p, q = design.x.shape[1], place.structure.size * place.n_levels
    assert np.flatnonzero(found).tolist() == list(range(p, p + q))
    assert leading_equations(unknowns, [precisions[1]] * 2) is None


def test_the_factor_is_told(monkeypatch):
    from vcmodel.equations import mixed_model

    told, real = [], mixed_model.SparseCholesky
    monkeypatch.setattr(mixed_model, "SparseCholesky", lambda pattern, **option: told.append(option["leading"]) or real(pattern, **option))
    design = made("place", fixed="y ~ site")
    MixedModelEquations(design)
    MixedModelEquations(design, precisions=[autoregressive(design.terms[0].n_levels)])
    assert told[0] is None
    assert told[1].sum() == design.terms[0].n_levels
