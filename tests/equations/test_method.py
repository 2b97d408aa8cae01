"""One cost model: what is chosen, planned and noted."""

from __future__ import annotations

import numpy as np
import pytest
from equations.test_mixed_model import factor_analytic, made
from equations.test_reductions import known, prepared, traits

from vcmodel.control import Control
from vcmodel.equations.balanced import NotBalancedError, balanced_form
from vcmodel.equations.memory_need import memory_need
from vcmodel.equations.method import FACTORISATIONS, ITERATIONS, Canonical, General, Spectral, choose
from vcmodel.equations.mixed_model import MixedModelEquations


def balanced(kind, n_traits=2, n_levels=12):
    factor = "gen" if kind == "identity" else "vm(gen, K)"
    responses = " + ".join(f"y{t + 1}" for t in range(n_traits))
    arguments = {"fixed": f"{responses} ~ trait", "random": f"us(trait):{factor}", "residual": "id(units):us(trait)"}
    return prepared(arguments, traits(1, n_traits, n_levels, 2), {} if kind == "identity" else known(kind, n_levels + 2))


def test_the_least_work_is_chosen():
    for kind, expected in (("identity", Canonical), ("regular", Spectral)):
        design = balanced(kind, n_levels=60)
        form, control = balanced_form(design), Control()
        chosen = choose(design, control)
        assert isinstance(chosen, expected)
        others = [Canonical(design, control, form), Spectral(design, control, form)]
        assert chosen.work().total <= min(other.work().total for other in others) * (1.0 + 1e-12)


def test_the_work_of_factorisations_is_that_of_the_factors():
    design, control = balanced("pedigree", 3), Control()
    general, canonical = General(design, control), Canonical(design, control, balanced_form(design))
    work = general.work()
    assert (work.size, work.fill, work.systems) == (general.equations.factor.size, general.equations.factor.fill, 1)
    assert work.total == pytest.approx(ITERATIONS * FACTORISATIONS * general.equations.factor.flops)
    assert canonical.work().systems == 3
    assert canonical.work().flops == pytest.approx(3 * canonical.equations.systems.flops)
    assert general.build() is general.equations and canonical.build() is canonical.equations


def test_sentences():
    design = balanced("regular")
    form, control = balanced_form(design), Control()
    assert General(design, control).describe() == "mixed-model equations: one sparse system of 30"
    assert Canonical(design, control, form).describe() == (
        "canonical transformation: 2 single-trait systems of 15 equations instead of one of 30"
    )
    spectral = Spectral(design, control, form)
    assert spectral.describe() == "spectral form: 2 diagonal systems after one eigendecomposition of 12 levels, instead of 30 equations"
    assert spectral.build().systems.observed.size == 12


def test_a_single_trait_has_no_canonical_form():
    arguments = {"fixed": "y1 ~ 1", "random": "gen"}
    design = prepared(arguments, traits(1, 1, 12, 2), {})
    with pytest.raises(NotBalancedError, match="single trait"):
        Canonical(design, Control(), balanced_form(design))


@pytest.mark.parametrize("relationship", ["identity", "low rank"])
def test_equations_are_counted_by_loading_columns(relationship):
    gen = "gen" if relationship == "identity" else "vm(gen, K)"
    design = factor_analytic(made(f"us(site):{gen} + rep", relationship=relationship), 2)
    need, layout = memory_need(design), MixedModelEquations(design).layout
    assert need.equations == layout.n_equations == General(design, Control()).order
    both = 2 * layout.pattern.nnz - layout.n_equations
    assert both <= need.products + need.relationships


@pytest.mark.parametrize("rows_at_once", [1, 3, 20_000])
def test_nodes_that_meet_are_counted_in_slices(rows_at_once):
    from vcmodel.equations.memory_need import _counted

    design = made("us(site):gen + rep", fixed="y ~ 1")
    need = _counted(design, memory_need(design), rows_at_once)
    assert need.exact
    layout = MixedModelEquations(design).layout
    assert need.products <= memory_need(design).products
    assert 2 * layout.pattern.nnz - layout.n_equations <= need.products + need.relationships
    assert need.products == pytest.approx(_counted(design, memory_need(design)).products)
    assert np.isfinite(need.bytes_making)
