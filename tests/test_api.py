import copy
import pickle
import subprocess
import sys

import pytest
from example_fits import oats, split_plot

import vcmodel as vc

BOTH = {"random": "us(trait):Block + us(trait):Family"}


def block(**arguments):
    return vc.fit("yield ~ gen", random="block", data=oats(), **arguments)


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


SAME = [
    (("y + z ~ trait", None, "units:us(trait)"), ("y + z ~ trait", None, "id(units):us(trait)")),
    (("y + z ~ trait", None, "units:us(trait)"), ("y + z ~ trait", None, None)),
    (("y ~ 1", None, "units"), ("y ~ 1", None, None)),
    (("y ~ 1", None, "idv(units)"), ("y ~ 1", None, None)),
    (("y ~ 1", "idh(f):g"), ("y ~ 1", "diag(f):g")),
    (("y ~ 1", "idv(f)"), ("y ~ 1", "f")),
    (("y ~ 1", "at(f, 'q'):g"), ("y ~ 1", "at(f, q):g")),
    (("y ~ 1", "at(f, 'q', 'r'):g"), ("y ~ 1", "at(f, 'q'):g + at(f, 'r'):g")),
    (("y ~ 1 + at(f, 'q'):g", None), ("y ~ 1 + at(f, q):g", None)),
    (("y ~ factor(x)", None), ("y ~ 1 + C(x)", None)),
    (("y ~ 1", None, "at(s):units"), ("y ~ 1", None, "dsum(~ id(units) | s)")),
    (("y ~ 1", None, "at(s, 'a', 'b'):units"), ("y ~ 1", None, "at(s, 'b'):units + at(s, 'a'):id(units)")),
]
DIFFERENT = [
    (("y + z ~ trait", None, "us(trait):units"), ("y + z ~ trait", None, "units:us(trait)")),  # other row names
    (("y ~ 1", "us(f):g"), ("y ~ 1", "corgh(f):g")),
    (("y ~ 1", "at(f, 'q'):g"), ("y ~ 1", "at(f, 'r'):g")),
    (("y ~ 1", None, "at(s, 'a', 'b'):units"), ("y ~ 1", None, "at(s, 'b'):units + at(s, 'c'):id(units)")),
    (("y ~ 1", None, "dsum(~ units | s)"), ("y ~ 1", None, "dsum(~ units | t)")),
    (("y ~ x", None), ("y ~ C(x)", None)),
]


@pytest.mark.parametrize(("one", "two"), SAME)
def test_models_that_mean_the_same_are_equal(one, two):
    assert vc.Model(*one) == vc.Model(*two)
    assert hash(vc.Model(*one)) == hash(vc.Model(*two))


@pytest.mark.parametrize(("one", "two"), DIFFERENT)
def test_models_that_mean_something_else_differ(one, two):
    assert vc.Model(*one) != vc.Model(*two)


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
        (lambda: vc.fit("yield ~ gen", "gen", oats()), vc.FormulaError, "residual must be a formula as text, not DataFrame; pass data by"),
        (lambda: block(known=oats()), vc.RelationshipError, r"known must be a mapping from the name used in vm\(\) .*, not DataFrame"),
        (lambda: block(known=[1]), vc.RelationshipError, "known must be a mapping .* known={'A': pedigree}, not list"),
        (lambda: block(start=[("block", 1)]), vc.StructureError, "start must be a mapping from row name to value, .*, not list"),
        (lambda: block(start=oats()), vc.StructureError, "start must be a mapping from row name to value, .*, not DataFrame"),
        (lambda: block(bounds="F"), vc.StructureError, "bounds must be a mapping from row name to code, bounds={'units!R': 'F'}, not str"),
        (lambda: block(equal="block"), vc.StructureError, "equal must be a list of groups, each a list of row names, .*, not str"),
        (lambda: block(equal=[1]), vc.StructureError, r"equal must be a list of groups, .*, not \[1\]"),
        (lambda: block(equal=[["block", 1]]), vc.StructureError, r"equal must be a list of groups, .*, not \[\['block', 1\]\]"),
        (lambda: block(equal=oats()), vc.StructureError, "equal must be a list of groups, .*, not DataFrame"),
        (lambda: block(weights=oats()["row"]), vc.DataError, "weights must be the name of a column, not Series: make the weights a column"),
        (lambda: block(weights=3), vc.DataError, "weights must be the name of a column, not int"),
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


def test_a_fit_is_neither_pickled_nor_copied():
    for way in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(vc.VcmodelError, match=r"a Fit cannot be pickled or copied: .* keep fit.to_dict\(\)"):
            way(split_plot())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_iterations": "a"}, r"Control\(max_iterations='a'\): max_iterations is a whole number"),
        ({"max_iterations": 1.5}, "max_iterations is a whole number"),
        ({"max_iterations": True}, "max_iterations is a whole number"),
        ({"max_iterations": -1}, "max_iterations must be >= 0"),
        ({"tolerance": None}, r"Control\(tolerance=None\): tolerance is a number"),
        ({"tolerance": float("nan")}, "tolerance and start_scale must be finite"),
        ({"start_scale": "1"}, "start_scale is a number"),
        ({"threads": None}, "threads is a whole number"),
        ({"verbose": "yes"}, "verbose is True or False"),
    ],
)
def test_options_of_the_wrong_kind(options, message):
    with pytest.raises(vc.VcmodelError, match=message):
        vc.Control(**options)


def test_convergence_on_request():
    assert split_plot().require_converged() is split_plot()
    stopped = vc.fit("yield ~ gen", random="block", data=oats(), control=vc.Control(max_iterations=1))
    assert not stopped.converged
    assert stopped.status.name == "ITERATION_LIMIT"
    with pytest.raises(vc.ConvergenceError, match="not converged: the iteration limit was reached"):
        stopped.require_converged()
