"""A whole batch: plan, fit, record, tabulate."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import asdict, replace
from itertools import groupby
from pathlib import Path

from vcmodel.batch.executors import Executor, build_executor
from vcmodel.batch.job import Job, load_job
from vcmodel.batch.ladder import Comparison, select
from vcmodel.batch.ledger import Ledger, read_meta, read_results
from vcmodel.batch.model_entry import Selection
from vcmodel.batch.pairs import combine_pairs
from vcmodel.batch.plan import plan_job
from vcmodel.batch.progress import Broadcast, Observer, observers
from vcmodel.batch.result import CONVERGED, FAILED, LEFT_OUT, NOT_CONVERGED, OF_RESULT, BatchResult, rows
from vcmodel.batch.stopping import sigterm_as_ctrl_c
from vcmodel.batch.summary import Summary
from vcmodel.batch.tables import Row, TableWriter
from vcmodel.batch.tasks import Outcome, Task
from vcmodel.design.known import load_known
from vcmodel.errors import VcmodelError, choices
from vcmodel.files import write_whole
from vcmodel.report.write import CHOICES, write_batch

# fits up to which each gets a page without being asked for
MANY = 100


def run_job(
    job: Job | str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    executor: str = "local",
    workers: int | None = None,
    scheduler: str | None = None,
    progress: bool | None = None,
    log_json: str | os.PathLike[str] | None = None,
    retry_failed: bool = False,
    pages: str | None = None,
) -> Summary:
    """Runs a job, or the rest of it, and writes its tables.

    Parameters
    ----------
    job : Job or path of a job file
    out : path
        Output folder; a ledger there is continued: fits finished for the same files, models and version are not repeated.
    executor : str
        ``serial``: in this process; ``local``: processes of this machine; ``dask``.
    workers : int, optional
        Default one per processor, fewer where memory would not hold them.
    scheduler : str, optional
        Address of a Dask scheduler; without one, Dask starts workers on this machine.
    progress : bool, optional
        Default: a bar when standard error is a terminal.
    log_json : path, optional
        One JSON object per line for each event; ``-`` for standard error.
    retry_failed : bool
        Whether fits recorded as failed are tried again.
    pages : str, optional
        Fits that get a page beside ``index.html``: ``all``, ``flagged`` (those that need a look), ``none``, or ``auto``: all of up to 100
        fits, else the flagged ones. By default no pages are written. Those that show what they would show again are left as they are.

    Returns
    -------
    Summary
        Also after Ctrl-C or SIGTERM.

    Raises
    ------
    VcmodelError
        A job that does not make sense, an unusable output folder, a ledger held by another run. Nothing that goes wrong in a fit.
    """
    begun = time.perf_counter()
    if pages is not None and pages not in ("auto", *CHOICES):
        raise VcmodelError(f"pages = {pages!r}: {choices(pages, ('auto', *CHOICES), 'choices')}")
    title = "Batch of fits" if isinstance(job, Job) else f"Batch {Path(job).stem}"
    job = job if isinstance(job, Job) else load_job(os.fspath(job))
    folder = Path(out)
    known = load_known(job.known, job.read.codes(""), "[known.{}]")
    watcher = Broadcast(observers(progress, None if log_json is None else os.fspath(log_json)))
    with ExitStack() as stack:
        stack.callback(watcher.close)
        stack.enter_context(sigterm_as_ctrl_c())
        ledger = stack.enter_context(Ledger(folder))
        tasks = plan_job(job, folder, known)
        ledger.plan(tasks, {"select": None if job.select is None else asdict(job.select), "traits": job.traits})
        finished = ledger.finished()
        states = {name: status for name, status in finished.items() if not (retry_failed and status == FAILED)}
        reused = len(states)
        todo = [task for task in tasks if task.id not in states]
        runner = build_executor(executor, todo, known, workers, scheduler)
        watcher.start(len(tasks), reused)
        interrupted, index = False, None
        try:
            for task, outcome in recorded(runner, todo, ledger, watcher):
                states[task.id] = outcome.status
        except KeyboardInterrupt:
            interrupted = True
        tables = write_tables(folder, ledger)
        seconds = time.perf_counter() - begun
        if pages is not None and not interrupted:
            try:
                index = _write_pages(folder, ledger, pages, title, watcher)
            except KeyboardInterrupt:
                interrupted = True
        counts = {status: sum(value == status for value in states.values()) for status in (CONVERGED, NOT_CONVERGED, FAILED, LEFT_OUT)}
        summary = Summary(
            out=folder,
            total=len(tasks),
            **counts,
            reused=reused,
            interrupted=interrupted,
            seconds=seconds,
            tables=tuple(tables),
            index=index,
        )
        watcher.end(summary)
    return summary


def _write_pages(folder: Path, ledger: Ledger, pages: str, title: str, watcher: Observer) -> Path:
    """The page of the batch, after those of its fits."""
    total = len(ledger.finished())
    watcher.pages(total)
    return write_batch(
        (result for result, _ in chosen(ledger.results(), _selection(ledger.meta()))),
        folder,
        title=title,
        pages=pages if pages != "auto" else "all" if total <= MANY else "flagged",
        told=lambda row, drawn: watcher.page(row.id, drawn),
    )


def recorded(runner: Executor, tasks: list[Task], ledger: Ledger | None, watcher: Observer) -> Iterator[tuple[Task, Outcome]]:
    """Every task with its outcome, as they end, each recorded before it is handed on."""
    with closing(runner.run(tasks)) as stream:  # type: ignore[type-var]
        for task, outcome in stream:
            if ledger is not None:
                ledger.record(task, outcome)
            watcher.fit(task, outcome)
            yield task, outcome


def load_results(out: str | os.PathLike[str]) -> Iterator[BatchResult]:
    """The finished fits in `out`, in input order, with what was selected; may be called while the batch runs.

    Raises
    ------
    VcmodelError
        A folder without a ledger.
    """
    folder = Path(out)
    meta = read_meta(folder)
    for result, _ in chosen(read_results(folder), _selection(meta)):
        yield result


def chosen(results: Iterable[BatchResult], selection: Selection | None) -> Iterator[tuple[BatchResult, Comparison | None]]:
    """Results that come ladder by ladder, with the outcome of the selection."""
    if selection is None:
        yield from ((result, None) for result in results)
        return
    for _, group in groupby(results, key=lambda result: (result.file, result.traits)):
        ladder = list(group)
        best, comparisons = select(ladder, selection)
        for result, comparison in zip(ladder, comparisons, strict=True):
            yield replace(result, selected=result.id == best), comparison


def write_tables(folder: Path, ledger: Ledger) -> list[Path]:
    """Writes every table and the JSON of each fit from the ledger; returns the tables.

    Raises
    ------
    VcmodelError
        The disk is full or gone.
    """
    meta = ledger.meta()
    selection, pairs = _selection(meta), meta.get("traits") == "pairs"
    names = [name for name in OF_RESULT if name != "timings"]
    names += ["selection"] * (selection is not None) + ["pairs"] * pairs + ["timings"]
    writers: dict[str, TableWriter] = {}
    try:
        (folder / "fits").mkdir(exist_ok=True)
        writers.update((name, TableWriter(folder, name)) for name in names)
        for _, group in groupby(chosen(ledger.results(), selection), key=lambda item: item[0].file):
            members = list(group)
            for result, comparison in members:
                for name, found in rows(result).items():
                    writers[name].write(found)
                if comparison is not None:
                    writers["selection"].write([_selection_row(comparison, selection, result)])
                if result.fit is not None:
                    _write_json(folder / "fits" / f"{result.id}.json", result)
            if pairs:
                for combination in combine_pairs(result for result, _ in members):
                    writers["pairs"].write(combination.rows())
        # all are complete before the first takes its place
        for writer in writers.values():
            writer.finish()
        return [path for writer in writers.values() for path in writer.place()]
    except BaseException as problem:
        for writer in writers.values():
            writer.abandon()
        if isinstance(problem, OSError):
            raise VcmodelError(
                f"the tables in {str(folder)!r} cannot be written: {problem.strerror or problem}; make room there and run again: "
                "the fits are recorded and will not be repeated"
            ) from None
        raise


def _selection(meta: dict[str, object]) -> Selection | None:
    found = meta.get("select")
    return Selection(**found) if isinstance(found, dict) else None


def _selection_row(comparison: Comparison, selection: Selection | None, result: BatchResult) -> Row:
    assert selection is not None
    head = (result.file, result.model, "+".join(result.traits), selection.by)
    test = (comparison.value, comparison.against, comparison.statistic, comparison.df, comparison.p_value)
    return (*head, *test, result.selected, comparison.reason)


def _write_json(path: Path, result: BatchResult) -> None:
    write_whole(path, json.dumps(result.fit, ensure_ascii=False, allow_nan=False) + "\n", "backslashreplace")
