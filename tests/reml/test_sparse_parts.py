"""Random terms over ordered levels: through sparse inverses or a dense loading, the fit is the same; boundaries end as everywhere."""

from __future__ import annotations

import dense
import numpy as np
import pandas as pd
import pytest

import vcmodel as vc
from vcmodel.structures import separable

pytestmark = pytest.mark.filterwarnings("ignore::vcmodel.ConvergenceWarning")

ROWS, COLUMNS = 8, 9


def neighbours(rho, n, rng):
    """A root of R_ij = rho^|i - j|."""
    at = np.arange(n)
    return np.linalg.cholesky(rho ** np.abs(at[:, None] - at))


def plots(rows=ROWS, columns=COLUMNS, seed=1, genotypes=20):
    """A field of plots: y and z with neighbours in both directions, u alike down the rows, w of alternate sign; some plots absent."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame([(r, c) for r in range(1, rows + 1) for c in range(1, columns + 1)], columns=["row", "col"])
    table["gen"] = rng.integers(0, genotypes, len(table)).astype(str)
    one, two = neighbours(0.7, rows, rng), neighbours(0.5, columns, rng)
    for name in ("y", "z"):
        table[name] = 5.0 + 2.0 * (one @ rng.normal(size=(rows, columns)) @ two.T).ravel() + 0.7 * rng.normal(size=len(table))
    column = rng.normal(size=columns)[table["col"] - 1]
    table["u"] = 5.0 + 2.0 * column + 0.5 * rng.normal(size=len(table))
    table = table.drop(index=[5, 17, 40]).reset_index(drop=True)
    other = np.random.default_rng(2)
    column = other.normal(size=columns)[table["col"] - 1]
    table["w"] = 5.0 + 2.0 * column * (-1.0) ** table["row"] + 0.5 * other.normal(size=len(table))
    return table


def both(monkeypatch, fixed, random, **arguments):
    """The fit through dense loadings and that through sparse inverses."""
    found = []
    for large in (10**9, 0):
        monkeypatch.setattr(separable, "LARGE", large)
        found.append(vc.fit(fixed, random=random, data=plots(), **arguments))
    assert [bool(fit.estimate.design.terms[-1].inverses) for fit in found] == [False, True]
    return found


def same(one, two, term, relative=2e-5):
    """Everything that both report; estimates agree as far as a flat top of logL says where it is."""
    assert two.loglik == pytest.approx(one.loglik, abs=1e-8)
    assert two.status is one.status
    assert list(two.varcomp.index) == list(one.varcomp.index)
    assert list(two.varcomp["bound"]) == list(one.varcomp["bound"])
    for column in ("component", "std_error"):
        assert np.allclose(two.varcomp[column], one.varcomp[column], rtol=relative, atol=relative, equal_nan=True)
    ours, theirs = two.random_effects(term), one.random_effects(term)
    assert list(ours.index) == list(theirs.index)
    assert np.allclose(ours, theirs, rtol=relative, atol=relative, equal_nan=True)
    assert np.allclose(two.fitted, one.fitted, rtol=relative, atol=relative)


@pytest.mark.parametrize(
    ("fixed", "random", "term"),
    [
        ("y ~ 1", "gen + ar1v(row):ar1(col)", "row:col"),
        ("y ~ 1", "id(row):ar1v(col)", "row:col"),
        ("y + z ~ trait", "ar1(row):us(trait):ar1(col)", "row:trait:col"),
        ("y ~ 1", "ar1h(row):ar1(col)", "row:col"),
    ],
)
def test_the_two_ways_agree(monkeypatch, fixed, random, term):
    same(*both(monkeypatch, fixed, random), term)


@pytest.mark.parametrize(
    "arguments",
    [
        {"start": {"row:col!row.cor": 0.5}, "bounds": {"row:col!row.cor": "F"}},
        {"start": {"units!R": 1.0}, "bounds": {"units!R": "F"}},
        {"equal": [["row:col!row.cor", "row:col!col.cor"]]},
    ],
    ids=["a correlation held", "the residual held", "correlations tied"],
)
def test_held_and_tied_parameters(monkeypatch, arguments):
    one, two = both(monkeypatch, "y ~ 1", "ar1v(row):ar1(col)", **arguments)
    same(one, two, "row:col", 1e-4)
    for row, slope in one.certificate.constraints.items():
        assert two.certificate.constraints[row] == pytest.approx(slope, rel=1e-3, abs=1e-3)


def test_a_variance_held_at_zero(monkeypatch):
    arguments = {"start": {"row:col": 0.0}, "bounds": {"row:col": "F"}}
    one, two = both(monkeypatch, "y ~ 1", "ar1v(row):ar1(col)", **arguments)
    assert two.loglik == pytest.approx(one.loglik, abs=1e-7)
    assert one.converged
    assert two.converged
    assert two.varcomp.loc["row:col", "component"] == 0.0


def test_a_correlation_held_at_one_has_no_inverse(monkeypatch):
    monkeypatch.setattr(separable, "LARGE", 0)
    arguments = {"start": {"row:col!row.cor": 1.0}, "bounds": {"row:col!row.cor": "F"}}
    with pytest.raises(vc.VcmodelError, match=r"row:col!row.cor held at the boundary.*leave the factor out"):
        vc.fit("y ~ 1", random="ar1v(row):ar1(col)", data=plots(), **arguments)


@pytest.mark.parametrize(("response", "end"), [("u", 1.0), ("w", -1.0)])
def test_a_correlation_of_one_ends_at_its_boundary(monkeypatch, response, end):
    one, two = both(monkeypatch, f"{response} ~ 1", "ar1v(row):ar1(col)")
    same(one, two, "row:col", 2e-3)
    assert two.converged
    assert two.varcomp.loc["row:col!row.cor", "component"] == end
    assert two.varcomp.loc["row:col!row.cor", "bound"] == "B"
    assert any("row:col!row.cor" in note and "boundary" in note for note in two.notes)


def test_a_field_beside_errors_is_the_residual_beside_a_nugget(monkeypatch):
    monkeypatch.setattr(separable, "LARGE", 0)
    random = vc.fit("y ~ 1", random="gen + ar1v(row):ar1(col)", data=plots())
    residual = vc.fit("y ~ 1", random="gen + units", residual="ar1v(row):ar1(col)", data=plots())
    assert random.loglik == pytest.approx(residual.loglik, abs=1e-8)
    assert random.varcomp.loc["row:col", "component"] == pytest.approx(residual.varcomp.loc["row:col!R", "component"], rel=1e-4)
    assert random.varcomp.loc["units!R", "component"] == pytest.approx(residual.varcomp.loc["units", "component"], rel=1e-3)


def test_a_simulated_field_is_estimated_where_the_dense_likelihood_is_highest():
    table = plots(12, 15, seed=3, genotypes=40)
    fit = vc.fit("y ~ 1", random="gen + ar1v(row):ar1(col)", data=table)
    estimate, design = fit.estimate, fit.estimate.design
    assert design.terms[1].inverses
    theta = np.concatenate(estimate.theta)

    def loglik(theta):
        gen, row, field, column, error = theta
        at = [np.abs(np.subtract.outer(table[name].to_numpy(), table[name].to_numpy())) for name in ("row", "col")]
        same_gen = table["gen"].to_numpy()[:, None] == table["gen"].to_numpy()
        v = gen * same_gen + field * row ** at[0] * column ** at[1] + error * np.eye(len(table))
        return dense.loglik(design.y, dense.fixed_matrix(design), v)

    assert [name.split("!")[-1] for component in estimate.components for name in component.rows] == [
        "gen", "row.cor", "row:col", "col.cor", "R",
    ]  # fmt: skip
    assert fit.loglik == pytest.approx(loglik(theta), abs=1e-8)
    assert np.allclose(dense.differences(loglik, theta), 0.0, atol=5e-3)
    errors = fit.varcomp["std_error"].to_numpy()
    assert np.all(np.abs(theta - [0.0, 0.7, 4.0, 0.5, 0.49]) < 3.5 * errors + [1.0, 0.0, 0.0, 0.0, 0.0])


def test_a_factor_of_one_level_has_no_parameter():
    table = plots().query("row == 2")
    fit = vc.fit("y ~ 1", random="ar1v(row):ar1(col)", data=table, control=vc.Control(max_iterations=2))
    assert [row for row in fit.varcomp.index if row.endswith("row.cor")] == []


def test_animals_over_many_times():
    """A series for each animal, and a pedigree beside a series: products of levels that no loading could hold."""
    rng = np.random.default_rng(5)
    animals, times = 12, 60
    root = neighbours(0.8, times, rng)
    table = pd.DataFrame([(str(a), t) for a in range(animals) for t in range(times)], columns=["animal", "time"])
    table["y"] = 3.0 + (rng.normal(size=(animals, times)) @ root.T).ravel() + 0.6 * rng.normal(size=len(table))
    fit = vc.fit("y ~ 1", random="ar1v(time):id(animal)", data=table)
    term = fit.estimate.design.terms[0]
    assert (term.structure.size, term.n_levels) == (1, animals * times)
    assert fit.converged
    assert fit.varcomp.loc["time:animal!time.cor", "component"] == pytest.approx(0.8, abs=0.1)
    pedigree = pd.DataFrame({"id": [str(a) for a in range(animals)], "sire": ["0"] * 4 + ["1"] * 8, "dam": ["0"] * 4 + ["2", "3"] * 4})
    pedigree.loc[:3, ["sire", "dam"]] = "."
    related = vc.fit("y ~ 1", random="ar1v(time):vm(animal, A)", data=table, known={"A": vc.Pedigree(pedigree)})
    at = np.abs(np.subtract.outer(np.arange(times), np.arange(times)))
    rho, variance, error = (related.varcomp["component"].iloc[i] for i in (0, 1, 2))
    a = np.linalg.inv(related.estimate.design.terms[0].relationship.precision.toarray())
    labels = list(related.estimate.design.terms[0].relationship.labels)
    order = [labels.index(name) for name in table["animal"].unique()]
    v = variance * np.kron(a[np.ix_(order, order)], rho**at) + error * np.eye(len(table))
    x = dense.fixed_matrix(related.estimate.design)
    assert related.loglik == pytest.approx(dense.loglik(related.estimate.design.y, x, v), abs=1e-7)
