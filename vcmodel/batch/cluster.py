"""Fits on a Dask cluster: the same tasks, sent with the bytes of their files, so that workers need not see the caller's disk."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vcmodel.batch.result import FAILED
from vcmodel.batch.tasks import ATTEMPTS, Outcome, Task, execute, worker_died
from vcmodel.errors import VcmodelError

if TYPE_CHECKING:
    from distributed import Client

PATIENCE = 20.0  # seconds to wait for a scheduler to answer


@dataclass(frozen=True)
class Dask:
    """A cluster by the address of its scheduler, or processes of this machine under Dask's care.

    Attributes
    ----------
    workers : int
        Of the local cluster, when there is no scheduler.
    scheduler : str or None
        ``tcp://host:port``.
    known : mapping or None
        Relationships, sent to each worker once.
    """

    workers: int
    scheduler: str | None = None
    known: Mapping[str, object] | None = None

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Outcome]]:
        """Every task with its outcome, as they end.

        Raises
        ------
        VcmodelError
            Dask is not installed, or no scheduler answers at the address.
        """
        try:
            import dask
            from distributed import Client, LocalCluster
        except ImportError:
            raise VcmodelError("executor 'dask' needs the extra vcmodel[dask]: pip install 'vcmodel[dask]'") from None
        if not tasks:
            return
        if self.scheduler is not None:
            try:
                client = Client(self.scheduler, timeout=PATIENCE)
            except (OSError, TimeoutError, ValueError) as problem:
                raise VcmodelError(f"no Dask scheduler answers at {self.scheduler!r}: {problem}") from None
            with client:
                yield from self._run(client, tasks)
            return
        with dask.config.set({"distributed.scheduler.allowed-failures": ATTEMPTS - 1}):
            try:
                # nannies start dead workers again; nothing listens beyond this machine
                cluster = LocalCluster(
                    n_workers=self.workers, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=logging.ERROR
                )
            except RuntimeError as problem:
                raise VcmodelError(
                    f"Dask could not start workers on this machine ({problem}); in a script, call it under `if __name__ == '__main__':`, "
                    "since Dask's workers run the script's top level again"
                ) from None
            with cluster, Client(cluster) as client:
                yield from self._run(client, tasks)

    def _run(self, client: Client, tasks: Sequence[Task]) -> Iterator[tuple[Task, Outcome]]:
        from distributed import as_completed

        client.wait_for_workers(1, timeout=60)
        known: Any = client.scatter(dict(self.known), broadcast=True) if self.known else None
        waiting = deque(tasks)
        running: dict[Any, Task] = {}
        done = as_completed(raise_errors=False)

        def submit() -> None:
            # no more than can run at once: a worker's death is held against every task it has, and only the running ones are suspect
            room = max(1, sum(client.nthreads().values()))
            while waiting and len(running) < room:
                task = waiting.popleft()
                future = client.submit(execute, task.with_content(), known, key=f"{task.id}-{id(running)}", pure=False)
                running[future] = task
                done.add(future)

        submit()
        for future in done:
            task = running.pop(future)
            outcome = _outcome(future)
            future.release()
            submit()
            yield task, outcome


def _outcome(future: Any) -> Outcome:
    from distributed import KilledWorker

    problem = future.exception()
    if problem is None:
        return future.result()
    if isinstance(problem, KilledWorker):
        return worker_died()
    return Outcome(FAILED, f"the cluster could not run the fit: {type(problem).__name__}: {problem}")
