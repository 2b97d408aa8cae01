"""Coefficients in the scale of their own covariance."""

from __future__ import annotations

import numpy as np

from vcmodel.equations.whitening import whitened_by


def test_root_and_whitened_coefficients_whatever_the_units():
    rng = np.random.default_rng(0)
    half = rng.normal(size=(4, 4))
    units = np.array([1.0, 1e-8, 1e8, 1.0])
    covariance, beta = half @ half.T * np.outer(units, units), rng.normal(size=4) * units
    root, whitened = whitened_by(covariance, beta)
    assert np.allclose(root @ root.T / np.outer(units, units), half @ half.T)
    assert np.allclose(root @ whitened / units, beta / units)


def test_none():
    root, whitened = whitened_by(np.zeros((0, 0)), np.zeros(0))
    assert root.shape == (0, 0) and whitened.shape == (0,)
