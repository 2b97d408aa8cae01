import shutil
import sqlite3
import subprocess
import sys

import pytest
from batch.program import started, wait_for
from batch.small import contents, folder, trial

import vcmodel as vc
from vcmodel.batch import load_job, load_results, run_job
from vcmodel.errors import LedgerError


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
