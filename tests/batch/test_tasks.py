import numpy as np
import pandas as pd
import pytest
from batch.small import MODEL, folder, trial

import vcmodel as vc
from vcmodel.batch import load_results, run_job


def test_columns_reading_weights_and_relationships(tmp_path):
    base = tmp_path / "job"
    base.mkdir()
    table = trial(5).assign(w=2.0)
    table.loc[3, "a"] = np.nan
    table.rename(columns={"a": "Yield, t/ha", "line": "Entry"}).to_csv(base / "x.txt", index=False, sep=";", decimal=",", na_rep="-9")
    names = sorted(set(table["line"]))
    pd.DataFrame([[1.0 if i == j else 0.25 for j in names] for i in names], index=names, columns=names).to_csv(base / "k.csv")
    text = """
files = "x.txt"
weights = "w"
[read]
missing = [-9]
[columns]
a = "Yield, t/ha"
line = "Entry"
[model]
fixed = "a ~ block"
random = "vm(line, K)"
[known.K]
covariance = "k.csv"
[control]
max_iterations = 100
"""
    (base / "job.toml").write_text(text, encoding="utf-8")
    summary = run_job(base / "job.toml", tmp_path / "out", executor="local", workers=1)
    (result,) = load_results(tmp_path / "out")
    assert summary.exit_code == 0
    known = {"K": pd.read_csv(base / "k.csv", index_col=0)}
    alone = vc.fit("a ~ block", "vm(line, K)", data=table, known=known, weights="w")
    assert result.fit["loglik"] == pytest.approx(alone.loglik, abs=1e-9)
    assert result.fit["n_observations"] == 35
    assert any("decimal comma" in note for note in result.notes)


def test_a_column_to_rename_that_is_not_there(tmp_path):
    job = folder(tmp_path / "job", files=1, job='[columns]\nb2 = "bb"\n' + MODEL, broken=False)
    run_job(job, tmp_path / "out", executor="serial")
    (result,) = load_results(tmp_path / "out")
    assert result.message.startswith("columns: there is no column 'bb' to rename to 'b2'; did you mean 'b'?")
    job.write_text('files = "trials/*.csv"\n[columns]\na = "b"\n' + MODEL, encoding="utf-8")
    run_job(job, tmp_path / "out", executor="serial")
    (result,) = load_results(tmp_path / "out")
    assert result.message == "columns: 'b' cannot be renamed to 'a', the file has a column of that name: rename that one too"


def test_a_fit_that_does_not_converge_and_one_that_is_a_bug(tmp_path, monkeypatch):
    job = folder(tmp_path / "job", files=3, job=MODEL + "[control]\nmax_iterations = 1\n", broken=False)
    (job.parent / "trials" / "t2.csv").unlink()
    whole = job.read_text(encoding="utf-8").replace('"trials/*.csv"', '["trials/*.csv", "trials/gone.csv"]')
    job.write_text(whole, encoding="utf-8")
    import vcmodel.batch.tasks as tasks

    honest = tasks._fit

    def buggy(reading, task, known):
        if task.file == "trials/t1.csv":
            raise ZeroDivisionError("division by zero")
        return honest(reading, task, known)

    monkeypatch.setattr(tasks, "_fit", buggy)
    summary = run_job(job, tmp_path / "out", executor="serial")
    first, second, third = load_results(tmp_path / "out")
    assert summary.counts() == {"total": 3, "converged": 0, "not_converged": 1, "failed": 2, "reused": 0, "remaining": 0}
    assert first.status == "not_converged"
    assert first.message.startswith("not converged: the iteration limit was reached")
    assert first.fit is not None
    assert second.message == "unexpected ZeroDivisionError: division by zero; please report it with the data"
    assert "in buggy" in second.detail
    assert third.message == "data: there is no file 'trials/gone.csv'"


def test_memory_and_warnings_are_part_of_the_result(tmp_path, monkeypatch):
    job = folder(tmp_path / "job", files=2, broken=False)
    import vcmodel.batch.tasks as tasks

    honest = tasks._fit

    def uneasy(reading, task, known):
        if task.file == "trials/t1.csv":
            raise MemoryError("Unable to allocate 100 GiB")
        import warnings

        warnings.warn("a warning", UserWarning, stacklevel=1)
        return honest(reading, task, known)

    monkeypatch.setattr(tasks, "_fit", uneasy)
    run_job(job, tmp_path / "out", executor="serial")
    first, second = load_results(tmp_path / "out")
    assert first.notes[-1] == "warning: a warning"
    assert second.message.startswith("out of memory: Unable to allocate 100 GiB; use a machine with more")


def test_a_file_that_changes_while_the_batch_runs(tmp_path, monkeypatch):
    job = folder(tmp_path / "job", files=1, broken=False)
    monkeypatch.setattr("vcmodel.batch.plan.content_digest", lambda path: "of another content")
    run_job(job, tmp_path / "out", executor="serial")
    (result,) = load_results(tmp_path / "out")
    assert result.message == "trials/t0.csv was changed while the batch ran: run it again"
