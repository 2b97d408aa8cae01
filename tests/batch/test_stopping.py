import os
import signal
import subprocess
import time

import pandas as pd
import pytest
from batch.program import started, wait_for
from batch.small import contents, folder, recorded

from vcmodel.batch import load_results, run_job


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
