"""One fit as a unit of work: everything it needs in a value that can be sent to another process, and the function that does it."""

from __future__ import annotations

import hashlib
import tempfile
import time
import traceback
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vcmodel.api import Model, fit_model
from vcmodel.batch.naming import content_digest
from vcmodel.batch.result import CONVERGED, FAILED, LEFT_OUT, NOT_CONVERGED, pack
from vcmodel.errors import DataError, VcmodelError, VcmodelWarning, choices
from vcmodel.linalg.threads import limited_threads
from vcmodel.options import FitOptions
from vcmodel.results.effects import effects_record
from vcmodel.results.export import plain
from vcmodel.results.field_trend import trend_notes
from vcmodel.tables.decoding import spelled
from vcmodel.tables.options import ReadOptions

if TYPE_CHECKING:
    from vcmodel.batch.field_ladder import FieldModel
    from vcmodel.fit import Fit
    from vcmodel.tables.reading import Reading

# a fit whose worker died is tried again once: the death may have been another's doing
ATTEMPTS = 2


@dataclass(frozen=True, eq=False)
class Task:
    """One fit.

    Attributes
    ----------
    id : str
        Safe as a file name, the same in every run of the job.
    key : str
        Digest of everything the result depends on; a finished fit with this key is not repeated.
    file, model : str
        As the tables name them.
    traits : tuple of str
    formulas : dict
        ``fixed``, ``random``, ``residual``.
    source : Path or DataFrame
    digest : str
        Of the source's content.
    read : ReadOptions
    columns : dict
        New names of columns by old ones.
    options : FitOptions
        Without the relationships, which each worker gets once.
    field : FieldModel or None
        What the model asks of the rows and columns of a field, for one of its ladder.
    compared : bool
        Whether what a likelihood-ratio test needs is kept.
    content : bytes or None
        The file's bytes, for a worker that may not see the file.
    """

    id: str
    key: str
    file: str
    model: str
    traits: tuple[str, ...]
    formulas: dict[str, str | None]
    source: Path | pd.DataFrame
    digest: str
    read: ReadOptions = field(default_factory=ReadOptions)
    columns: dict[str, str] = field(default_factory=dict)
    options: FitOptions = field(default_factory=FitOptions)
    field: FieldModel | None = None
    compared: bool = False
    content: bytes | None = None

    @property
    def path(self) -> str | None:
        """The file, None for a data frame."""
        return spelled(str(self.source)) if isinstance(self.source, Path) else None

    def with_content(self) -> Task:
        """The task with the bytes of its file; unchanged when the file cannot be read, which the worker will find out too."""
        if not isinstance(self.source, Path) or self.digest.startswith("unreadable"):
            return self
        try:
            return replace(self, content=self.source.read_bytes())
        except OSError:
            return self


@dataclass(frozen=True)
class Outcome:
    """How a task ended.

    Attributes
    ----------
    status, message, detail : str
        As of :class:`~vcmodel.batch.result.BatchResult`.
    fit, kept, rows : bytes or None
        Packed where the fit was made, so that the process which records many workers' fits has little to do.
    seconds : float
    attempts : int
    """

    status: str
    message: str
    detail: str = ""
    fit: bytes | None = None
    kept: bytes | None = None
    rows: bytes | None = None
    seconds: float = 0.0
    attempts: int = 1


def worker_died() -> Outcome:
    """What is recorded for a fit that took its worker with it each time."""
    message = (
        f"the worker process died in each of {ATTEMPTS} attempts (out of memory, killed, or a crash): try fewer workers or a smaller model"
    )
    return Outcome(FAILED, message, attempts=ATTEMPTS)


def execute(task: Task, known: Mapping[str, object] | None = None) -> Outcome:
    """The outcome of a task: a fit, or the message of what went wrong. Nothing but a request to stop leaves it as an exception.

    BLAS runs on one thread whatever the executor: with several, small fits are slower, and sums differ in their last digits.
    """
    begun = time.perf_counter()
    try:
        # what Python code warns of is part of the result, not of a terminal that nobody reads
        with limited_threads(1), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warnings.simplefilter("ignore", VcmodelWarning)  # the notes say the same
            reading = _renamed(_reading(task), task.columns)
            gap = "" if task.field is None else task.field.left_out(reading.table, task.traits)
            if gap:
                return Outcome(LEFT_OUT, f"left out: {gap}", seconds=time.perf_counter() - begun)
            fit = _fit(reading, task, known)
            record, kept, rows = _record(fit), _kept(fit, task), _rows(fit, task)
            if task.field is not None:
                record["notes"] += trend_notes(fit.estimate, task.field.row, task.field.column)
        record["notes"] += list(dict.fromkeys(f"warning: {item.message}" for item in caught))
        status = CONVERGED if fit.converged else NOT_CONVERGED
        return Outcome(status, fit.status.value, "", pack(record), pack(kept), pack(rows), time.perf_counter() - begun)
    except VcmodelError as problem:
        return Outcome(FAILED, _named(str(problem), task), seconds=time.perf_counter() - begun)
    except MemoryError as problem:
        message = f"out of memory{f': {problem}' if str(problem) else ''}; use a machine with more, fewer workers, or a smaller model"
        return Outcome(FAILED, message, seconds=time.perf_counter() - begun)
    except Exception as problem:
        # one fit must not end the others; the traceback is kept for a report of the error
        message = f"unexpected {type(problem).__name__}: {problem}; please report it with the data"
        return Outcome(FAILED, _named(message, task), traceback.format_exc(), seconds=time.perf_counter() - begun)


