import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from batch.small import MODEL, contents, folder, recorded, trial

import vcmodel as vc
from vcmodel.batch import load_job, load_results, run_job
from vcmodel.errors import LedgerError

RUN = """
import sys
from vcmodel.batch import run_job
summary = run_job(*sys.argv[1:3], executor=sys.argv[3], workers=2)
print(summary)
sys.exit(summary.exit_code)
"""


def started(job, out, executor="serial"):
    return subprocess.Popen([sys.executable, "-c", RUN, str(job), str(out), executor], stdout=subprocess.PIPE, text=True)


def wait_for(out, count, process):
    while recorded(out) < count and process.poll() is None:
        time.sleep(0.005)


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    """A job of six files and its uninterrupted run in this process."""
    job = folder(tmp_path_factory.mktemp("batch"))
    return job, job.parent / "reference", run_job(job, job.parent / "reference", executor="serial")


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


def test_killed_at_any_point_and_started_again(batch, tmp_path):
    job, reference, _ = batch
    out = tmp_path / "out"
    for count in (1, 3):
        process = started(job, out, "local")
        wait_for(out, count, process)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    held = recorded(out)
    assert held >= 3
    assert run_job(job, out, executor="serial").reused == held
    assert contents(out) == contents(reference)


def test_no_worker_outlives_a_killed_batch(tmp_path):
    job = folder(tmp_path / "job", files=4)
    process = started(job, tmp_path / "out", "local")
    wait_for(tmp_path / "out", 1, process)
    workers = children(process)
    assert workers
    process.kill()
    process.wait()
    process.stdout.close()
    deadline = time.monotonic() + 10
    while any(_alive(pid) for pid in workers):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def children(process):
    listing = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True).stdout
    return [int(item) for item in listing.split()]


def _alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("executor", ["serial", "local"])
def test_a_batch_that_is_stopped_keeps_what_is_finished(batch, tmp_path, executor, stop):
    job, reference, _ = batch
    out = tmp_path / "out"
    process = started(job, out, executor)
    wait_for(out, 2, process)
    workers = children(process)
    process.send_signal(stop)
    said, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "not done" in said
    assert "interrupted; finished fits are kept: run the same command again to go on" in said
    held = recorded(out)
    assert 2 <= held < 6
    assert not any(_alive(pid) for pid in workers)
    assert len(pd.read_csv(out / "fits.csv")) == held
    assert run_job(job, out, executor="serial").reused == held
    assert contents(out) == contents(reference)


def test_sigterm_to_every_process_loses_no_fit(batch, tmp_path):
    """As a service manager sends it: the workers too, first."""
    job, reference, _ = batch
    out = tmp_path / "out"
    process = started(job, out, "local")
    wait_for(out, 1, process)
    for pid in [*children(process), process.pid]:
        os.kill(pid, signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 130
    assert "failed" not in [result.status for result in load_results(out) if "t1" not in result.file]
    run_job(job, out, executor="serial")
    assert contents(out) == contents(reference)


def test_sigterm_is_left_to_a_program_that_minds_it(batch, tmp_path):
    job, _, _ = batch
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        run_job(job, tmp_path / "out", executor="serial")
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)
    run_job(job, tmp_path / "out", executor="serial")
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


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


def test_two_runs_on_one_ledger_are_refused(tmp_path):
    job = folder(tmp_path / "job", files=6)
    out = tmp_path / "out"
    process = started(job, out)
    wait_for(out, 1, process)
    with pytest.raises(LedgerError, match=rf"another run \(process {process.pid} on .*\) is writing to '.*out': wait for its end"):
        run_job(job, out, executor="serial")
    process.kill()
    process.wait()
    process.stdout.close()
    # the lock of the dead process is taken over
    assert run_job(job, out, executor="serial").remaining == 0


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


