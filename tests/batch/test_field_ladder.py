import pandas as pd
import pytest
from batch.small import folder
from field_trials import two_sites

import vcmodel as vc
from vcmodel.batch import load_results, run_job
from vcmodel.batch.field_ladder import field_models
from vcmodel.batch.job import parse_job

NAMES = [
    "independent",
    "row + column",
    "ar1(row)",
    "ar1(column)",
    "ar1 x ar1",
    "ar1 x ar1 + nugget",
    "row + column + ar1 x ar1",
    "row + column + ar1 x ar1 + nugget",
]
SHORT = ["independent", "row + column", "ar1(column)", "ar1 x ar1"]
JOB = f"""
[model]
fixed = "y ~ 1"
[field]
row = "row"
column = "col"
models = {SHORT}
"""


def formulas(random="gen", several=False):
    return {model.name: model.formulas(random, several) for model in field_models("row", "plot col")}


def test_the_ladder_of_one_trait():
    found = formulas()
    assert list(found) == NAMES
    assert found["independent"] == ("gen", None)
    assert found["row + column"] == ("gen + row + `plot col`", None)
    assert found["ar1(row)"] == ("gen", "ar1(row):id(`plot col`)")
    assert found["ar1(column)"] == ("gen", "id(row):ar1(`plot col`)")
    assert found["ar1 x ar1"] == ("gen", "ar1(row):ar1(`plot col`)")
    assert found["row + column + ar1 x ar1 + nugget"] == ("gen + row + `plot col` + units", "ar1(row):ar1(`plot col`)")
    assert formulas(None)["ar1 x ar1 + nugget"] == ("units", "ar1(row):ar1(`plot col`)")
    assert formulas(None)["ar1 x ar1"][0] is None


def test_several_traits_have_matrices():
    found = formulas("us(trait):gen", several=True)
    assert found["row + column"] == ("us(trait):gen + us(trait):row + us(trait):`plot col`", None)
    assert found["ar1 x ar1 + nugget"] == ("us(trait):gen + us(trait):units", "us(trait):ar1(row):ar1(`plot col`)")


def test_some_of_them():
    assert [model.name for model in field_models("r", "c", ["ar1 x ar1", "independent"])] == ["independent", "ar1 x ar1"]
    with pytest.raises(vc.VcmodelError, match="no model 'ar1xar1' for a field; did you mean 'ar1 x ar1'"):
        field_models("r", "c", ["ar1xar1"])
    with pytest.raises(vc.VcmodelError, match="the rows and the columns of the field are both 'r': name two columns"):
        field_models("r", "r")
    with pytest.raises(vc.VcmodelError, match="named twice"):
        field_models("r", "c", ["independent", "independent"])


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ({}, {}),
        ({"row": 1}, dict.fromkeys(["row + column", "ar1(row)", "ar1 x ar1"], "'row' has one level, 1: nothing varies along it")),
        ({"col": [None, *[2] * 5]}, dict.fromkeys(["ar1(row)", "ar1(column)"], "'col' is missing in row 1 where a response is observed")),
        ({"row": None}, {"ar1 x ar1": "'row' is missing in rows 1, 2, 3, 4, 5 where a response is observed"}),
    ],
)
def test_what_a_file_cannot_have(change, left):
    data = pd.DataFrame({"row": [1, 1, 1, 2, 2, 2], "col": [1, 2, 3] * 2, "y": [1.0, 2.0, 3.0, 4.0, 5.0, None]}).assign(**change)
    reasons = {model.name: model.left_out(data, ["y"]) for model in field_models("row", "col")}
    assert reasons["independent"] == ""
    assert {name: reasons[name] for name in left} == left
    if change.get("row") == 1:
        assert reasons["ar1(column)"] == ""
    assert bool(left) == any(reasons.values())


def test_a_column_that_is_not_there():
    (model,) = field_models("rov", "col", ["ar1 x ar1"])
    assert model.left_out(two_sites(), ["y"]) == "the data have no column 'rov'"
    assert model.left_out(two_sites(), ["z"]) == ""


