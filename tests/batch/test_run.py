import json
import os
import subprocess
import sys

import pandas as pd
import pytest
from batch.program import RUN
from batch.small import MODEL, contents, folder, trial

import vcmodel as vc
from vcmodel.batch import load_job, load_results, run_job
from vcmodel.errors import LedgerError


def test_every_fit_is_accounted_for(batch):
    _, out, summary = batch
    assert summary.counts() == {"total": 6, "converged": 5, "not_converged": 0, "failed": 1, "reused": 0, "remaining": 0}
    assert summary.exit_code == 2
    assert str(summary).startswith("6 fits: 5 converged, 0 not converged, 1 failed\n6 done in ")
    assert [path.name for path in summary.tables if path.suffix == ".csv"] == [
        *("fits.csv", "varcomp.csv", "correlations.csv", "fixed.csv", "random.csv", "timings.csv")
    ]
    fits = pd.read_csv(out / "fits.csv")
    assert fits["file"].tolist() == [f"trials/t{i}.csv" for i in range(6)]
    assert fits["status"].tolist() == ["converged", "failed", *["converged"] * 4]
    assert "no column 'line' in the data" in fits["message"][1]
    assert "did you mean 'lime'" in fits["message"][1]
    assert sorted(path.stem for path in (out / "fits").iterdir()) == sorted(fits["id"][fits["converged"]])


def test_the_numbers_are_those_of_a_fit_alone(batch):
    job, out, _ = batch
    alone = vc.fit("a + b ~ trait", random="us(trait):line", residual="units:us(trait)", data=job.parent / "trials" / "t3.csv")
    result = list(load_results(out))[3]
    assert (result.file, result.model, result.traits, result.status) == ("trials/t3.csv", "model", ("a", "b"), "converged")
    assert result.source == str(job.parent / "trials" / "t3.csv")
    expected = alone.to_dict()
    for row in expected["iterations"]:
        row.pop("seconds")
    assert result.fit == expected
    assert any("t3.csv read as comma-separated text" in note for note in result.notes)
    assert json.loads((out / "fits" / f"{result.id}.json").read_text(encoding="utf-8")) == result.fit
    varcomp = pd.read_csv(out / "varcomp.csv")
    own = varcomp[varcomp["file"] == result.file]
    assert own["component"].tolist() == pytest.approx(alone.varcomp["component"].tolist(), rel=1e-15)
    rows = result.rows
    assert rows.loc[rows["trait"] == "b", "fitted"].tolist() == alone.fitted["b"].tolist()
    blup = alone.random_effects("line")["effect"]
    table = result.tables["random"]
    assert table["effect"].tolist() == blup.tolist()
    assert table[["level", "trait"]].values.tolist() == [list(label) for label in blup.index]


@pytest.mark.parametrize(("executor", "workers"), [("local", 1), ("local", 2)])
def test_same_bytes_whatever_ran_it(batch, tmp_path, executor, workers):
    job, reference, _ = batch
    run_job(job, tmp_path / "out", executor=executor, workers=workers)
    assert contents(tmp_path / "out") == contents(reference)


def test_finished_fits_are_not_repeated(batch, tmp_path):
    job, reference, _ = batch
    out = tmp_path / "out"
    run_job(job, out, executor="serial")
    before = [result.seconds for result in load_results(out)]
    again = run_job(job, out, executor="serial")
    assert (again.reused, again.total, again.exit_code) == (6, 6, 2)
    assert [result.seconds for result in load_results(out)] == before
    assert contents(out) == contents(reference)


def test_a_changed_file_model_or_version_is_fitted_again(tmp_path, monkeypatch):
    job = folder(tmp_path / "job", files=3, broken=False)
    out = tmp_path / "out"
    run_job(job, out, executor="serial")
    trial(99).to_csv(job.parent / "trials" / "t1.csv", index=False)
    assert run_job(job, out, executor="serial").reused == 2
    job.write_text(job.read_text(encoding="utf-8").replace("us(trait):line", "diag(trait):line"), encoding="utf-8")
    assert run_job(job, out, executor="serial").reused == 0
    assert run_job(job, out, executor="serial").reused == 3
    monkeypatch.setattr("vcmodel.batch.plan.version", lambda name: "99")
    assert run_job(job, out, executor="serial").reused == 0


def test_failed_fits_on_request(batch, tmp_path):
    job, _, _ = batch
    run_job(job, tmp_path / "out", executor="serial")
    assert run_job(job, tmp_path / "out", executor="serial", retry_failed=True).reused == 5


def test_pages_of_a_job(tmp_path):
    job = folder(tmp_path / "job", files=2, broken=False)
    assert run_job(job, tmp_path / "out", executor="serial").index is None
    assert not (tmp_path / "out" / "index.html").exists()
    summary = run_job(job, tmp_path / "out", executor="serial", pages="auto")
    assert str(summary).endswith(f"pages in {tmp_path / 'out'}: start with index.html")
    assert len(list((tmp_path / "out" / "pages").iterdir())) == 2
    assert "<title>Batch job</title>" in summary.index.read_text(encoding="utf-8")
    with pytest.raises(vc.VcmodelError, match="pages = 'flaged': did you mean 'flagged'"):
        run_job(job, tmp_path / "out", pages="flaged")


