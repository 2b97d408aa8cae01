"""What factorises and with how many threads does not change a fit; a model without any equations is one too."""

import numpy as np
import pytest

import vcmodel as vc


def fit(**control):
    data = vc.datasets.load("seed_rcbd_bivariate")
    random = "us(trait):Block + us(trait):Family"
    return vc.fit("cbind(bden, veloc) ~ trait", random=random, residual="units:us(trait)", data=data, control=vc.Control(**control))


@pytest.fixture(scope="module")
def reference():
    return fit()


@pytest.mark.parametrize("control", [{"factorization": "cholmod"}, {"threads": 2}, {"factorization": "cholmod", "threads": 2}])
def test_options_of_the_factorisation_do_not_change_a_fit(reference, control):
    found = fit(**control)
    assert found.status == reference.status
    assert found.loglik == pytest.approx(reference.loglik, abs=1e-8)
    assert np.allclose(found.varcomp["component"], reference.varcomp["component"], rtol=1e-5, atol=1e-8)
    assert np.allclose(found.fixed_effects["std_error"], reference.fixed_effects["std_error"], rtol=1e-6)


@pytest.mark.parametrize(
    ("control", "message"),
    [
        ({"factorization": "qr"}, "factorization='qr'.*own"),
        ({"factorization": "cholmd"}, "cholmod"),
        ({"threads": 0}, "threads must be >= 1"),
    ],
)
def test_options_out_of_range_are_refused(control, message):
    with pytest.raises(vc.VcmodelError, match=message):
        vc.Control(**control)


def test_a_model_without_equations():
    data = vc.datasets.load("seed_rcbd_bivariate")
    found = vc.fit("bden ~ 0", data=data)
    y = data["bden"].dropna().to_numpy()
    variance = float(np.mean(y**2))
    assert found.converged
    assert found.varcomp["component"].to_list() == pytest.approx([variance], rel=1e-7)
    assert found.loglik_full == pytest.approx(-0.5 * y.size * (np.log(2 * np.pi * variance) + 1), rel=1e-10)
    assert len(found.fixed_effects) == 0
    assert "0 fixed coefficients" in str(found.summary())


def test_a_model_without_equations_of_two_traits():
    complete = vc.datasets.load("seed_rcbd_bivariate").dropna(subset=["bden", "veloc"])
    found = vc.fit("cbind(bden, veloc) ~ 0", residual="units:us(trait)", data=complete)
    y = complete[["bden", "veloc"]].to_numpy()
    assert found.converged
    assert np.allclose(found.covariance("residual"), y.T @ y / len(y), rtol=1e-6)