def _fit(reading: Reading, task: Task, known: Mapping[str, object] | None) -> Fit:
    model = Model(task.formulas["fixed"] or "", task.formulas["random"], task.formulas["residual"])
    return fit_model(model, reading, replace(task.options, known=dict(known or {})))


def _reading(task: Task) -> Reading:
    from vcmodel.tables.reading import read

    if not isinstance(task.source, Path):
        return read(task.source, task.read)
    if task.content is None:
        reading = read(task.source, task.read)
        if content_digest(task.source) != task.digest:
            raise DataError(f"{task.file} was changed while the batch ran: run it again")
        return reading
    if hashlib.sha256(task.content).hexdigest() != task.digest:
        raise DataError(f"{task.file} was changed while the batch ran: run it again")
    with tempfile.TemporaryDirectory() as folder:
        # the reader's notes name the file
        copy = Path(folder) / task.source.name
        copy.write_bytes(task.content)
        try:
            return read(copy, task.read)
        except VcmodelError as problem:
            raise type(problem)(_without(str(problem), copy, task.file)) from None


def _named(message: str, task: Task) -> str:
    """The message with the file as the tables name it, wherever the run finds it."""
    return _without(message, task.source, task.file) if isinstance(task.source, Path) else message


def _without(message: str, path: Path, name: str) -> str:
    """The message with `name` in place of a path, also where the path is quoted."""
    for text in (str(path), repr(str(path))[1:-1]):
        message = message.replace(text, name)
    return message


def _renamed(reading: Reading, columns: Mapping[str, str]) -> Reading:
    present = list(reading.table.columns)
    for old, new in columns.items():
        if old not in present:
            raise DataError(f"columns: there is no column {old!r} to rename to {new!r}; {choices(old, present, 'columns')}")
        if new in present and new not in columns:
            raise DataError(f"columns: {old!r} cannot be renamed to {new!r}, the file has a column of that name: rename that one too")
    return reading.renamed(columns)


def _record(fit: Fit) -> dict[str, Any]:
    record = fit.to_dict()
    for row in record["iterations"]:
        # the only numbers of a fit that differ from run to run
        row.pop("seconds", None)
    return record


def _kept(fit: Fit, task: Task) -> dict[str, Any]:
    row, trait = np.nonzero(~np.isnan(_wide(fit.fitted, task.traits)))
    return {
        "random": [effects_record(term, fit.random_effects(term)) for term in fit.estimate.random_labels],
        # two fits to the same cells can be compared by their REML likelihoods
        "cells": hashlib.sha256(np.stack([row, trait]).astype("<i8").tobytes()).hexdigest(),
        "pair": _pair(fit, task.traits) if len(task.traits) == 2 else [],
        "comparable": fit.comparable.to_dict() if task.compared else None,
    }


def _rows(fit: Fit, task: Task) -> dict[str, Any]:
    """Fitted value and residual of every observed cell, column by column."""
    fitted, residual = (_wide(values, task.traits) for values in (fit.fitted, fit.residuals))
    row, trait = np.nonzero(~np.isnan(fitted))
    values = {"fitted": fitted[row, trait].tolist(), "residual": residual[row, trait].tolist()}
    return {"row": row.tolist(), "trait": [task.traits[j] for j in trait], **values}


def _wide(values: pd.Series | pd.DataFrame, traits: tuple[str, ...]) -> np.ndarray:
    return values.to_numpy(dtype=float).reshape(len(values), len(traits))


def _pair(fit: Fit, traits: tuple[str, ...]) -> list[dict[str, Any]]:
    """The variances of the two traits and their covariance, with standard errors, of every term that has a matrix over them."""
    found = []
    for term, entries in fit.covariances().groupby("term", sort=False):
        if set(entries["row"]) == set(traits):
            found.append({"term": term, **{name: plain(entries[name].to_numpy()) for name in ("row", "column", "covariance", "std_error")}})
    return found
