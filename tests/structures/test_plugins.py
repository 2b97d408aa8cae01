"""Structures added from outside: one class and one line of the registry each."""

from functools import cache

import dense
import numpy as np
import pandas as pd
import pytest
from golden import preparation, test_golden
from structures.demo_fa import FactorAnalytic
from structures.demo_template import template

import vcmodel as vc
from vcmodel.structures.autoregressive import Autoregressive
from vcmodel.structures.registry import STRUCTURES, build, described, restored

MET, COUNTIES = "besag_met_fa1", "county:gen!county_{}.psi"


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    """The registry with the demonstrations in it, for one test."""
    monkeypatch.setitem(STRUCTURES, "fa", FactorAnalytic)
    monkeypatch.setitem(STRUCTURES, "lag1", template.Neighbours)


def agree(fit, case):
    """Every number of a golden case."""
    assert fit.converged
    for part in (test_golden.loglik, test_golden.components, test_golden.fixed_effects):
        part(fit, preparation.golden(case))


@cache
def factor_analytic():
    """The fit of the trials; made while the structure is registered."""
    return preparation.fit(MET)


def test_factor_analytic_meets_its_reference():
    fit = factor_analytic()
    agree(fit, MET)
    held = np.flatnonzero(fit.varcomp["bound"] == "B")
    assert held.size == 3
    slopes = slopes_at(fit, held)
    assert fit.certificate.multipliers["county:gen"] == pytest.approx(np.sort(slopes), rel=1e-3)
    assert max(slopes) < 0.0


def test_autoregression_meets_its_reference():
    agree(preparation.fit("slatehall_ar1ar1"), "slatehall_ar1ar1")


def slopes_at(fit, rows):
    """Slopes of the dense logL by the specific variances in `rows` of fa(f, 1), in units of the data's variance."""
    first, *others = fit.estimate.point
    w = first.component.structure.size
    random = [part.sigma for part in others if part.component.is_random]
    residual = [part.sigma for part in others if not part.component.is_random]
    found = []
    for row in rows:
        move = np.zeros((w, w))
        move[row - w, row - w] = step = 1e-4 * first.component.reference[row - w] ** 2
        ends = [dense.design_loglik(fit.estimate.design, [first.sigma + sign * move, *random], residual) for sign in (1.0, -1.0)]
        found.append((ends[0] - ends[1]) / (2.0 * step) * first.component.reference[row - w] ** 2)
    return found


def trial(seed=2):
    """Two plots of 25 genotypes in four environments, the first of which has no specific variance."""
    rng = np.random.default_rng(seed)
    u = rng.normal(size=(25, 1)) * [1.0, 1.2, 0.8, 1.5] + rng.normal(size=(25, 4)) * [0.0, 0.8, 0.7, 0.6]
    rows = [(f"g{i}", f"e{j}", u[i, j] + rng.normal()) for i in range(25) for j in range(4) for _ in range(2)]
    return pd.DataFrame(rows, columns=["g", "e", "y"])


@pytest.mark.parametrize("missing", [0, 7])
def test_the_edge_of_a_regular_matrix_has_its_multiplier(missing):
    """One specific variance of zero beside a common factor: the matrix is regular, in reduced equations and in direct ones."""
    fit = vc.fit("y ~ e", random="fa(e, 1):g", data=trial().iloc[missing:])
    assert fit.converged
    assert np.linalg.eigvalsh(fit.covariance("e:g").to_numpy())[0] > 0.01
    assert fit.varcomp["bound"].tolist() == ["U", "U", "U", "U", "B", "P", "P", "P", "P"]
    assert fit.varcomp["component"].iloc[4] == 0.0
    (multiplier,) = fit.certificate.multipliers["e:g"]
    assert multiplier == pytest.approx(slopes_at(fit, [4])[0], rel=1e-4)
    assert not any("rank" in note for note in fit.notes)


def hold(specific):
    rows = {COUNTIES.format(county): value for county, value in specific.items()}
    return {"start": rows, "bounds": dict.fromkeys(rows, "F")}


def test_rows_of_a_factor_analytic_term_are_held_and_tied():
    free, held = factor_analytic(), preparation.fit(MET, **hold({"C2": 0.0, "C1": 14.406386}))
    assert held.converged
    assert held.loglik == pytest.approx(free.loglik, abs=1e-6)
    assert held.varcomp["bound"].iloc[6:12].tolist() == ["F", "F", "P", "B", "B", "P"]
    psi = COUNTIES.format("C2")
    slope = held.certificate.constraints[psi] * held.estimate.components[0].reference[1] ** 2
    assert np.min(np.abs(free.certificate.multipliers["county:gen"] - slope)) < 1e-3
    tied = preparation.fit(MET, equal=[[COUNTIES.format(county) for county in ("C1", "C2", "C3")]])
    assert tied.converged
    assert tied.varcomp["bound"].iloc[6:12].tolist() == ["P", "C", "C", "B", "B", "P"]
    assert tied.loglik < free.loglik
    common = tied.varcomp["component"].iloc[6]
    same = preparation.fit(MET, **hold(dict.fromkeys(("C1", "C2", "C3"), common)))
    assert same.loglik == pytest.approx(tied.loglik, abs=1e-6)
    everything = {row["row"]: row["value"] for row in preparation.golden(MET)["varcomp"][:12]}
    whole = preparation.fit(MET, start=everything, bounds=dict.fromkeys(everything, "F"))
    assert whole.loglik == pytest.approx(free.loglik, abs=1e-6)


