"""The program of a worker process: tasks come in on one pipe, outcomes leave on another.

It is started as a program of its own (``python -m vcmodel.batch.worker``), so that the caller's main module is not run again, and it ends
when the pipe of tasks closes: no worker outlives a killed batch.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
from multiprocessing.connection import Connection

READY = "ready"


def pipes() -> tuple[Connection, Connection]:
    """The pipes of tasks and outcomes: standard input and output, which are then no longer what prints write to."""
    tasks, outcomes = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    return Connection(tasks, writable=False), Connection(outcomes, readable=False)


def limit_memory(size: int) -> None:
    """Makes an allocation beyond `size` bytes a MemoryError of this fit, and this process the first to go when the machine runs out."""
    if size > 0:
        resource.setrlimit(resource.RLIMIT_DATA, (size, resource.getrlimit(resource.RLIMIT_DATA)[1]))
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("500")


def main() -> None:
    """Serves tasks until the pipe closes."""
    # Ctrl-C and a service manager reach every process; the batch decides what its workers do
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    tasks, outcomes = pipes()
    from vcmodel.batch.tasks import execute

    try:
        known, size = tasks.recv()
        limit_memory(size)
        outcomes.send(READY)
        while True:
            outcomes.send(execute(tasks.recv(), known))
    except (EOFError, BrokenPipeError):
        return


if __name__ == "__main__":
    main()
