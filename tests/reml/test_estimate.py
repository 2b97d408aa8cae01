"""From a design to its estimate: the best of several climbs, and the equations left where it is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import vcmodel as vc
from vcmodel.reml import estimate as module
from vcmodel.reml.boundary import RISING

pytestmark = pytest.mark.filterwarnings("ignore::vcmodel.ConvergenceWarning", "ignore::vcmodel.ModelWarning")


def bivariate(unit=1.0):
    """Two traits on 20 families whose family effects are the same: a family matrix of rank one."""
    rng = np.random.default_rng(11)
    family = np.repeat(np.arange(20), 6)
    effect = rng.normal(size=20)[family]
    y = effect[:, None] * np.array([1.0, 0.8]) + rng.normal(size=(family.size, 2))
    return pd.DataFrame({"family": family, "y1": y[:, 0], "y2": unit * y[:, 1]})


def fitted(data, **arguments):
    return vc.fit("y1 + y2 ~ trait", random="us(trait):family", residual="id(units):us(trait)", data=data, **arguments)


def test_multipliers_of_a_matrix_of_rank_one_do_not_depend_on_the_units_of_a_trait():
    plain, scaled = (fitted(bivariate(unit)).certificate.multipliers for unit in (1.0, 1000.0))
    assert plain.keys() == scaled.keys()
    assert plain
    for label, values in plain.items():
        assert np.all(values < RISING)
        assert np.allclose(values, scaled[label], rtol=1e-4, atol=1e-6)


def test_the_equations_stand_at_the_estimate():
    estimate = fitted(bivariate()).estimate
    assert estimate.loglik == pytest.approx(estimate.equations.loglik, abs=1e-9)
    assert np.allclose(estimate.sigma(0), estimate.point[0].sigma)
    assert estimate.random_labels == ["trait:family"]
    assert [c.label for c in estimate.components] == [*estimate.random_labels, *estimate.residual_labels]


@pytest.mark.parametrize(("gain", "expected"), [(1.0, 1.0), (-1.0, 0.0)])
def test_a_further_climb_counts_where_it_is_higher(monkeypatch, gain, expected):
    data, climbs, whole = bivariate(), [], module.maximise
    alone = fitted(data)

    def pretended(search):
        end = whole(search)
        search.loglik += gain * len(climbs)
        climbs.append(search)
        return end

    monkeypatch.setattr(module, "maximise", pretended)
    monkeypatch.setattr(module, "further_starts", lambda first: [first.constraints])
    assert fitted(data).loglik == pytest.approx(alone.loglik + expected, abs=1e-6)
    assert len(climbs) == 2


def test_a_start_without_equations_is_refused(monkeypatch):
    monkeypatch.setattr(module, "maximise", lambda search: None)
    with pytest.raises(vc.StructureError, match="not positive definite at the starting values"):
        fitted(bivariate())


def test_the_covariance_of_the_coordinates_is_the_inverse_information_of_the_free_ones():
    estimate = vc.fit("yield ~ gen", random="block", data=vc.datasets.load("oats")).estimate
    assert estimate.n_free == 2
    assert np.all(np.linalg.eigvalsh(estimate.covariance) > 0.0)
    assert estimate.identifiability.confounded == ()
