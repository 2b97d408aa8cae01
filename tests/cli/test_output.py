"""The files of a fit."""

import json

import numpy as np
import pandas as pd
import pytest
from cli.split_plot import SPLIT, split_plot

TABLES = ["correlations.csv", "fit.json", "fixed.csv", "random.csv", "report.html", "varcomp.csv"]


def test_fit_writes_its_folder(command, trial, tmp_path):
    folder = tmp_path / "deep" / "results"
    code, out, _ = command("fit", trial, *SPLIT, "--out", folder)
    assert code == 0
    assert sorted(path.name for path in folder.iterdir()) == TABLES
    assert out.rstrip().endswith("varcomp.csv, correlations.csv, fixed.csv, random.csv, report.html")
    fit = split_plot()
    assert json.loads((folder / "fit.json").read_text())["loglik"] == pytest.approx(fit.loglik, abs=1e-9)
    varcomp = pd.read_csv(folder / "varcomp.csv", index_col="row")
    np.testing.assert_allclose(varcomp["component"], fit.varcomp["component"], rtol=1e-9)
    random = pd.read_csv(folder / "random.csv")
    assert random.groupby("term").size().to_dict() == {"block": 6, "block:gen": 18}
    np.testing.assert_allclose(random["effect"][:6], fit.random_effects("block")["effect"], rtol=1e-7)
    assert pd.read_csv(folder / "fixed.csv")["name"].tolist() == fit.fixed_effects.index.tolist()
    page = (folder / "report.html").read_text()
    assert page.lstrip().lower().startswith("<!doctype html")
    # again: the same files, replaced
    assert command("fit", trial, *SPLIT, "--out", folder, "--quiet")[:2] == (0, "")
    assert sorted(path.name for path in folder.iterdir()) == TABLES


def test_levels_of_a_matrix_stand_beside_the_level(command, tmp_path):
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"f": np.repeat(np.arange(20), 5), "a": rng.normal(size=100), "b": rng.normal(size=100)})
    data["a"] += rng.normal(size=20)[data["f"]]
    data["b"] += data["a"]
    data.to_csv(tmp_path / "two.csv", index=False)
    arguments = ("--fixed", "a + b ~ trait", "--random", "us(trait):f", "--residual", "units:us(trait)", "-q", "-o", tmp_path / "out")
    assert command("fit", tmp_path / "two.csv", *arguments)[0] == 0
    table = pd.read_csv(tmp_path / "out" / "random.csv")
    assert table["inner"].unique().tolist() == ["a", "b"]
    assert len(table) == 40
    assert len(pd.read_csv(tmp_path / "out" / "correlations.csv")) == 2
