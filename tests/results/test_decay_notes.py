"""A Gaussian residual without a nugget on a smooth field is told what it wants."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import vcmodel as vc


@pytest.fixture(scope="module")
def smooth():
    """A field far smoother than its plots are apart, without errors of single plots."""
    rng = np.random.default_rng(1)
    x, z = (item.ravel() for item in np.meshgrid(np.arange(6.0), np.arange(6.0)))
    apart = (x[:, None] - x) ** 2 + (z[:, None] - z) ** 2
    values, vectors = np.linalg.eigh(np.exp(-apart / 36.0))
    return pd.DataFrame({"x": x, "z": z, "y": vectors @ (np.sqrt(np.maximum(values, 0.0)) * rng.normal(size=36))})


def test_a_matrix_singular_by_rounding_asks_for_a_nugget(smooth):
    fit = vc.fit("y ~ 1", residual="igau(x, z)", data=smooth)
    assert any("singular by rounding" in note and "write `units` in random" in note for note in fit.notes)


def test_beside_a_nugget_nothing_is_said(smooth):
    rough = smooth.assign(y=smooth["y"] + 0.5 * np.random.default_rng(2).normal(size=36))
    fit = vc.fit("y ~ 1", random="units", residual="igau(x, z)", data=rough)
    assert fit.converged and not any("rounding" in note for note in fit.notes)
