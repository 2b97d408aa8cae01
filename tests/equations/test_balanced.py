"""Designs in balanced form: what it says of the design, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from equations.test_mixed_model import made
from equations.test_reductions import known, prepared, traits, trials
from separated import separated

from vcmodel.equations.balanced import NotBalancedError, balanced_form


def two_traits(fixed="trait + trait:x"):
    arguments = {"fixed": f"y1 + y2 ~ {fixed}", "random": "us(trait):vm(gen, K)", "residual": "id(units):us(trait)"}
    return prepared(arguments, traits(2, 2, 10, 2), known("pedigree", 12))


def environments():
    arguments = {"fixed": "y ~ site + x", "random": "us(site):gen", "residual": "dsum(~ units | site)"}
    return prepared({**arguments, "fixed": "y ~ site"}, trials(2, 3, 10), {})


@pytest.mark.parametrize("make", [two_traits, environments])
def test_the_form_is_the_design(make):
    design = make()
    form = balanced_form(design)
    size = form.cells.shape[1]
    p0 = form.x.shape[1]
    assert np.array_equal(np.sort(form.cells.ravel()), np.arange(design.y.size))
    z = design.terms[0].incidence.toarray()
    q = design.terms[0].n_levels
    mixed = np.linalg.inv(form.to_design.toarray() if hasattr(form.to_design, "toarray") else form.to_design)
    for t in range(size):
        own = z[form.cells[:, t]]
        assert np.allclose(own[:, t * q : (t + 1) * q], form.incidence.toarray())
        assert np.count_nonzero(own) == form.incidence.nnz
        x = design.x[form.cells[:, t]].toarray()
        assert np.allclose(x, form.x.toarray() @ mixed[t * p0 : (t + 1) * p0])
    assert form.log_det == pytest.approx(np.linalg.slogdet(mixed)[1])


def test_factors_through_sparse_inverses_are_refused():
    design = made("ar1v(place)")
    with pytest.raises(NotBalancedError, match=r"place has factors that enter through sparse inverses"):
        balanced_form(replace(design, terms=(separated(design.terms[0]),)))


def test_a_residual_on_a_grid_is_refused(monkeypatch):
    monkeypatch.setattr("vcmodel.structures.separable.LARGE", 1)
    with pytest.raises(NotBalancedError, match="independent units"):
        balanced_form(made("gen", residual="ar1(place):id(gen):id(site):id(rep)"))
