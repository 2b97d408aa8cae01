"""The tasks of a batch, in the order of its tables: file by file, responses by responses, model by model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vcmodel.batch.job import Job
from vcmodel.batch.ledger import LOCK, NAME
from vcmodel.batch.model_entry import ModelEntry
from vcmodel.batch.naming import content_digest, fit_id, frame_digest, object_digest, shown, text_digest
from vcmodel.batch.tables import TABLES
from vcmodel.batch.tasks import Task
from vcmodel.errors import VcmodelError

if TYPE_CHECKING:
    import pandas as pd


def plan_job(job: Job, out: Path, known: Mapping[str, object]) -> list[Task]:
    """The tasks of a job; what an earlier run left in `out` is not taken for data.

    Raises
    ------
    VcmodelError
        No files.
    """
    sources = [(shown(path, job.base), path) for path in job.paths() if not _product(path, out)]
    if not sources:
        raise VcmodelError(f"files: no data left beside the tables of the output folder {str(out)!r}; choose another output folder")
    return list(plan(sources, job, known))


def plan(sources: Iterable[tuple[str, Path | pd.DataFrame]], job: Job, known: Mapping[str, object]) -> Iterator[Task]:
    """The tasks over these sources, each given with its name; `job.files` is not read.

    Raises
    ------
    VcmodelError
        Two sources with one name.
    """
    # what every key holds
    common = [version("vcmodel"), {name: object_digest(item) for name, item in known.items()}]
    models = [(entry, entry.trait_sets(job.traits, job.responses)) for entry in job.models]
    order = list(dict.fromkeys(traits for _, sets in models for traits in sets))
    work = [(traits, entry, entry.formulas(traits)) for traits in order for entry, sets in models if traits in sets]
    seen: set[str] = set()
    for name, source in sources:
        if name in seen:
            raise VcmodelError(f"the data {name!r} are listed twice: list each file once")
        seen.add(name)
        digest = content_digest(source) if isinstance(source, Path) else frame_digest(source)
        for traits, entry, formulas in work:
            yield _task(name, source, digest, traits, entry, formulas, job, common)


def _task(
    name: str,
    source: Path | pd.DataFrame,
    digest: str,
    traits: tuple[str, ...],
    entry: ModelEntry,
    formulas: dict[str, str | None],
    job: Job,
    common: list[Any],
) -> Task:
    compared = job.select is not None and job.select.by == "lrt"
    how = [job.read.given(), job.columns, entry.options.settings(), compared, entry.field is not None]
    key = text_digest(common, name, digest, entry.name, traits, formulas, how)
    return Task(
        id=fit_id(name, entry.name, traits),
        key=key,
        file=name,
        model=entry.name,
        traits=traits,
        formulas=formulas,
        source=source,
        digest=digest,
        read=job.read,
        columns=job.columns,
        options=entry.options,
        field=entry.field,
        compared=compared,
    )


def _product(path: Path, out: Path) -> bool:
    """Whether a file is something a batch writes into `out`."""
    folder, root = path.absolute().parent, out.absolute()
    if folder == root:
        return path.name in (NAME, LOCK) or (path.stem in TABLES and path.suffix in (".csv", ".parquet"))
    return folder.is_relative_to(root / "fits")
