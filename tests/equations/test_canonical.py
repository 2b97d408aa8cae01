"""Combinations and slices through the transformed traits, against dense algebra; the rest is in test_reductions."""

from __future__ import annotations

from functools import partial

import pytest
from equations.oracle import Model, same_derivatives, same_effects
from equations.test_balanced import environments, two_traits
from equations.test_mixed_model import started
from equations.test_reductions import known, prepared, traits

from vcmodel.equations.balanced import balanced_form
from vcmodel.equations.canonical import CanonicalEquations
from vcmodel.equations.single_trait import SparseSystems
from vcmodel.equations.spectral import SpectralSystems


def of(kind):
    arguments = {"fixed": "y1 + y2 ~ trait:block", "random": "corgh(trait):vm(gen, K)", "residual": "id(units):us(trait)"}
    return prepared({**arguments, "weights": "w"}, traits(2, 2, 9, 2), known(kind, 11))


@pytest.mark.parametrize("design", [two_traits, environments, partial(of, "low rank"), partial(of, "regular")])
@pytest.mark.parametrize("slice_size", [3, 4_000_000])
@pytest.mark.parametrize("systems", [SparseSystems, SpectralSystems])
def test_everything(design, slice_size, systems):
    design = design()
    make = partial(systems, slice_size=slice_size) if systems is SparseSystems else systems
    equations = CanonicalEquations(design, balanced_form(design), make, slice_size=slice_size)
    model = Model(design, started(design))
    same_derivatives(equations, model)
    same_effects(equations, model)
