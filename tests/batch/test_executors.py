import os
import signal
import sys
from pathlib import Path

import pytest
from batch.small import contents, folder

from vcmodel import VcmodelError
from vcmodel.batch import load_results, run_job
from vcmodel.batch.executors import WORKER_MEMORY, LocalProcesses, Serial, worker_count
from vcmodel.batch.job import load_job
from vcmodel.batch.plan import plan_job

# workers that end themselves in front of one file: every time, or when it is tried first
MORTAL = """
import os, sys
import vcmodel.batch.tasks as tasks
honest = tasks.execute
def execute(task, known=None):
    first = not os.path.exists(sys.argv[2])
    if task.file.endswith("t2.csv") and (sys.argv[1] == "always" or first):
        open(sys.argv[2], "w").close()
        os.kill(os.getpid(), 9)
    return honest(task, known)
tasks.execute = execute
from vcmodel.batch.worker import main
main()
"""


@pytest.fixture
def tasks(tmp_path):
    job = folder(tmp_path / "job", files=5)
    return plan_job(load_job(job), tmp_path / "out", {})


def test_a_fit_whose_worker_died_is_tried_again(tasks, tmp_path):
    command = (sys.executable, "-c", MORTAL, "once", str(tmp_path / "seen"))
    ended = {task.file: outcome for task, outcome in LocalProcesses(2, command=command).run(tasks)}
    plain = {task.file: outcome for task, outcome in Serial().run(tasks)}
    assert len(ended) == 5
    assert ended["trials/t2.csv"].attempts == 2
    assert {name: (item.status, item.message, item.fit, item.kept, item.rows) for name, item in ended.items()} == {
        name: (item.status, item.message, item.fit, item.kept, item.rows) for name, item in plain.items()
    }


def test_a_fit_that_takes_every_worker_with_it_is_given_up(tasks, tmp_path):
    command = (sys.executable, "-c", MORTAL, "always", str(tmp_path / "seen"))
    ended = {task.file: outcome for task, outcome in LocalProcesses(2, command=command).run(tasks)}
    assert sorted(ended) == [f"trials/t{i}.csv" for i in range(5)]
    lost = ended["trials/t2.csv"]
    assert (lost.status, lost.attempts) == ("failed", 2)
    assert lost.message.startswith("the worker process died in each of 2 attempts (out of memory, killed, or a crash)")
    assert [ended[f"trials/t{i}.csv"].status for i in (0, 1, 3, 4)] == ["converged", "failed", "converged", "converged"]


def test_workers_that_cannot_start(tasks):
    with pytest.raises(VcmodelError, match=r"a worker process could not start \(exit code 7\): no engine"):
        list(LocalProcesses(1, command=(sys.executable, "-c", "import sys; print('no engine', file=sys.stderr); sys.exit(7)")).run(tasks))


def test_a_worker_killed_from_outside_changes_nothing(tmp_path):
    job = folder(tmp_path / "job", files=6)
    run_job(job, tmp_path / "reference", executor="serial")
    started = []
    import vcmodel.batch.executors as executors

    class Watched(executors.LocalProcesses):
        def _start(self, start):
            started.append(super()._start(start))
            return started[-1]

        def run(self, tasks):
            for number, ended in enumerate(super().run(tasks)):
                if number == 1:  # on a busy machine the other one may not be up yet
                    os.kill(next(worker for worker in started if worker.ready).process.pid, signal.SIGKILL)
                yield ended

    from unittest import mock

    with mock.patch.object(executors, "LocalProcesses", Watched):
        summary = run_job(job, tmp_path / "out", executor="local", workers=2)
    assert len(started) == 3
    assert summary.remaining == 0
    assert contents(tmp_path / "out") == contents(tmp_path / "reference")
    assert sum(result.attempts for result in load_results(tmp_path / "out")) >= 6


def test_closing_the_stream_stops_the_workers(tasks):
    started = []

    class Watched(LocalProcesses):
        def _start(self, start):
            started.append(super()._start(start))
            return started[-1]

    stream = Watched(2).run(tasks)
    next(stream)
    stream.close()
    assert [worker.process.returncode for worker in started] == [-signal.SIGKILL] * 2


def test_the_number_of_workers_follows_processors_and_memory(tasks, monkeypatch):
    monkeypatch.setattr("vcmodel.batch.executors.processors", lambda: 8)
    monkeypatch.setattr("vcmodel.batch.executors.available_memory", lambda: 100 * WORKER_MEMORY)
    assert worker_count(tasks, None, None) == 8
    assert worker_count(tasks, None, 3) == 3
    monkeypatch.setattr("vcmodel.batch.executors.available_memory", lambda: 4 * WORKER_MEMORY)
    assert worker_count(tasks, None, None) == 3
    monkeypatch.setattr("vcmodel.batch.executors.available_memory", lambda: 0)
    assert worker_count(tasks, None, None) == 1
    assert worker_count([], None, None) == 1


def test_a_worker_runs_one_thread_and_fails_a_fit_that_wants_all_memory(tmp_path):
    from vcmodel.batch.worker import limit_memory

    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            limit_memory(200_000_000)
            try:
                bytearray(1_000_000_000)
            except MemoryError:
                code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert Path("/proc/self/oom_score_adj").read_text(encoding="ascii").strip() != "500"