@pytest.mark.parametrize("name", ["ar1v", "ar1h"])
def test_a_correlation_at_its_end_is_at_the_boundary(name):
    """Counties that one genotypic effect describes: the correlation goes to one, where the default chart stops just before."""
    fit = preparation.fit(MET, random=f"{name}(county):gen + at(county):rep:block")
    assert fit.converged
    assert fit.varcomp["component"].iloc[0] == pytest.approx(1.0, abs=1e-7)
    assert fit.varcomp["bound"].iloc[0] == "B"
    one = preparation.fit(MET, random=f"{name.replace('ar1', 'cor')}(county):gen + at(county):rep:block")
    assert fit.loglik <= one.loglik + 1e-4


def test_a_held_correlation_of_an_autoregression():
    """A field of 5 x 8 plots: held at its estimate and, against the dense likelihood, beside it."""
    rng = np.random.default_rng(11)
    roots = [np.linalg.cholesky(Autoregressive("f", tuple("abcdefgh"[:n])).value([rho])) for n, rho in ((5, 0.5), (8, 0.7))]
    field = [(row, column, y) for (row, column), y in np.ndenumerate(3.0 * roots[0] @ rng.normal(size=(5, 8)) @ roots[1].T)]
    data = pd.DataFrame(field, columns=["row", "col", "y"])
    free = vc.fit("y ~ 1", residual="ar1(row):ar1(col)", data=data)
    row, value = "row:col!col.cor", float(free.varcomp.loc["row:col!col.cor", "component"])
    held = vc.fit("y ~ 1", residual="ar1(row):ar1(col)", data=data, start={row: value}, bounds={row: "F"})
    assert held.loglik == pytest.approx(free.loglik, abs=1e-8)
    low, high = (vc.fit("y ~ 1", residual="ar1(row):ar1(col)", data=data, start={row: at}, bounds={row: "F"}) for at in (0.4, 0.4002))
    assert low.loglik < free.loglik
    assert low.certificate.constraints[row] == pytest.approx((high.loglik - low.loglik) / 2e-4, rel=1e-3)


@pytest.mark.parametrize(
    ("random", "message"),
    [
        ("fa(county, 6):gen", r"fa\(county, 6\) needs more than 6 levels, not 6; take us\(county\)"),
        ("fa(county, 0):gen", r"fa\(county, 0\): the number of factors is 0; write a whole number from 1 on"),
        ("fa(county):gen", r"fa\(county\) has the wrong number of arguments; write fa\(county, k\)"),
    ],
)
def test_arguments_are_refused_in_the_words_of_the_structure(random, message):
    with pytest.raises(vc.StructureError, match=message):
        preparation.fit(MET, random=random)


def test_structures_from_outside_are_restored_and_listed():
    structure = build("fa", "f", ("a", "b", "c"), 2)
    assert restored(described(structure)) == structure
    with pytest.raises(vc.StructureError, match=r"unknown covariance structure 'lag'; did you mean 'lag1'\?"):
        build("lag", "f", ("a", "b"))


def test_the_template_of_the_documentation_fits():
    """Against the dense likelihood at the estimate and beside it."""
    rng = np.random.default_rng(5)
    root = np.linalg.cholesky(template.Neighbours("t", tuple("abcd")).value(np.array([0.4])))
    data = pd.DataFrame((rng.normal(size=(30, 4)) @ root.T).reshape(-1), columns=["y"])
    data = data.assign(unit=np.repeat(np.arange(30), 4).astype(str), time=np.tile(list("abcd"), 30))
    fit = vc.fit("y ~ time", residual="id(unit):lag1(time)", data=data)
    assert fit.converged
    rho, variance = (float(fit.varcomp.loc[row, "component"]) for row in ("unit:time!time.cor", "unit:time!R"))
    at = [
        dense.design_loglik(fit.estimate.design, [], [variance * template.Neighbours("t", tuple("abcd")).value(np.array([value]))])
        for value in (rho - 1e-3, rho, rho + 1e-3)
    ]
    assert fit.loglik == pytest.approx(at[1], abs=1e-9)
    assert at[1] > max(at[0], at[2])


def test_a_residual_matrix_reaches_an_edge_where_it_is_regular():
    """Four traits of which one has no specific variance: a maximum at the edge, not a supremum beyond reach."""
    rng = np.random.default_rng(4)
    y = rng.normal(size=(60, 1)) * [1.0, 1.2, 0.8, 1.5] + rng.normal(size=(60, 4)) * [0.0, 0.8, 0.7, 0.6]
    fit = vc.fit("y1 + y2 + y3 + y4 ~ trait", residual="id(units):fa(trait, 1)", data=pd.DataFrame(y, columns=["y1", "y2", "y3", "y4"]))
    assert fit.status.name == "CONVERGED"
    codes = fit.varcomp["bound"].tolist()[4:]
    assert codes == ["B", "P", "P", "P"]
    (part,) = fit.estimate.point
    assert np.linalg.eigvalsh(part.sigma)[0] > 0.01
    change = np.zeros((4, 4))
    change[0, 0] = 1e-5
    ends = [dense.design_loglik(fit.estimate.design, [], [part.sigma + sign * change]) for sign in (1.0, -1.0)]
    (multiplier,) = next(iter(fit.certificate.multipliers.values()))
    assert multiplier == pytest.approx((ends[0] - ends[1]) / 2e-5 * part.component.reference[0] ** 2, rel=1e-4)
