"""Levels of ordered factors, and coordinates of factors of distances."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from dense import loglik

import vcmodel as vc
from vcmodel.design.size import parameter_count

NAN = np.nan


def field() -> pd.DataFrame:
    """Twelve columns of seven plots in each of two sites; plots 3 and 6 of site A were never harvested."""
    rng = np.random.default_rng(4)
    site, line, plot = (item.ravel() for item in np.meshgrid(["A", "B"], np.arange(12), np.arange(1, 8), indexing="ij"))
    trend = np.linalg.cholesky(0.6 ** np.abs(np.subtract.outer(np.arange(7), np.arange(7))))
    y = (rng.normal(size=(24, 7)) @ trend.T).ravel() + 5.0
    y[(site == "A") & np.isin(plot, (3, 6))] = NAN
    return pd.DataFrame({"site": site, "column": line.astype(str), "plot": plot, "y": y})


def decayed(fit: vc.Fit, row: str) -> float:
    return float(fit.varcomp.loc[row, "component"])


def test_a_residual_keeps_the_levels_between() -> None:
    data = field().query("site == 'A'")
    fit = vc.fit("y ~ 1", residual="id(column):ar1(plot)", data=data)
    (section,) = fit.estimate.design.sections
    assert section.structure.levels == tuple("1234567")
    assert np.unique(section.level).tolist() == [0, 1, 3, 4, 6]
    seen = data.dropna()
    same = seen["column"].to_numpy()[:, None] == seen["column"].to_numpy()
    steps = np.abs(np.subtract.outer(seen["plot"].to_numpy(), seen["plot"].to_numpy()))
    rho, variance = (decayed(fit, f"column:plot!{row}") for row in ("plot.cor", "R"))
    v = variance * np.where(same, rho**steps, 0.0)
    assert fit.loglik == pytest.approx(loglik(seen["y"].to_numpy(), np.ones((len(seen), 1)), v), abs=1e-8)
    assert fit.loglik > loglik(seen["y"].to_numpy(), np.ones((len(seen), 1)), variance * np.where(same, (rho + 0.02) ** steps, 0.0))


def test_each_section_has_the_levels_of_its_own_rows() -> None:
    data = field().query("site == 'A' or plot < 6")
    fit = vc.fit("y ~ site", residual="dsum(~ id(column):ar1(plot) | site)", data=data)
    assert [section.structure.levels for section in fit.estimate.design.sections] == [tuple("1234567"), tuple("12345")]
    assert not any("neighbours" in note for note in fit.notes)
    assert not any("neighbours" in note for note in vc.fit("y ~ site", "at(site):column:ar1(plot)", data=data).notes)


def test_categories_are_the_levels_where_there_are_some() -> None:
    order = ["9", "1", "2", "3", "4", "5", "6", "7"]
    data = field().query("plot != 4").assign(plot=lambda d: pd.Categorical(d["plot"].astype(str), order))
    design = vc.fit("y ~ site", residual="dsum(~ id(column):ar1(plot) | site)", data=data).estimate.design
    assert [section.structure.levels for section in design.sections] == [tuple(order)] * 2
    free = vc.fit("y ~ site", residual="dsum(~ id(column):diag(plot) | site)", data=data).estimate.design
    assert [section.structure.levels for section in free.sections] == [("1", "2", "5", "7"), ("1", "2", "3", "5", "6", "7")]


def test_a_random_term_keeps_them_under_its_conditions() -> None:
    data = field()
    whole, single = (
        vc.fit("y ~ site", random=text, data=data).estimate.design.terms[0]
        for text in ("column:ar1(plot)", "at(site, 'A'):column:ar1(plot)")
    )
    assert whole.structure.levels == single.structure.levels == tuple("1234567")
    held = single.incidence.toarray().reshape(len(data.dropna()), 7, -1).any(axis=(0, 2))
    assert held.tolist() == [True, True, False, True, True, False, True]
    assert vc.fit("y ~ site", "at(site, 'A'):column:diag(plot)", data=data).estimate.design.terms[0].structure.levels == tuple("12457")


def test_random_effects_of_levels_without_a_record_are_predicted() -> None:
    data = field().query("site == 'A'")
    data["y"] += 0.5 * np.random.default_rng(1).normal(size=len(data))
    fit = vc.fit("y ~ 1", random="column:ar1(plot)", data=data)
    effects = fit.random_effects("column:plot")["effect"].to_numpy().reshape(12, 7).T
    rho = decayed(fit, "column:plot!plot.cor")
    # the mean of a Markov sequence given the two levels beside it
    np.testing.assert_allclose(effects[2], rho / (1 + rho**2) * (effects[1] + effects[3]), atol=1e-7)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("plot != 4", "no row has plot 4, so"),
        ("plot not in (3, 5)", "no row has plot 3, 5, so"),
        ("site == 'A'", None),
        ("plot in (1, 4, 7)", None),
    ],
)
def test_a_number_left_out_is_named(rows: str, said: str | None) -> None:
    data = field().query(rows)
    notes = " ".join(vc.fit("y ~ 1", residual="id(column):id(site):ar1(plot)", data=data).notes)
    assert (said in notes) if said else ("neighbours" not in notes)
    categories = data.assign(plot=pd.Categorical(data["plot"]))
    assert "neighbours" not in " ".join(vc.fit("y ~ 1", residual="id(column):id(site):ar1(plot)", data=categories).notes)


# --- coordinates ----------------------------------------------------------------------------------------------------------------------


def places() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    x, z = rng.uniform(0, 9, 25).round(2), rng.uniform(0, 5, 25).round(1)
    apart = np.hypot(x[:, None] - x, z[:, None] - z)
    effect = np.linalg.cholesky(0.7**apart) @ rng.normal(size=25)
    at = np.repeat(np.arange(25), 3)
    return pd.DataFrame({"x": x[at], "z": z[at], "y": effect[at] + 0.4 * rng.normal(size=75)})


@pytest.mark.parametrize(("call", "axes"), [("exp(x)", ["x"]), ("iexp(x, z)", ["x", "z"])])
def test_a_structure_of_distances_has_the_coordinates_of_its_levels(call: str, axes: list[str]) -> None:
    data = places()
    fit = vc.fit("y ~ 1", random=call, data=data)
    label = ":".join(axes)
    assert fit.terms[0] == label
    (part,) = fit.estimate.design.terms[0].structure.parts
    assert len(part.positions) == 25 and {position for position in part.positions} == {tuple(row) for row in data[axes].to_numpy().tolist()}
    assert [":".join(f"{value:g}" for value in position) for position in part.positions] == list(part.levels)
    hash(part)
    apart = np.linalg.norm(data[axes].to_numpy()[:, None] - data[axes].to_numpy(), axis=2)
    variance, rho, error = (decayed(fit, row) for row in (label, f"{label}!{label}.pow", "units!R"))
    ones = np.ones((75, 1))
    assert fit.loglik == pytest.approx(loglik(data["y"].to_numpy(), ones, variance * rho**apart + error * np.eye(75)), abs=1e-8)
    assert fit.loglik > loglik(data["y"].to_numpy(), ones, variance * (rho + 0.02) ** apart + error * np.eye(75))


def test_coordinates_stand_in_a_residual_too() -> None:
    data = places().drop_duplicates(["x", "z"]).assign(block=lambda d: np.where(np.arange(len(d)) < 12, "a", "b"))
    fit = vc.fit("y ~ block", residual="dsum(~ iexp(x, z) | block)", data=data)
    assert [section.structure.size for section in fit.estimate.design.sections] == [12, 13]


def test_coordinates_are_numbers() -> None:
    data = places().assign(label=lambda d: "p" + d["x"].astype(str))
    with pytest.raises(vc.DataError, match=r"'label' holds the coordinates of .* \(in 'exp\(label\)'\), and row 1 is 'p.*': give numbers"):
        vc.fit("y ~ 1", random="exp(label)", data=data)
    with pytest.raises(vc.FormulaError, match=r"iexp\(\) takes columns with coordinates, iexp\(x, y\), not 1"):
        vc.fit("y ~ 1", random="iexp(x)", data=data)
    with pytest.raises(vc.FormulaError, match="`units` is a factor and has no coordinates"):
        vc.fit("y ~ 1", random="iexp(x, units)", data=data)
    spelled = data.assign(x=data["x"].map("{:.3f}".format).where(data.index % 3 == 0, data["x"].map("{:.2f}".format)).astype(object))
    with pytest.raises(vc.DataError, match=r"x: levels '.*' and '.*' both stand at \(.*\): spell them alike if they are one place"):
        vc.fit("y ~ 1", random="exp(x)", data=spelled)


def test_parameters_of_many_levels_are_counted_without_building() -> None:
    for text in ("ar1(f)", "exp(x)", "iexp(x, z)"):
        assert parameter_count(vc.Model("y ~ 1", random=f"{text}:g").spec.random[0].factors[0], 300) == 1
