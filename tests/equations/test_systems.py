"""Single-trait systems, sparse and spectral, against dense algebra at ratios that include zero."""

from __future__ import annotations

from functools import partial

import dense
import numpy as np
import pytest
from equations.oracle import near
from equations.test_reductions import KINDS, known, prepared, traits

from vcmodel.equations.balanced import balanced_form
from vcmodel.equations.single_trait import SparseSystems
from vcmodel.equations.spectral import SpectralSystems

ROOTS, TRANSFORM = np.array([0.8, 0.0, 1.7]), np.array([[1.0, 0.2, 0.0], [-0.3, 0.9, 0.4], [0.1, 0.0, 1.1]])


def form_of(kind):
    factor = "gen" if kind == "identity" else "vm(gen, K)"
    arguments = {"fixed": "y1 + y2 + y3 ~ trait + trait:x", "random": f"us(trait):{factor}", "residual": "id(units):us(trait)"}
    design = prepared(arguments, traits(3, 3, 9, 2), {} if kind == "identity" else known(kind, 11))
    return balanced_form(design), design


@pytest.mark.parametrize("make", [SparseSystems, partial(SparseSystems, slice_size=3), SpectralSystems])
@pytest.mark.parametrize("kind", KINDS)
def test_systems(make, kind):
    form, design = form_of(kind)
    responses = design.y[form.cells]
    systems = make(form, responses)
    assert systems.update(ROOTS, TRANSFORM)
    x, z, k = form.x.toarray(), form.incidence.toarray(), dense.relationship(form.term)
    y = responses @ TRANSFORM.T
    p0 = x.shape[1]
    for t, s in enumerate(ROOTS):
        v = np.eye(len(x)) + s**2 * z @ k @ z.T
        p, inverse = dense.projection(v, x), np.linalg.inv(v)
        information = x.T @ inverse @ x
        assert systems.logdet[t] == pytest.approx(np.linalg.slogdet(v)[1] + np.linalg.slogdet(information)[1])
        assert systems.quadratic[t] == pytest.approx(y[:, t] @ p @ y[:, t])
        assert systems.traces()[t] == pytest.approx(s * np.trace(k @ z.T @ p @ z), abs=1e-10)
        near(systems.fixed()[:, t], np.linalg.solve(information, x.T @ inverse @ y[:, t]))
        near(systems.residual()[:, t], p @ y[:, t])
        g = s**2 * k
        effects = g @ z.T @ p @ y[:, t]
        assert np.allclose(systems.effects()[:, t], effects, atol=1e-10)
        errors = g - g @ z.T @ p @ z @ g
        assert np.allclose(systems.prediction_variances()[:, t], np.diag(errors), atol=1e-10)
        cov = np.linalg.inv(information)
        cross = -cov @ x.T @ inverse @ z @ g
        whole = np.block([[cov, cross], [cross.T, errors]])
        assert np.allclose(systems.covariance_times(t, np.eye(p0 + len(k))), whole, atol=1e-9)
        near(systems.fixed_variances()[:, t], np.diag(cov))