def garbage_in_the_middle(ledger):
    content = bytearray(ledger.read_bytes())
    content[4096 : len(content) // 2] = bytes(range(256)) * 400
    ledger.write_bytes(content)


def as_a_folder(ledger):
    ledger.unlink()
    ledger.mkdir()


def edited(*statements):
    def edit(ledger):
        with sqlite3.connect(ledger) as database:
            for statement in statements:
                database.execute(statement)

    return edit


DAMAGE = {
    "cut off": lambda ledger: ledger.write_bytes(ledger.read_bytes()[: ledger.stat().st_size // 2]),
    "garbage in the middle": garbage_in_the_middle,
    "only garbage": lambda ledger: ledger.write_bytes(bytes(range(256)) * 20),
    "a folder": as_a_folder,
    "another version": edited("update meta set value = '0' where name = 'schema'"),
    "a lost column": edited("alter table fits drop column rows"),
    "a record cut off": edited("update fits set fit = substr(fit, 1, 20)"),
    "a record that is text": edited("update fits set fit = 'text'"),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_ledger_is_named_with_what_to_do(batch, tmp_path, damage):
    job, reference, _ = batch
    out = tmp_path / "out"
    shutil.copytree(reference, out)
    damage(out / "ledger.sqlite")
    for call in (lambda: list(load_results(out)), lambda: run_job(job, out, executor="serial")):
        with pytest.raises(vc.LedgerError, match=r"ledger\.sqlite' (is|was)") as caught:
            call()
        assert "choose another output folder" in str(caught.value)
    # the advice helps
    (out / "ledger.sqlite").rename(out / "away")
    assert run_job(job, out, executor="serial").remaining == 0


def test_a_transaction_that_a_kill_cut_short_is_rolled_back(batch, tmp_path):
    job, reference, _ = batch
    out = tmp_path / "out"
    script = f"""
import os, shutil, sqlite3
os.mkdir({str(out)!r})
shutil.copy({str(reference / "ledger.sqlite")!r}, {str(out)!r})
database = sqlite3.connect({str(out / "ledger.sqlite")!r})
database.execute("pragma cache_spill = 1")
database.execute("pragma cache_size = 1")
database.execute("update fits set message = hex(randomblob(20000))")
assert os.path.exists({str(out / "ledger.sqlite-journal")!r})
os._exit(9)
"""
    assert subprocess.run([sys.executable, "-c", script]).returncode == 9
    assert (out / "ledger.sqlite-journal").exists()
    assert [result.status for result in load_results(out)].count("converged") == 5
    assert run_job(job, out, executor="serial").reused == 6
    assert contents(out) == contents(reference)


def test_a_disk_that_cannot_be_written(batch, tmp_path, monkeypatch):
    job, _, _ = batch
    import vcmodel.batch.ledger as ledger

    with ledger.Ledger(tmp_path / "a") as held:
        from vcmodel.batch.plan import plan_job
        from vcmodel.batch.tasks import Outcome

        (task, *_) = plan_job(load_job(job), tmp_path / "a", {})
        held.plan([task], {})
        held._database.execute("pragma max_page_count = 1")
        with pytest.raises(LedgerError, match=r"cannot be written \(database or disk is full\): make room there and run again"):
            held.record(task, Outcome("failed", "x" * 1_000_000))
        with pytest.raises(sqlite3.IntegrityError):
            held.plan([task, task], {})
    (tmp_path / "b" / "fits.csv").mkdir(parents=True)
    with pytest.raises(vc.VcmodelError, match=r"the tables in '.*b' cannot be written: .*: the fits are recorded and will not be repeated"):
        run_job(job, tmp_path / "b", executor="serial")
    assert not list((tmp_path / "b").glob(".*.part"))
    with pytest.raises(vc.VcmodelError, match=r"the log '.*nowhere/log' cannot be written: No such file or directory; give another file"):
        run_job(job, tmp_path / "c", executor="serial", log_json=tmp_path / "nowhere" / "log")


def test_a_file_listed_twice(tmp_path):
    job = folder(tmp_path / "job", files=1, broken=False)
    job.write_text(
        job.read_text(encoding="utf-8").replace('"trials/*.csv"', f'["trials/t0.csv", "{job.parent}/trials/t0.csv"]'), encoding="utf-8"
    )
    assert run_job(job, tmp_path / "out", executor="serial").total == 1


def test_a_reader_does_not_keep_a_batch_from_writing(tmp_path, monkeypatch):
    job = folder(tmp_path / "job", files=4, broken=False)
    monkeypatch.setattr("vcmodel.batch.ledger._AT_ONCE", 2)
    out = tmp_path / "out"
    run_job(job, out, executor="serial")
    reader = load_results(out)
    assert next(reader).file == "trials/t0.csv"
    trial(50).to_csv(job.parent / "trials" / "t3.csv", index=False)
    assert run_job(job, out, executor="serial").reused == 3
    assert [result.file for result in reader] == ["trials/t1.csv", "trials/t2.csv", "trials/t3.csv"]
