"""Which equations the order of elimination is told of."""

from dataclasses import replace

import numpy as np
from equations.test_mixed_model import made
from separated import separated

from vcmodel.equations.blocks import make_unknowns
from vcmodel.equations.elimination import leading_equations
from vcmodel.equations.mixed_model import MixedModelEquations
from vcmodel.equations.term_precision import TermPrecision


def test_places_come_first():
    design = made("us(site):ar1(place) + gen", fixed="y ~ site")
    place, gen = separated(design.terms[0]), design.terms[1]
    precisions = [TermPrecision(term.inverses, term.relationship) for term in (place, gen)]
    unknowns = make_unknowns(replace(design, terms=(place, gen)))
    found = leading_equations(unknowns, precisions)
    p, q = design.x.shape[1], place.structure.size * place.n_levels
    assert np.flatnonzero(found).tolist() == list(range(p, p + q))
    assert leading_equations(unknowns, [precisions[1]] * 2) is None


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
