"""Held and tied parameters: fits end at the constrained optimum, up to and on the boundary."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import vcmodel as vc

FAMILY = ("trait:Family!trait_y1", "trait:Family!trait_y2")
COR = "trait:Family!trait_y2:y1.cor"


def rcbd(seed, blocks, families, genetic, residual):
    """Two traits in complete blocks; `genetic` and `residual` are (variance, variance, correlation)."""
    rng = np.random.default_rng(seed)

    def draw(size, matrix):
        a, b, r = matrix
        return rng.normal(size=(size, 2)) @ np.linalg.cholesky([[a, r * np.sqrt(a * b)], [r * np.sqrt(a * b), b]]).T

    family, block = np.tile(np.arange(families), blocks), np.repeat(np.arange(blocks), families)
    y = draw(families, genetic)[family] + draw(blocks, (1.0, 1.0, 0.3))[block] + draw(family.size, residual)
    return pd.DataFrame({"Family": family, "Block": block, "y1": y[:, 0], "y2": y[:, 1]})


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("r", [0.5, -0.9, 1.0])
def test_a_held_correlation_beside_a_vanishing_variance(seed, r):
    data = rcbd([99, seed], 3, 10, (0.1, 1.0, 0.5), (3.0, 1.0, 0.3))
    fit = vc.fit("y1 + y2 ~ trait", "corgh(trait):Family", "units:us(trait)", data, start={COR: r}, bounds={COR: "F"})
    assert fit.converged
    assert fit.varcomp.loc[COR, "component"] == r
    assert fit.varcomp.loc[COR, "bound"] == "F"
    free = vc.fit("y1 + y2 ~ trait", "corgh(trait):Family", "units:us(trait)", data)
    assert fit.loglik <= free.loglik + 1e-8
    assert fit.n_parameters <= free.n_parameters


@pytest.mark.parametrize("seed", range(6))
def test_tied_variances_are_not_below_the_nested_model(seed):
    data = rcbd([98, seed], 4, 30, (1.0, 1.0, 0.95), (3.0, 3.0, 0.3))
    pair = ["trait:Family!trait_y1:y1", "trait:Family!trait_y2:y2"]
    fit = vc.fit("y1 + y2 ~ trait", "us(trait):Family", "units:us(trait)", data, equal=[pair])
    common = vc.fit("y1 + y2 ~ trait", "Family", "units:us(trait)", data)
    assert fit.converged
    assert fit.loglik >= common.loglik - 1e-7
    assert fit.varcomp.loc[pair[0], "component"] == fit.varcomp.loc[pair[1], "component"]


def test_a_model_with_every_parameter_held_is_evaluated_and_reported():
    data = rcbd([7, 1], 3, 10, (1.0, 1.0, 0.5), (3.0, 1.0, 0.3))
    held = {FAMILY[0]: 1.0, FAMILY[1]: 0.0, COR: 0.4}
    residual = {"units:trait!trait_y1": 3.0, "units:trait!trait_y2": 1.0}
    start = held | residual
    fit = vc.fit("y1 + y2 ~ trait", "corgh(trait):Family", "units:diag(trait)", data, start=start, bounds=dict.fromkeys(start, "F"))
    assert fit.converged
    assert fit.n_parameters == 0
    assert fit.varcomp["component"].to_dict() == start
    assert set(fit.varcomp["bound"]) == {"F"}
    assert fit.summary() and fit.to_json()