def trials(path, job=JOB):
    """Two whole fields, one row of a field, and a file without places."""
    made = folder(path, 0, job)
    for number in range(2):
        two_sites(seed=number).query("site == 'A'").to_csv(path / "trials" / f"whole{number}.csv", index=False)
    two_sites().query("site == 'A' and row == 2").to_csv(path / "trials" / "line.csv", index=False)
    two_sites().query("site == 'B'").drop(columns="row").to_csv(path / "trials" / "nowhere.csv", index=False)
    return made


def test_a_folder_of_trials(tmp_path):
    summary = run_job(trials(tmp_path), tmp_path / "out", executor="serial")
    assert (summary.total, summary.failed, summary.left_out) == (16, 0, 5)
    assert (summary.exit_code, summary.remaining) == (0, 0)
    assert "5 left out" in str(summary)
    results = list(load_results(tmp_path / "out"))
    chosen = {result.file: result.model for result in results if result.selected}
    assert chosen["trials/whole0.csv"] in ("ar1(column)", "ar1 x ar1")
    assert set(chosen) == {f"trials/{name}.csv" for name in ("line", "nowhere", "whole0", "whole1")}
    assert chosen["trials/nowhere.csv"] == "independent"
    table = pd.read_csv(tmp_path / "out" / "selection.csv").set_index(["file", "model"])["reason"]
    assert table["trials/line.csv", "ar1 x ar1"] == "left out: 'row' has one level, 2: nothing varies along it"
    assert table["trials/nowhere.csv", "row + column"] == "left out: the data have no column 'row'"
    again = run_job(tmp_path / "job.toml", tmp_path / "out", executor="serial", pages="none")
    assert (again.reused, again.left_out) == (16, 5)
    assert "left out" in (tmp_path / "out" / "index.html").read_text()


def test_each_trait_has_its_own_residual(tmp_path):
    job = 'responses = ["y", "z"]\ntraits = "each"\n' + JOB.replace("y ~ 1", "~ 1").replace(str(SHORT), '["independent", "ar1(column)"]')
    made = folder(tmp_path, 0, job)
    data = two_sites().query("site == 'A'")
    data.assign(z=data["y"].sample(frac=1.0, random_state=1).to_numpy()).to_csv(tmp_path / "trials" / "one.csv", index=False)
    run_job(made, tmp_path / "out", executor="serial")
    chosen = {result.traits: result.model for result in load_results(tmp_path / "out") if result.selected}
    assert chosen == {("y",): "ar1(column)", ("z",): "independent"}


def job(model=None, field=None, **more):
    raw = {"files": "x.csv", "model": {"fixed": "y ~ 1"} if model is None else model}
    return {**raw, "field": {"row": "row", "column": "col"} if field is None else field, **more}


def test_the_ladder_of_a_job(tmp_path):
    found = parse_job(job(), tmp_path)
    assert [entry.name for entry in found.models] == NAMES
    assert (found.select.by, found.select.within) == ("aic", 2.0)
    assert parse_job(job(select={"by": "bic", "within": 1}), tmp_path).select.within == 1.0
    assert parse_job(job(model={"fixed": "y + z ~ trait"}), tmp_path).models[4].formulas(("y", "z"))["residual"].startswith("us(trait)")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (job(field={"row": "row"}), r"column is missing in \[field\]: name the column of the data"),
        (job(field={"row": "row", "colum": "c"}), r"unknown key 'colum' in \[field\]: did you mean 'column'"),
        (job(ladder=[{"name": "a"}]), r"\[field\] is a ladder of its own"),
        (job(model={"fixed": "y ~ 1", "residual": "units"}), r"\[field\] gives each model its residual"),
        (job(model={"random": "gen"}), r"fixed is missing in \[model\]"),
        (job(field={"row": "r", "column": "c", "models": ["ar2"]}), r"\[field\]: there is no model 'ar2' for a field"),
        (job(select={"by": "lrt", "within": 1.0}), 'within in .* has a meaning for by = "aic"'),
        (job(select={"by": "aic", "within": -1.0}), "within = -1 in .* must not be negative"),
        (job(model={"fixed": "y ~ 1", "random": "gen +"}), "model 'independent': "),
    ],
)
def test_messages(raw, message, tmp_path):
    with pytest.raises(vc.VcmodelError, match=message):
        parse_job(raw, tmp_path)