def test_the_output_folder_inside_the_data(tmp_path):
    job = folder(tmp_path / "job", files=2, broken=False)
    job.write_text('files = "**/*.csv"\n' + MODEL, encoding="utf-8")
    out = tmp_path / "job" / "out"
    assert run_job(job, out, executor="serial").total == 2
    assert run_job(job, out, executor="serial").counts()["reused"] == 2


@pytest.mark.parametrize("executor", ["serial", "local"])
@pytest.mark.parametrize("files", ["trials/*.csv", ["trials/t0.csv", "trials/*.csv"]])
def test_what_is_no_file_is_a_row_and_never_blocks(tmp_path, executor, files):
    job = folder(tmp_path / "job", files=2, broken=False)
    trials = job.parent / "trials"
    os.mkfifo(trials / "pipe.csv")
    (trials / "device.csv").symlink_to("/dev/zero")
    (trials / "nowhere.csv").symlink_to("gone.csv")
    (trials / "folder.csv").mkdir()
    (trials / "other").mkdir()
    job.write_text(f"files = {json.dumps(files)}\n{MODEL}", encoding="utf-8")
    run = {"capture_output": True, "text": True, "timeout": 60}
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", RUN, str(job), str(tmp_path / "out"), executor], **run)
        assert done.returncode == 2, done.stderr
        fits = pd.read_csv(tmp_path / "out" / "fits.csv").set_index("file")
        assert fits.loc[["trials/t0.csv", "trials/t1.csv"], "status"].tolist() == ["converged"] * 2
        assert len(fits) == 6
        for name in ("pipe", "device"):
            assert "not a regular file" in fits.loc[f"trials/{name}.csv", "message"]
        assert "is a folder" in fits.loc["trials/folder.csv", "message"]
        assert "there is no file" in fits.loc["trials/nowhere.csv", "message"]


def test_folders_are_left_out_unless_named_like_files(tmp_path):
    job = folder(tmp_path / "job", files=2, broken=False)
    (job.parent / "trials" / "older").mkdir()
    for pattern, count in (("trials/*", 2), ("**", 3), ("trials/[!.]*", 2)):
        job.write_text(f'files = "{pattern}"\n{MODEL}', encoding="utf-8")
        assert len(load_job(job).paths()) == count, pattern


def test_what_cannot_be_run(batch, tmp_path):
    job, _, _ = batch
    with pytest.raises(vc.VcmodelError, match="executor = 'loca': did you mean 'local'"):
        run_job(job, tmp_path / "a", executor="loca")
    with pytest.raises(vc.VcmodelError, match="workers = 0: give at least 1"):
        run_job(job, tmp_path / "a", workers=0)
    with pytest.raises(vc.VcmodelError, match='a scheduler address has a meaning for executor = "dask" only'):
        run_job(job, tmp_path / "a", scheduler="tcp://x:1")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(LedgerError, match=r"the output folder '.*file' cannot be used: File exists; choose another"):
        run_job(job, tmp_path / "file")
    with pytest.raises(LedgerError, match=r"holds no ledger\.sqlite: it is not the output folder of a batch"):
        list(load_results(tmp_path))
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "ledger.sqlite").write_bytes(b"no database, but long enough to be looked at" * 50)
    with pytest.raises(LedgerError, match=r"is not a ledger .*: choose another output folder, or move the file away"):
        run_job(job, tmp_path / "b")


def test_names_cannot_leave_the_output_folder(tmp_path):
    job = folder(tmp_path / "job", files=1, broken=False)
    os.rename(job.parent / "trials" / "t0.csv", job.parent / "trials" / "x..\\..\\<b>;rm.csv")
    whole = job.read_text(encoding="utf-8").replace("[model]", '[model]\nname = "../../../model"')
    job.write_text(whole, encoding="utf-8")
    out = tmp_path / "deep" / "out"
    run_job(load_job(job), out, executor="serial")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "job"]
    (written,) = (out / "fits").iterdir()
    assert written.name.startswith("x_b_rm-model-a_b-")
    (written_too,) = load_results(out)
    assert (written_too.status, written_too.id) == ("converged", written.stem)
    assert pd.read_csv(out / "fits.csv")["file"].tolist() == ["trials/x..\\..\\<b>;rm.csv"]


def test_a_file_listed_twice(tmp_path):
    job = folder(tmp_path / "job", files=1, broken=False)
    job.write_text(
        job.read_text(encoding="utf-8").replace('"trials/*.csv"', f'["trials/t0.csv", "{job.parent}/trials/t0.csv"]'), encoding="utf-8"
    )
    assert run_job(job, tmp_path / "out", executor="serial").total == 1
