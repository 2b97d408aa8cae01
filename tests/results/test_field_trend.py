import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import vcmodel as vc
from vcmodel.results.field_trend import _tail, _values_covariance, trend_notes
from vcmodel.results.find_fields import fields

MODELS = {
    "independent": {},
    "lines": {"random": "row + col"},
    "field": {"residual": "ar1(row):ar1(col)"},
    "nugget": {"random": "units", "residual": "ar1(col):ar1(row)"},
    "random": {"random": "ar1v(row):ar1(col)"},
}


def plots(rows=7, columns=8, slope=0.0, seed=1):
    rng = np.random.default_rng(seed)
    data = pd.DataFrame([(r, c) for r in range(rows) for c in range(columns)], columns=["row", "col"])
    field = rng.normal(size=(rows, columns))
    for axis, length in enumerate((rows, columns)):
        lags = np.abs(np.subtract.outer(np.arange(length), np.arange(length)))
        field = np.moveaxis(np.tensordot(np.linalg.cholesky(0.5**lags), field, (1, axis)), 0, axis)
    data["y"] = field.ravel() + 0.5 * rng.normal(size=len(data)) + slope * data["col"]
    data.loc[5, "y"] = np.nan
    return data


@pytest.mark.parametrize("name", MODELS)
def test_the_covariance_of_the_values_is_that_of_a_dense_model(name):
    data = plots()
    fit = vc.fit("y ~ 1", data=data, **MODELS[name])
    (field,) = fields(fit.estimate)
    found = _values_covariance(fit.estimate, field)
    kept = data.dropna()
    row, column = (np.abs(np.subtract.outer(*[kept[axis].to_numpy()] * 2)) for axis in ("row", "col"))
    value = fit.varcomp["component"]
    one = np.eye(len(kept))
    correlation = 1.0
    for label in (row_name for row_name in value.index if row_name.endswith(".cor")):
        correlation = correlation * value[label] ** (row if label.endswith("row.cor") else column)
    part = {
        "independent": lambda: (value["units!R"] * one, 0.0 * one),
        "lines": lambda: (value["units!R"] * one, value["row"] * (row == 0) + value["col"] * (column == 0)),
        "field": lambda: (value["row:col!R"] * correlation, 0.0 * one),
        "nugget": lambda: (value["col:row!R"] * correlation, value["units"] * one),
        "random": lambda: (value["row:col"] * correlation, value["units!R"] * one),
    }[name]()
    total = part[0] + part[1]
    inverse = np.linalg.inv(total)
    ones = np.ones((len(kept), 1))
    projection = inverse - inverse @ ones @ np.linalg.solve(ones.T @ inverse @ ones, ones.T @ inverse)
    np.testing.assert_allclose(field.values, part[0] @ projection @ kept["y"], atol=1e-6)
    np.testing.assert_allclose(found, part[0] @ projection @ part[0], atol=1e-6)


def test_the_tail_has_the_moments_of_the_quadratic_form():
    rng = np.random.default_rng(2)
    root = rng.normal(size=(6, 6))
    form = sparse.csr_matrix(np.diff(np.eye(6), axis=0).T @ np.diff(np.eye(6), axis=0))
    sample = rng.normal(size=(20_000, 6)) @ root.T
    values = np.sort(np.einsum("ij,ij->i", sample, sample @ form.toarray()))
    at = sample[np.argsort(np.einsum("ij,ij->i", sample, sample @ form.toarray()))[18_000]]
    p, ratio = _tail(form, at, root @ root.T)
    assert p == pytest.approx(0.1, abs=0.02)
    assert ratio == pytest.approx(values[18_000] / values.mean(), rel=0.05)
    assert _tail(form, at, np.zeros((6, 6)))[0] == 1.0


def test_a_trend_that_is_left_is_told():
    fit = vc.fit("y ~ 1", residual="ar1(row):id(col)", data=plots(12, 16, slope=0.4))
    (note,) = trend_notes(fit.estimate)
    assert note.startswith("plots far apart along col differ more than the model has it (semivariance at lags beyond half of the field ")
    assert "consider col as a covariate in fixed or a random term" in note
    straightened = vc.fit("y ~ I(col)", residual="ar1(row):ar1(col)", data=plots(12, 16, slope=0.4))
    assert trend_notes(straightened.estimate) == []


def test_small_and_large_fields_are_left_out(monkeypatch):
    assert trend_notes(vc.fit("y ~ 1", data=plots(4, 5, slope=3.0)).estimate) == []
    fit = vc.fit("y ~ 1", data=plots(12, 16, slope=0.4))
    assert trend_notes(fit.estimate)
    monkeypatch.setattr("vcmodel.results.field_trend.MOST_PLOTS", 100)
    assert trend_notes(fit.estimate) == []
