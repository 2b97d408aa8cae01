import numpy as np
import pandas as pd
import pytest

import vcmodel as vc


def field(rho, rows=8, columns=20):
    lags = np.abs(np.subtract.outer(np.arange(columns), np.arange(columns)))
    values = np.random.default_rng(3).normal(size=(rows, columns)) @ np.linalg.cholesky(float(rho) ** lags).T
    data = pd.DataFrame([(r, c) for r in range(rows) for c in range(columns)], columns=["row", "col"])
    return data.assign(y=values.ravel())


def said(data, **model):
    return [note for note in vc.fit("y ~ 1", data=data, **model).notes if "!col.cor" in note]


def test_neighbours_that_compete():
    (note,) = said(field(-0.5), residual="ar1(row):ar1(col)")
    assert note.startswith("row:col!col.cor: -0.")
    assert "neighbours along col are less alike than plots far apart: competition" in note


def test_a_trend_that_is_taken_up():
    data = field(0.0).assign(y=lambda d: d["y"] + 2.0 * d["col"])
    (note,) = said(data, residual="id(row):ar1(col)", random="units")
    assert "near 1: along col the field is a trend rather than a likeness" in note


@pytest.mark.parametrize("rho", [0.0, 0.5])
def test_ordinary_fields(rho):
    assert said(field(rho), residual="ar1(row):ar1(col)") == []


def test_only_fields():
    assert said(field(-0.5).assign(animal=lambda d: d["row"]), residual="id(animal):ar1(col)") == []
