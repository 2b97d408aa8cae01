"""Equations in orthonormal columns, asked for the matrices as written."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from equations.oracle import Model, near, same_derivatives, same_effects
from equations.test_mixed_model import made, started, trials

from vcmodel.design.orthonormal import orthonormalised
from vcmodel.equations.mixed_model import MixedModelEquations
from vcmodel.equations.rebased import RebasedEquations


def test_they_are_the_equations_as_written():
    table = trials()
    table["gen"] = table["gen"].astype(str)
    design = made("str(~ gen + lin(x):gen, ~ us(2):id(gen)) + rep", table=table)
    worked = replace(design, terms=(orthonormalised(design.terms[0]), *design.terms[1:]))
    assert worked.terms[0].basis is not None
    point = started(design)
    equations, direct = RebasedEquations(MixedModelEquations(worked), design), MixedModelEquations(design)
    found = same_derivatives(equations, Model(design, point))
    same_effects(equations, Model(design, point))
    assert direct.update(point.parts)
    for part, one in zip(point, found, strict=True):
        other = direct.derivatives(part)
        near(one.gradient, other.gradient, 1e-6)
        near(one.curvature, other.curvature, 1e-6)
        assert np.allclose(one.score, other.score, rtol=1e-6)
