import subprocess
import sys

import pytest
from example_fits import oats, split_plot

import vcmodel as vc

BOTH = {"random": "us(trait):Block + us(trait):Family"}


def test_public_names():
    for name in vc.__all__:
        assert getattr(vc, name) is not None
    assert set(vc.__all__) <= set(dir(vc))
    assert vc.__version__.count(".") >= 1
    with pytest.raises(AttributeError, match="module 'vcmodel' has no attribute 'fitt'"):
        _ = vc.fitt


def test_importing_loads_neither_scipy_nor_formulaic():
    code = "import sys, vcmodel; print([name for name in ('scipy', 'formulaic') if name in sys.modules], callable(vcmodel.fit))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[] True"


def test_fit_stays_the_function_after_its_module_was_imported():
    from vcmodel.fit import Fit

    assert Fit is vc.Fit
    assert callable(vc.fit)


def test_a_model_is_its_meaning():
    one = vc.Model("bden + veloc ~ trait", **BOTH, residual="units:us(trait)")
    two = vc.Model("cbind(bden, veloc) ~ trait", random=f"~ {BOTH['random']}", rcov="~ units:us(trait)")
    assert one == two
    assert hash(one) == hash(two)
    assert one != vc.Model("bden + veloc ~ trait", random="us(trait):Block", residual="units:us(trait)")
    assert one != "bden + veloc ~ trait"
    assert repr(one).startswith("Model(fixed='bden + veloc ~ trait', random=")


def test_a_model_is_frozen():
    model = vc.Model("y ~ 1")
    with pytest.raises(AttributeError):
        model.fixed = "z ~ 1"


def test_a_model_fits_many_data_sets():
    model = vc.Model("yield ~ gen * nitrof", random="block + block:gen")
    assert model.fit(oats()).loglik == split_plot().loglik
    assert model.fit(oats().iloc[:-1]).n_observations == 71


def test_data_may_be_a_file(tmp_path):
    path = tmp_path / "oats.csv"
    oats().to_csv(path, index=False)
    assert vc.fit("yield ~ gen", random="block", data=path).loglik == vc.fit("yield ~ gen", random="block", data=str(path)).loglik


def test_rcov_is_residual():
    one = vc.fit("yield ~ gen", random="block", rcov="dsum(~ units | gen)", data=oats())
    two = vc.fit("yield ~ gen", random="block", residual="dsum(~ units | gen)", data=oats())
    assert one.loglik == two.loglik
    with pytest.raises(vc.FormulaError, match="residual and rcov are two names of one argument; give only residual"):
        vc.fit("yield ~ gen", residual="units", rcov="units", data=oats())


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: vc.fit("yield ~ gen"), vc.DataError, "no data: pass data=, a DataFrame or the path of a CSV file"),
        (lambda: vc.fit(3, data=oats()), vc.FormulaError, "fixed must be a formula as text, not int"),
        (lambda: vc.fit(None, data=oats()), vc.FormulaError, "fixed must be a formula as text, not NoneType"),
        (lambda: vc.fit("yield ~ gen", oats()), vc.FormulaError, "random must be a formula as text, not DataFrame"),
        (lambda: vc.fit("yield ~ gen", data=oats(), control={}), vc.VcmodelError, "control must be a vcmodel.Control, not dict"),
        (lambda: vc.fit("yield ~ gen", data=oats(), maxit=3), TypeError, "unexpected keyword argument 'maxit'"),
        (lambda: vc.fit("yield ~ 1", random="us(trait", data=oats()), vc.FormulaError, "bracket|closed|end"),
    ],
)
def test_wrong_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_fit_is_read_only():
    with pytest.raises(AttributeError, match="a Fit is read-only: 'loglik' cannot be set"):
        split_plot().loglik = 0.0


def test_convergence_on_request():
    assert split_plot().require_converged() is split_plot()
    stopped = vc.fit("yield ~ gen", random="block", data=oats(), control=vc.Control(max_iterations=1))
    assert not stopped.converged
    assert stopped.status.name == "ITERATION_LIMIT"
    with pytest.raises(vc.ConvergenceError, match="not converged: the iteration limit was reached"):
        stopped.require_converged()
