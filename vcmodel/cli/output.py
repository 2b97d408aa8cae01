"""The files of one fit: tables as CSV, everything as JSON, the report as a page."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from vcmodel.errors import VcmodelError
from vcmodel.files import write_whole
from vcmodel.results.csv_text import guarded
from vcmodel.results.effects import COLUMNS, effects_record
from vcmodel.results.matrices import correlations_table
from vcmodel.results.omissions import small_components

if TYPE_CHECKING:
    from vcmodel.fit import Fit


def prepared_folder(path: Path) -> Path:
    """The folder, made if need be: called before the fit, so that a long fit does not end with a path that cannot be written.

    Raises
    ------
    VcmodelError
        A path that is no folder and cannot become one.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise VcmodelError(f"--out {str(path)!r} cannot be a folder for the results: {reason}") from None
    return path


def write_fit(fit: Fit, folder: Path) -> list[Path]:
    """The files written into `folder`: ``fit.json``, four tables and ``report.html``.

    Names of files never come from the data. A file is written beside its place and moved there, so that none is ever half.
    """
    written = [write_whole(folder / "fit.json", fit.to_json(indent=1) + "\n")]
    for name, table in tables(fit).items():
        written.append(write_whole(folder / f"{name}.csv", as_csv(table)))
    page = folder / "report.html"
    fit.report(page)
    return [*written, page]


def tables(fit: Fit) -> dict[str, pd.DataFrame]:
    """``varcomp``, ``correlations`` (of matrices that records show), ``fixed`` and ``random`` with labels as columns."""
    return {
        "varcomp": fit.varcomp.rename_axis("row").reset_index(),
        "correlations": correlations_table(fit.estimate, small_components(fit.estimate)),
        "fixed": fit.fixed_effects.rename_axis("name").reset_index(),
        "random": _random(fit),
    }


def _random(fit: Fit) -> pd.DataFrame:
    """``term level inner effect std_error pev reliability``; `inner` is the level of the term's matrix, a trait for instance."""
    columns = ["term", "level", "inner", *COLUMNS]
    records = [effects_record(term, fit.random_effects(term)) for term in fit.estimate.random_labels]
    parts = [pd.DataFrame({name: "" if record[name] is None else record[name] for name in columns}) for record in records]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def as_csv(table: pd.DataFrame) -> str:
    """A table as CSV, text guarded against spreadsheets."""
    safe = table.copy()
    for name in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[name].dtype):
            safe[name] = [guarded(str(value)) for value in safe[name]]
    safe.columns = [guarded(str(name)) for name in safe.columns]
    return safe.to_csv(index=False, lineterminator="\n")
