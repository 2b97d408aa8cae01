"""Where fits run: in this process, or in local processes. Dask is in :mod:`vcmodel.batch.cluster`.

An executor has one method, ``run(tasks)``, which yields (task, outcome) as fits end, in any order; every task comes back exactly once.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import IO, Protocol

from vcmodel.batch.tasks import ATTEMPTS, Outcome, Task, execute, worker_died
from vcmodel.errors import VcmodelError, choices
from vcmodel.memory import available_memory
from vcmodel.processors import processors

EXECUTORS = ("serial", "local", "dask")
# of a worker with pandas, SciPy and a compiled engine loaded, measured 150 MB, and room for the fit of a small file
WORKER_MEMORY = 300_000_000
# bytes in memory per byte of a file while it is fitted: the table, the design, the factor; measured 15-25 on trials of 1,000 plots
FILE_EXPANSION = 30
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")


class Executor(Protocol):
    """What runs the tasks of a batch."""

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Outcome]]:
        """Every task with its outcome, as they end."""


@dataclass(frozen=True)
class Serial:
    """One fit after the other in this process."""

    known: Mapping[str, object] | None = None

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Outcome]]:
        """Every task with its outcome, in the order given."""
        for task in tasks:
            yield task, execute(task, self.known)


@dataclass
class _Worker:
    """A worker process with the task it is at; `errors` is its standard error, read when it dies before it is ready."""

    process: subprocess.Popen[bytes]
    tasks: Connection
    outcomes: Connection
    errors: IO[bytes]
    ready: bool = False
    task: Task | None = None

    def stop(self) -> None:
        for pipe in (self.tasks, self.outcomes):
            pipe.close()
        self.process.kill()
        self.process.wait()
        self.errors.close()


@dataclass(frozen=True)
class LocalProcesses:
    """Processes of this machine, one BLAS thread each.

    A worker that dies (killed, out of memory, a crash in compiled code) is replaced; its fit is tried once more, then recorded as failed.

    Attributes
    ----------
    workers : int
    known : mapping or None
        Relationships, sent to each worker once.
    command : tuple of str
        How a worker is started.
    """

    workers: int
    known: Mapping[str, object] | None = None
    command: tuple[str, ...] = field(default=(sys.executable, "-P", "-m", "vcmodel.batch.worker"))

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Outcome]]:
        """Every task with its outcome, as they end."""
        waiting = deque(tasks)
        deaths: dict[str, int] = {}
        start = pickle.dumps((dict(self.known or {}), available_memory()))
        pool = [self._start(start) for _ in range(min(self.workers, len(waiting)))]
        try:
            while any(worker.task is not None or not worker.ready for worker in pool):
                for item in wait([worker.outcomes for worker in pool]):
                    worker = next(worker for worker in pool if worker.outcomes is item)
                    try:
                        message = worker.outcomes.recv()
                    except (EOFError, OSError):
                        pool.remove(worker)
                        yield from self._bury(worker, waiting, deaths)
                        if waiting:
                            pool.append(self._start(start))
                        continue
                    task, worker.task = worker.task, None
                    worker.ready = True
                    _give(worker, waiting)
                    if task is not None:
                        yield task, replace(message, attempts=deaths.get(task.id, 0) + 1)
        finally:
            for worker in pool:
                worker.stop()

    def _start(self, start: bytes) -> _Worker:
        environment = {**os.environ, **dict.fromkeys(THREADS, "1"), "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the worker)
        process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=environment, start_new_session=True
        )
        assert process.stdin is not None and process.stdout is not None
        # Connection closes what it is given: copies, so that Popen may close its own
        worker = _Worker(
            process,
            Connection(os.dup(process.stdin.fileno()), readable=False),
            Connection(os.dup(process.stdout.fileno()), writable=False),
            errors,
        )
        process.stdin.close()
        process.stdout.close()
        # a worker that dies at once is found out by its closed pipe of outcomes
        with suppress(OSError):
            worker.tasks.send_bytes(start)
        return worker

    def _bury(self, worker: _Worker, waiting: deque[Task], deaths: dict[str, int]) -> Iterator[tuple[Task, Outcome]]:
        """Puts the task of a dead worker back in front, or gives it up."""
        code = worker.process.wait()
        worker.errors.seek(0)
        said = worker.errors.read().decode("utf-8", "replace").strip().splitlines()
        worker.stop()
        if not worker.ready:
            raise VcmodelError(f"a worker process could not start (exit code {code}): {said[-1] if said else 'it said nothing'}")
        if worker.task is None:
            return
        task = worker.task
        deaths[task.id] = deaths.get(task.id, 0) + 1
        if deaths[task.id] < ATTEMPTS:
            waiting.appendleft(task)
            return
        yield task, worker_died()


def _give(worker: _Worker, waiting: deque[Task]) -> None:
    if not waiting:
        return
    worker.task = waiting.popleft()
    # a worker that died between two tasks is found out likewise, and the task is put back
    with suppress(OSError):
        worker.tasks.send(worker.task)


def worker_count(tasks: Iterable[Task], known: Mapping[str, object] | None, wanted: int | None) -> int:
    """As many workers as asked for; by default one per processor, fewer where memory would not hold them.

    Raises
    ------
    VcmodelError
        A number that is not positive.
    """
    if wanted is not None:
        if wanted < 1:
            raise VcmodelError(f"workers = {wanted}: give at least 1")
        return wanted
    largest = max((_size(task) for task in tasks), default=0)
    each = WORKER_MEMORY + FILE_EXPANSION * largest + len(pickle.dumps(dict(known or {})))
    return max(1, min(processors(), int(0.8 * available_memory() // each)))


def _size(task: Task) -> int:
    if not isinstance(task.source, Path):
        return int(task.source.memory_usage(deep=True).sum())
    try:
        return task.source.stat().st_size
    except OSError:
        return 0


def build_executor(
    name: str, tasks: Sequence[Task], known: Mapping[str, object] | None, workers: int | None, scheduler: str | None
) -> Executor:
    """The executor of this name.

    Raises
    ------
    VcmodelError
        An unknown name, a scheduler for another executor than Dask, or Dask that is not installed.
    """
    if name not in EXECUTORS:
        raise VcmodelError(f"executor = {name!r}: {choices(name, EXECUTORS, 'executors')}")
    if scheduler is not None and name != "dask":
        raise VcmodelError(f'a scheduler address has a meaning for executor = "dask" only, not for {name!r}')
    if name == "serial":
        return Serial(known)
    if name == "local":
        return LocalProcesses(worker_count(tasks, known, workers), known)
    from vcmodel.batch.cluster import Dask

    return Dask(worker_count(tasks, known, workers), scheduler, known)
