"""Coordinates in the language: what is read, what is refused, and where a range ends."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import vcmodel as vc

N = 40


def plots(**columns):
    rng = np.random.default_rng(1)
    at = np.arange(N)
    table = {"x": at % 8, "z": at // 8, "y": rng.normal(size=N), "t": at % 10, "s": at // 10, "site": np.where(at < 20, "A", "B")}
    return pd.DataFrame(table | {"one": 1, "two": 2, "label": [f"p{i}" for i in at]} | columns)


@pytest.mark.parametrize(
    ("model", "columns", "error", "message"),
    [
        ({"residual": "iexp(x, z)"}, {"x": np.arange(N) % 7}, vc.DataError, "are the same combination of x:z"),
        ({"residual": "iexp(x, z)"}, {"x": np.where(np.arange(N) == 3, np.nan, np.arange(N) % 8)}, vc.DataError, "'x' .* missing in row 4"),
        ({"residual": "iexp(label, z)"}, {}, vc.DataError, r"'label' holds the coordinates .*\(in 'iexp\(label, z\)'\), and row 1 is 'p0'"),
        ({"random": "iexpv(one, two)"}, {}, vc.DataError, r"iexpv\(one, two\): all records stand at one place, 1:2"),
        ({"random": "expv(one)"}, {}, vc.DataError, r"expv\(one\): all records stand at one place, 1"),
        ({"random": "aexpv(x, one)"}, {}, vc.DataError, r"aexpv\(x, one\): one is the same at all places"),
        ({"residual": "mtrn(x, z, nu=0)"}, {}, vc.StructureError, "nu = 0 is no positive number"),
        ({"residual": "mtrn(x, z, nu=-1.5)"}, {}, vc.StructureError, "nu = -1.5 is no positive number"),
        ({"residual": "exp(x, z)"}, {}, vc.FormulaError, r"exp\(x\), not 2; iexp\(x, y\) is the one in the plane"),
        ({"residual": "iexp(x)"}, {}, vc.FormulaError, r"iexp\(x, y\), not 1"),
        ({"residual": "iexp(x, x)"}, {}, vc.FormulaError, "the same coordinate twice"),
        ({"residual": "id(s):exp(t)", "start": {"s:t!t.pow": 1.2}}, {}, vc.StructureError, "strictly between 0 and 1"),
    ],
)
def test_what_is_refused(model, columns, error, message):
    with pytest.raises(error, match=message):
        vc.fit("y ~ 1", data=plots(**columns), **model)


def test_labels_that_are_numbers_are_coordinates_and_exp_stays_a_function_of_fixed():
    data = plots()
    model = {"residual": "id(s):exp(t)"}
    fit = vc.fit("y ~ exp(t)", data=data, **model)
    labels = data.assign(t=pd.Categorical(data["t"].astype(str), categories=[str(i) for i in range(10)]))
    named = vc.fit("y ~ 1", data=labels, **model)
    assert named.loglik == pytest.approx(vc.fit("y ~ 1", data=data, **model).loglik, abs=1e-9)
    assert "exp(t)" in fit.fixed_effects.index and "s:t!t.pow" in fit.varcomp.index
    assert any("as coordinates: t" in note for note in fit.notes)


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_units_of_the_coordinates_change_nothing_but_the_range(scale):
    rng = np.random.default_rng(3)
    root = np.linalg.cholesky(np.exp(-np.abs(np.subtract.outer(np.arange(10), np.arange(10))) / 3.0))
    data = plots(y=(rng.normal(size=(4, 10)) @ root.T).ravel())
    for call in ("exp(t)", "mtrn(t, nu=1.5)"):
        fit = vc.fit("y ~ 1", residual=f"id(s):{call}", data=data)
        other = vc.fit("y ~ 1", residual=f"id(s):{call}", data=data.assign(t=data["t"] * scale))
        assert other.loglik == pytest.approx(fit.loglik, abs=1e-8)
        row = fit.varcomp.index[-1]
        one, two = (each.function(f"range(`{row}`)") for each in (fit, other))
        assert two.estimate == pytest.approx(scale * one.estimate, rel=1e-4)
        assert two.std_error == pytest.approx(scale * one.std_error, rel=1e-4)
    with pytest.raises(vc.FormulaError, match=r"range\(\) takes a row of a correlation that decays with distance, here s:t!t"):
        fit.function("range(`s:t!R`)")


def test_equal_ranges_of_sections_at_other_distances():
    data = plots(t=np.arange(N) % 10 * np.where(np.arange(N) < 20, 1.0, 2.5))
    rows = ["site_A!t.pow", "site_B!t.pow"]
    fit = vc.fit("y ~ 1", residual="dsum(~ id(s):exp(t) | site)", equal=[rows], data=data)
    assert fit.varcomp.loc[rows[0], "component"] == pytest.approx(fit.varcomp.loc[rows[1], "component"], rel=1e-12)
    assert list(fit.varcomp.loc[rows, "bound"]) == ["U", "C"]


def test_a_field_in_g_is_that_in_r_beside_a_nugget():
    rng = np.random.default_rng(5)
    x, z = np.arange(N) % 8, np.arange(N) // 8
    apart = np.hypot(np.subtract.outer(x, x), np.subtract.outer(z, z))
    data = plots(y=np.linalg.cholesky(np.exp(-(apart**2) / 9.0) + 0.3 * np.eye(N)) @ rng.normal(size=N))
    beside = vc.fit("y ~ 1", random="units", residual="igau(x, z)", data=data)
    within = vc.fit("y ~ 1", random="igauv(x, z)", data=data)
    assert within.loglik == pytest.approx(beside.loglik, abs=1e-6)
    for column in ("component", "std_error"):
        assert within.varcomp.loc["x:z!x:z.pow", column] == pytest.approx(beside.varcomp.loc["x:z!x:z.pow", column], rel=1e-2)
    assert not any("rank" in note for note in within.notes)


def test_a_range_of_zero_is_a_boundary():
    rng = np.random.default_rng(0)
    wave = np.tile([1.0, -1.0], N // 2) + 0.2 * rng.normal(size=N)  # neighbours are contrary
    fit = vc.fit("y ~ 1", residual="id(s):exp(t)", data=plots(y=wave))
    assert fit.converged and fit.varcomp.loc["s:t!t.pow", "component"] == 0.0 and fit.varcomp.loc["s:t!t.pow", "bound"] == "B"
