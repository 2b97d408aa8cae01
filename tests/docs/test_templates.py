"""The templates of docs/templates/ work when they are put where docs/where-new-code-goes.md says."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import vcmodel as vc
from vcmodel.design import functions as design_functions
from vcmodel.formula import functions as formula_functions
from vcmodel.formula.columns import DESIGN_FUNCTIONS
from vcmodel.tables.options import SEPARATORS
from vcmodel.tables.reading import read_table

TEMPLATES = Path(__file__).resolve().parents[2] / "docs" / "templates"


def template(name):
    spec = importlib.util.spec_from_file_location(f"template_{name}", TEMPLATES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def data():
    """Forty plots of eight genotypes."""
    rng = np.random.default_rng(4)
    gen = np.repeat(np.arange(8), 5)
    x = np.tile(np.linspace(-1.0, 1.0, 5), 8)
    effect = rng.normal(size=(8, 2))
    y = 5.0 + effect[gen, 0] + effect[gen, 1] * x + 0.3 * rng.normal(size=40)
    return pd.DataFrame({"y": y, "gen": [f"g{i}" for i in gen], "x": x, "amount": 1.0 + x})


def test_design_function(data, monkeypatch):
    monkeypatch.setitem(DESIGN_FUNCTIONS, "powers", template("design_function").Powers)
    fit = vc.fit("y ~ x", random="us(powers(x, 1)):gen", data=data)
    assert fit.converged
    same = vc.fit("y ~ x", random="str(~ gen + gen:lin(x), ~ us(2):id(gen))", data=data)
    assert fit.loglik == pytest.approx(same.loglik, abs=1e-8)


def test_function_of_fixed(data, monkeypatch):
    made = template("function_of_fixed")
    monkeypatch.setitem(formula_functions.OPTIONS, made.NAME, made.OPTIONS)
    monkeypatch.setitem(design_functions._ONE_COLUMN, made.NAME, made.cbrt)
    for reader in ("vocabulary", "parser"):
        monkeypatch.setattr(f"vcmodel.formula.{reader}.FIXED_FUNCTIONS", tuple(formula_functions.OPTIONS))
    fit = vc.fit("y ~ cbrt(amount)", random="gen", data=data)
    same = vc.fit("y ~ z", random="gen", data=data.assign(z=np.cbrt(data["amount"])))
    assert fit.loglik == pytest.approx(same.loglik, abs=1e-9)


def test_result_table(data):
    fit = vc.fit("y ~ x", random="gen", data=data)
    table = template("result_table").information_by_level(fit.estimate, 0)
    assert table["prior_variance"].to_numpy() == pytest.approx(fit.varcomp["component"].iloc[0])
    assert table["removed"].between(0.0, 1.0).all()


def test_file_dialect(monkeypatch, tmp_path):
    made = template("file_dialect")
    (tmp_path / "plots.txt").write_text(made.EXAMPLE)
    marks = {made.MARK: made.NAME, **SEPARATORS}
    for reader in ("dialect", "as_written", "rows", "reading"):
        monkeypatch.setattr(f"vcmodel.tables.{reader}.SEPARATORS", marks)
    table = read_table(tmp_path / "plots.txt")
    assert table["yield"].tolist()[:2] == [5.25, 4.75]
    assert table["yield"].isna().sum() == 1


def test_message():
    template("message").test_a_misspelt_column_is_named_with_the_nearest()


def test_every_template_is_in_the_list():
    page = (TEMPLATES.parent / "where-new-code-goes.md").read_text()
    assert all(f"templates/{path.name}" in page for path in TEMPLATES.glob("*.py"))
