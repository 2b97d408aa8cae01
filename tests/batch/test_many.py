import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from batch.small import contents, folder, trial

import vcmodel as vc
from vcmodel.batch import load_results

MODEL = vc.Model("a + b ~ trait", random="us(trait):line", residual="units:us(trait)")


def test_frames_come_back_in_order():
    frames = {"good": trial(1), "bad": trial(2).drop(columns="line"), "also good": trial(3)}
    results = list(vc.fit_many(MODEL, frames, executor="local", workers=2))
    assert [(result.name, result.status) for result in results] == [("good", "converged"), ("bad", "failed"), ("also good", "converged")]
    assert "no column 'line' in the data" in results[1].message
    assert results[1].fit is None
    assert results[1].rows is None
    assert results[1].notes == []
    assert results[0].fit["loglik"] == MODEL.fit(trial(1)).loglik
    assert len(results[1].tables["fits"]) == 1
    assert repr(results[1]) == "BatchResult(bad, model, a+b: failed)"


def test_files_by_pattern_and_a_folder_that_is_continued(tmp_path, monkeypatch):
    folder(tmp_path / "job", files=3)
    monkeypatch.chdir(tmp_path / "job")
    first = list(vc.fit_many(MODEL, "trials/*.csv", executor="serial", out="out"))
    assert [result.name for result in first] == ["trials/t0.csv", "trials/t1.csv", "trials/t2.csv"]
    before = contents("out")
    again = list(vc.fit_many(MODEL, sorted(Path("trials").iterdir()), executor="serial", out="out"))
    assert [result.seconds for result in again] == [result.seconds for result in first]
    assert contents("out") == before
    assert [result.fit for result in load_results("out")] == [result.fit for result in first]


def test_fits_start_when_asked_for_and_stop_when_left(tmp_path):
    stream = vc.fit_many(MODEL, [trial(i) for i in range(4)], executor="serial", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert next(stream).name == "frame1"
    stream.close()
    assert len(list(load_results(tmp_path / "out"))) == 1
    assert not (tmp_path / "out" / "fits.csv").exists()


def test_shared_relationships_weights_and_columns():
    data = trial(1).assign(w=2.0)
    names = sorted(set(data["line"]))
    matrix = pd.DataFrame([[1.0 if i == j else 0.25 for j in names] for i in names], index=names, columns=names)
    model = vc.Model("y ~ block", random="vm(line, K)")
    alone = model.fit(data.rename(columns={"a": "y"}), known={"K": matrix}, weights="w")
    for executor in ("serial", "local"):
        (result,) = vc.fit_many(
            model, data, known={"K": matrix}, weights="w", columns={"y": "a"}, executor=executor, control=vc.Control(max_iterations=50)
        )
        assert result.fit["loglik"] == alone.loglik


def test_a_selected_model():
    ladder = {"diag": vc.Model("a + b ~ trait", "diag(trait):line"), "us": vc.Model("a + b ~ trait", "us(trait):line")}
    results = list(vc.fit_many(ladder, [trial(1), trial(2)], select="aic", executor="serial"))
    assert [result.model for result in results] == ["diag", "us", "diag", "us"]
    for pair in (results[:2], results[2:]):
        assert sum(result.selected for result in pair) == 1
        assert min(pair, key=lambda result: result.fit["aic"]).selected


def test_each_trait_alone():
    results = list(vc.fit_many(vc.Model("a ~ 1", "line", "units"), trial(1), traits="each", responses=["a", "b"], executor="serial"))
    assert [result.traits for result in results] == [("a",), ("b",)]
    assert results[1].formulas["fixed"] == "b ~ 1"
    table = results[1].tables["varcomp"]
    assert table[["trait", "trait2"]].values.tolist() == [["b", "b"]] * 2
    assert results[1].tables["random"]["trait"].unique().tolist() == ["b"]


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("y ~ 1", []), {}, "model must be a vcmodel.Model, or a mapping from names to models"),
        ((MODEL, []), {}, "no data: give paths or DataFrames"),
        ((MODEL, 3), {}, "give paths or DataFrames, not int"),
        ((MODEL, [3]), {}, "data set number 1 is a int; give a path or a DataFrame"),
        ((MODEL, ["x.csv", "x.csv"]), {}, "'x.csv' is given twice"),
        ((MODEL, "nothing*.csv"), {}, "'nothing\\*.csv' matches no file in"),
        ((MODEL, "x.csv"), {"traits": "par"}, "traits = 'par': did you mean 'pairs'"),
        ((MODEL, "x.csv"), {"select": "aci"}, "select = 'aci': did you mean 'aic'"),
        ((MODEL, "x.csv"), {"control": {}}, "control must be a vcmodel.Control, not dict"),
        ((MODEL, "x.csv"), {"executor": "lokal"}, "did you mean 'local'"),
        ((MODEL, "x.csv"), {"known": {"A": 3}}, "known\\['A'\\] is a int"),
    ],
)
def test_wrong_arguments(arguments, options, message):
    with pytest.raises(vc.VcmodelError, match=message):
        vc.fit_many(*arguments, **options)


def test_strange_frames_are_failures_of_their_own():
    twice = pd.concat([trial(1), trial(1)[["a"]]], axis=1)
    mixed = trial(2).assign(line=[1 if i % 2 else "x" for i in range(len(trial(2)))])
    results = list(vc.fit_many(MODEL, [twice, mixed, pd.DataFrame(), "a\0b.csv"], executor="serial"))
    assert [result.status for result in results] == ["failed", "converged", "failed", "failed"]
    assert "column 'a' occurs more than once" in results[0].message


def test_a_script_needs_no_guard(tmp_path):
    script = "import vcmodel as vc\nfrom batch.small import trial\n"
    script += "print([r.status for r in vc.fit_many(vc.Model('a ~ 1', 'line'), [trial(1), trial(2)], workers=2)])\n"
    (tmp_path / "script.py").write_text(script, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    found = subprocess.run([sys.executable, str(tmp_path / "script.py")], capture_output=True, text=True, env=environment, check=True)
    assert found.stdout.strip() == "['converged', 'converged']"
