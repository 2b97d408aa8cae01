"""One model, or a ladder of models, fitted to many data sets from Python."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vcmodel.api import Model
from vcmodel.batch.executors import build_executor
from vcmodel.batch.job import CRITERIA, Job, check_models, matches
from vcmodel.batch.ledger import Ledger
from vcmodel.batch.model_entry import ModelEntry, Selection
from vcmodel.batch.naming import shown
from vcmodel.batch.plan import plan
from vcmodel.batch.progress import Broadcast, observers
from vcmodel.batch.result import BatchResult, unpack
from vcmodel.batch.run import chosen, recorded, write_tables
from vcmodel.batch.tasks import Outcome, Task
from vcmodel.batch.traits import TRAITS
from vcmodel.errors import DataError, VcmodelError, choices
from vcmodel.options import FitOptions
from vcmodel.tables.options import ReadOptions

if TYPE_CHECKING:
    import pandas as pd

    from vcmodel.control import Control
    from vcmodel.design.missing import Unknown


def fit_many(
    model: Model | Mapping[str, Model],
    files_or_frames: Any,
    *,
    known: Mapping[str, object] | None = None,
    weights: str | None = None,
    missing: Unknown = "drop",
    read: ReadOptions | Mapping[str, Any] | None = None,
    columns: Mapping[str, str] | None = None,
    traits: str = "together",
    responses: Sequence[str] = (),
    select: str | None = None,
    alpha: float = 0.05,
    within: float = 0.0,
    control: Control | None = None,
    executor: str = "local",
    workers: int | None = None,
    scheduler: str | None = None,
    out: str | os.PathLike[str] | None = None,
    progress: bool | None = False,
    log_json: str | os.PathLike[str] | None = None,
) -> Iterator[BatchResult]:
    """The fits of a model to many data sets, in the order of the data; a fit that fails is a result with its message.

    Parameters
    ----------
    model : Model, or mapping from names to models
        Several models are a ladder, from simple to rich.
    files_or_frames : path, glob pattern, DataFrame, or an iterable or mapping (by name) of paths and DataFrames
        Paths are relative to the working directory.
    known : mapping, optional
        Relationships shared by all fits, as for :func:`vcmodel.fit`.
    weights : str, optional
        Column of weights.
    missing : str
        ``drop`` or ``zero``, as for :func:`vcmodel.fit`.
    read : ReadOptions or mapping, optional
        How files are to be read, as for :func:`vcmodel.fit`.
    columns : mapping, optional
        ``{new: old}`` names of columns.
    traits : str
        ``together``, ``each`` or ``pairs``: which responses are fitted together.
    responses : sequence of str
        Replace those on the left side of the models; with ``each`` the models are written for one response.
    select : str, optional
        ``aic``, ``bic`` or ``lrt`` (at level `alpha`): marks one model of the ladder as ``selected``.
    alpha : float
    within : float
        With ``aic`` and ``bic``: of the models that are no more than this above the smallest, the one with the fewest parameters.
    control : Control, optional
    executor, workers, scheduler, progress, log_json
        As for :func:`vcmodel.batch.run_job`.
    out : path, optional
        Folder for a ledger and tables; finished fits there are not repeated. Without it nothing is written.

    Returns
    -------
    iterator of BatchResult
        Fits start when the first result is asked for, and stop when the iterator is closed.

    Raises
    ------
    VcmodelError
        Arguments that do not make sense, data named twice.

    Examples
    --------
    >>> import vcmodel as vc
    >>> model = vc.Model("yield ~ gen", random="block")
    >>> for result in vc.fit_many(model, {"oats": vc.datasets.load("oats")}, executor="serial"):
    ...     print(result.name, result.status, round(result.fit["loglik"], 3))
    oats converged -260.536
    """
    options = FitOptions.of(weights=weights, missing=missing, control=control)
    job = Job(
        base=Path.cwd(),
        files=(),
        models=_models(model, options),
        read=ReadOptions.of(read),
        columns={old: new for new, old in (columns or {}).items()},
        traits=_traits(traits),
        responses=tuple(responses),
        select=None if select is None else _selection(select, alpha, within),
    )
    check_models(job)
    relationships = as_relationships(known)
    tasks = list(plan(_sources(files_or_frames), job, relationships))
    runner = build_executor(executor, tasks, relationships, workers, scheduler)
    return _results(job, tasks, runner, None if out is None else Path(out), progress, log_json)


def _results(
    job: Job, tasks: list[Task], runner: Any, out: Path | None, progress: bool | None, log_json: str | os.PathLike[str] | None
) -> Iterator[BatchResult]:
    watcher = Broadcast(observers(progress, None if log_json is None else os.fspath(log_json)))
    with ExitStack() as stack:
        stack.callback(watcher.close)
        ledger = None if out is None else stack.enter_context(Ledger(out))
        finished: dict[str, str] = {}
        if ledger is not None:
            ledger.plan(tasks, {"select": None if job.select is None else asdict(job.select), "traits": job.traits})
            finished = ledger.finished()
        watcher.start(len(tasks), len(finished))
        todo = [task for task in tasks if task.id not in finished]
        stream = recorded(runner, todo, ledger, watcher)
        stack.callback(stream.close)  # type: ignore[attr-defined]
        for result, _ in chosen(_in_order(tasks, finished, stream, ledger), job.select):
            yield result
        if ledger is not None and out is not None:
            write_tables(out, ledger)


def _in_order(
    tasks: list[Task], finished: dict[str, str], stream: Iterator[tuple[Task, Outcome]], ledger: Ledger | None
) -> Iterator[BatchResult]:
    """Results in the order of the tasks; those that end before their turn are held."""
    early: dict[str, BatchResult] = {}
    for task in tasks:
        if task.id in finished and ledger is not None:
            yield ledger.result(task.id)
            continue
        while task.id not in early:
            ended, outcome = next(stream)
            early[ended.id] = as_result(ended, outcome)
        yield early.pop(task.id)


def as_result(task: Task, outcome: Outcome) -> BatchResult:
    """The result of a task that was not read back from a ledger."""
    return BatchResult(
        id=task.id,
        file=task.file,
        model=task.model,
        source=str(task.source) if isinstance(task.source, Path) else None,
        traits=task.traits,
        formulas=task.formulas,
        status=outcome.status,
        message=outcome.message,
        detail=outcome.detail,
        fit=unpack(outcome.fit),
        kept=unpack(outcome.kept),
        packed_rows=outcome.rows,
        seconds=outcome.seconds,
        attempts=outcome.attempts,
    )


def _models(model: Model | Mapping[str, Model], options: FitOptions) -> tuple[ModelEntry, ...]:
    models = {"model": model} if isinstance(model, Model) else model
    if not isinstance(models, Mapping) or not models or not all(isinstance(item, Model) for item in models.values()):
        raise VcmodelError("fit_many: model must be a vcmodel.Model, or a mapping from names to models for a ladder")
    return tuple(ModelEntry(str(name), item.fixed, item.random, item.residual, options) for name, item in models.items())


def _traits(mode: str) -> str:
    if mode not in TRAITS:
        raise VcmodelError(f"fit_many: traits = {mode!r}: {choices(mode, TRAITS, 'choices')}")
    return mode


def _selection(by: str, alpha: float, within: float) -> Selection:
    if by not in CRITERIA:
        raise VcmodelError(f"fit_many: select = {by!r}: {choices(by, CRITERIA, 'criteria')}")
    return Selection(by, alpha, within)


def as_relationships(known: Mapping[str, object] | None) -> dict[str, object]:
    """In the form the equations use, made once and not in every fit."""
    if not known:
        return {}
    from vcmodel.design.relationship import as_relationship

    return {name: as_relationship(item, name) for name, item in known.items()}


def _sources(items: Any) -> list[tuple[str, Path | pd.DataFrame]]:
    """Names and sources, in order."""
    import pandas as pd

    if isinstance(items, Mapping):
        named = [(str(name), as_source(item, str(name))) for name, item in items.items()]
    else:
        if isinstance(items, str | os.PathLike):
            paths = matches(os.fspath(items), Path.cwd()) if glob.has_magic(os.fspath(items)) else [os.fspath(items)]
            if not paths:
                raise DataError(f"fit_many: {os.fspath(items)!r} matches no file in {str(Path.cwd())!r}")
            items = paths
        elif isinstance(items, pd.DataFrame) or hasattr(items, "to_pandas"):
            items = [items]
        elif not isinstance(items, Iterable):
            raise DataError(f"fit_many: give paths or DataFrames, not {type(items).__name__}")
        sources = [as_source(item, f"number {number}") for number, item in enumerate(items, 1)]
        named = [(shown(item, Path.cwd()) if isinstance(item, Path) else f"frame{number}", item) for number, item in enumerate(sources, 1)]
    names = [name for name, _ in named]
    repeated = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    if repeated is not None:
        raise DataError(f"fit_many: {repeated!r} is given twice; give each data set once, or pass a mapping with names of their own")
    if not named:
        raise DataError("fit_many: no data: give paths or DataFrames")
    return named


def as_source(item: Any, which: str) -> Path | pd.DataFrame:
    """A data set as a task takes it.

    Raises
    ------
    DataError
        Neither a path nor a table.
    """
    import pandas as pd

    if isinstance(item, str | os.PathLike):
        return Path(item)
    if isinstance(item, pd.DataFrame):
        return item
    if hasattr(item, "to_pandas"):
        return item.to_pandas()
    raise DataError(f"data set {which} is a {type(item).__name__}; give a path or a DataFrame")
