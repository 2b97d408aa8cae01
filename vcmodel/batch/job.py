"""A job file read into a frozen Job; everything in it is checked before the first fit.

The smallest job is ::

    files = "trials/*.csv"
    [model]
    fixed = "yield ~ site"
    random = "variety"
"""

from __future__ import annotations

import glob
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vcmodel.batch.field_ladder import WITHIN, field_models
from vcmodel.batch.model_entry import ModelEntry, Selection
from vcmodel.batch.traits import TRAITS
from vcmodel.control import Control
from vcmodel.design.known import KINDS, KnownFile
from vcmodel.errors import VcmodelError, choices
from vcmodel.options import FitOptions
from vcmodel.tables.options import ReadOptions

CRITERIA = ("aic", "bic", "lrt")

_JOB = {
    "files": (str, list),
    "model": dict,
    "ladder": list,
    "field": dict,
    "read": dict,
    "columns": dict,
    "traits": str,
    "responses": list,
    "known": dict,
    "select": dict,
    **FitOptions.job_types("job"),
}
_MODEL = {"name": str, "fixed": str, "random": str, "residual": str, **FitOptions.job_types("model")}
_KNOWN = {**dict.fromkeys(KINDS, str), "id": str, "sire": str, "dam": str, "ploidy": int, "labels": (str, list), "inverse": bool}
_FIELD = {"row": str, "column": str, "models": list}
_SELECT = {"by": str, "alpha": (float, int), "within": (float, int)}
_CONTROL = {"max_iterations": int, "tolerance": (float, int), "start_scale": (float, int), "reductions": str}
_WORDS = {bool: "true or false", str: "text", list: "a list", dict: "a table", int: "a whole number", float: "a number"}


class JobError(VcmodelError):
    """A job file that cannot be read or does not make sense."""


@dataclass(frozen=True)
class Job:
    """What to fit to which files.

    Attributes
    ----------
    base : Path
        The folder that relative paths start from: the job file's.
    files : tuple of str
        Paths or glob patterns.
    models : tuple of ModelEntry
        From simple to rich.
    read : ReadOptions
    columns : dict
        New names by the name in the files.
    traits : str
        ``together``, ``each`` or ``pairs``.
    responses : tuple of str
        Replace the left side of the formulas; empty: the responses written there.
    known : tuple of KnownFile
    select : Selection or None
    """

    base: Path
    files: tuple[str, ...]
    models: tuple[ModelEntry, ...]
    read: ReadOptions = field(default_factory=ReadOptions)
    columns: dict[str, str] = field(default_factory=dict)
    traits: str = "together"
    responses: tuple[str, ...] = ()
    known: tuple[KnownFile, ...] = ()
    select: Selection | None = None

    def paths(self) -> list[Path]:
        """The files, in the order of the patterns and sorted within each; a name without wildcards is listed though it may not exist.

        Raises
        ------
        JobError
            A pattern that matches nothing.
        """
        found: dict[Path, None] = {}
        for pattern in self.files:
            if not glob.has_magic(pattern):
                found[self.base / pattern] = None
                continue
            names = matches(pattern, self.base)
            if not names:
                raise JobError(f"files: {pattern!r} matches no file in {str(self.base)!r}; paths are relative to the job file")
            found.update(dict.fromkeys(self.base / name for name in names))
        return list(found)


def matches(pattern: str, base: Path) -> list[str]:
    """What a glob pattern matches in `base`, sorted.

    A pipe, a device or a link that leads nowhere is listed too: each gets a row of the batch that says why it has no fit. Folders are left
    out, unless they are named like the files that are asked for, ``x.csv`` for ``*.csv``.
    """
    ending = Path(pattern).suffix
    names = sorted(glob.glob(pattern, root_dir=base, recursive=True))
    return [name for name in names if (ending and Path(name).suffix == ending) or not (base / name).is_dir()]


def load_job(path: str | Path) -> Job:
    """The job that a TOML file describes.

    Raises
    ------
    JobError
        A file that cannot be read, an unknown key (the nearest one is named), a value of the wrong type, a model that cannot be read.

    Examples
    --------
    >>> load_job("nowhere.toml")
    Traceback (most recent call last):
    vcmodel.batch.job.JobError: there is no job file 'nowhere.toml'
    """
    path = Path(path)
    if not path.is_file():
        raise JobError(f"there is no job file {str(path)!r}")
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as problem:
        raise JobError(f"{path.name}: not UTF-8 text ({problem.reason} at byte {problem.start}); save the job file as UTF-8") from None
    except (tomllib.TOMLDecodeError, OSError, RecursionError) as problem:
        raise JobError(f"{path.name}: not a TOML file: {problem}") from None
    try:
        return parse_job(raw, path.parent.absolute())
    except VcmodelError as problem:
        raise JobError(f"{path.name}: {problem}") from None


def parse_job(raw: Mapping[str, Any], base: Path) -> Job:
    """The job of a mapping as TOML gives it, with paths relative to `base`.

    Raises
    ------
    JobError
        As for :func:`load_job`.
    """
    _check(raw, _JOB, "the job")
    if "files" not in raw:
        raise JobError('files is missing: name the data, e.g. files = "trials/*.csv"')
    files = (raw["files"],) if isinstance(raw["files"], str) else _texts(raw["files"], "files")
    if not files or not all(files):
        raise JobError('files is empty: name the data, e.g. files = "trials/*.csv"')
    traits = raw.get("traits", "together")
    if traits not in TRAITS:
        raise JobError(f"traits = {traits!r}: {choices(traits, TRAITS, 'choices')}")
    models = _field_models(raw) if "field" in raw else _models(raw)
    job = Job(
        base=base,
        files=files,
        models=models,
        read=_read(raw.get("read", {})),
        columns=_columns(raw.get("columns", {})),
        traits=traits,
        responses=_texts(raw.get("responses", []), "responses"),
        known=tuple(_known(name, entry, base) for name, entry in raw.get("known", {}).items()),
        select=_select(raw.get("select"), len(models)) or (Selection("aic", within=WITHIN) if "field" in raw else None),
    )
    check_models(job)
    return job


def check_models(job: Job) -> None:
    """Reads every formula of the job once, so that a mistake in it is not found out file by file.

    Raises
    ------
    VcmodelError
        The mistake, with the name of the model.
    """
    for entry in job.models:
        try:
            for traits in entry.trait_sets(job.traits, job.responses):
                entry.model(traits)
        except VcmodelError as problem:
            raise JobError(f"model {entry.name!r}: {problem}") from None


def _check(raw: Any, keys: Mapping[str, Any], where: str) -> None:
    if not isinstance(raw, dict):
        raise JobError(f"{where} must be a table, not {_word(raw)}")
    for key, value in raw.items():
        if key not in keys:
            raise JobError(f"unknown key {key!r} in {where}: {choices(key, keys, 'keys')}")
        kinds = keys[key] if isinstance(keys[key], tuple) else (keys[key],)
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise JobError(f"{key} in {where} must be {' or '.join(_WORDS[kind] for kind in kinds)}, not {_word(value)}")


def _word(value: Any) -> str:
    return "true or false" if isinstance(value, bool) else _WORDS.get(type(value), type(value).__name__)


def _texts(values: Any, where: str) -> tuple[str, ...]:
    if not all(isinstance(value, str) and value for value in values):
        raise JobError(f"{where} must be a list of texts")
    if len(set(values)) < len(values):
        twice = next(value for value in values if list(values).count(value) > 1)
        raise JobError(f"{where}: {twice!r} is listed twice; leave one out")
    return tuple(values)


def _read(raw: dict[str, Any]) -> ReadOptions:
    try:
        return ReadOptions.of(raw)
    except VcmodelError as problem:
        raise JobError(f"[read]: {problem}") from None


def _columns(raw: dict[str, Any]) -> dict[str, str]:
    """``{new = "old"}`` turned round: new names by old ones."""
    for new, old in raw.items():
        if not isinstance(old, str):
            raise JobError(f'columns: {new} must name a column of the files as text, e.g. {new} = "Plot yield"')
    renamed = {old: new for new, old in raw.items()}
    if len(renamed) < len(raw):
        twice = next(old for old in raw.values() if list(raw.values()).count(old) > 1)
        raise JobError(f"columns: {twice!r} is given two new names; keep one")
    return renamed


def _models(raw: Mapping[str, Any]) -> tuple[ModelEntry, ...]:
    base = raw.get("model", {})
    _check(base, _MODEL, "[model]")
    shared = _shared(raw)
    steps = raw.get("ladder", [])
    if not base and not steps:
        raise JobError("no model: add a table [model] with fixed, random and residual")
    entries = []
    for number, step in enumerate(steps or [{}], 1):
        where = f"[[ladder]] number {number}" if steps else "[model]"
        _check(step, _MODEL, where)
        merged = {**base, **step}
        if "fixed" not in merged:
            raise JobError(f'fixed is missing in {where}: give a formula, e.g. fixed = "yield ~ site"')
        name = step.get("name", f"model{number}") if steps else merged.get("name", "model")
        entries.append(_entry(merged, name, shared, where))
    names = [entry.name for entry in entries]
    _texts(names, "the names of the ladder's models")
    return tuple(entries)


def _shared(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The options of the whole job."""
    shared = {name: raw[name] for name in FitOptions.job_types("job") if name in raw}
    return {**shared, "control": _control(shared["control"])} if "control" in shared else shared


def _field_models(raw: Mapping[str, Any]) -> tuple[ModelEntry, ...]:
    """The ladder of a field over ``[model]``."""
    if "ladder" in raw:
        raise JobError("[field] is a ladder of its own: leave out [[ladder]], or write all models there")
    base, own = raw.get("model", {}), raw["field"]
    _check(base, _MODEL, "[model]")
    _check(own, _FIELD, "[field]")
    for key in ("row", "column"):
        if not own.get(key):
            raise JobError(f'{key} is missing in [field]: name the column of the data, e.g. {key} = "{key}"')
    if "residual" in base:
        raise JobError("[field] gives each model its residual: leave it out of [model], or write the models as [[ladder]]")
    if "fixed" not in base:
        raise JobError('fixed is missing in [model]: give a formula, e.g. fixed = "yield ~ 1"')
    try:
        models = field_models(own["row"], own["column"], _texts(own.get("models", []), "models in [field]"))
    except VcmodelError as problem:
        raise JobError(f"[field]: {problem}") from None
    entry = _entry(base, "", _shared(raw), "[model]")
    return tuple(replace(entry, name=model.name, field=model) for model in models)


def _entry(raw: Mapping[str, Any], name: str, shared: Mapping[str, Any], where: str) -> ModelEntry:
    """A model from its table, with the options of the whole job."""
    own = {name: raw[name] for name in FitOptions.job_types("model") if name in raw}
    try:
        options = FitOptions.of(**shared, **own)
    except VcmodelError as problem:
        raise JobError(f"{where}: {problem}") from None
    return ModelEntry(name, raw["fixed"], raw.get("random"), raw.get("residual"), options)


def _known(name: str, raw: Any, base: Path) -> KnownFile:
    where = f"[known.{name}]"
    _check(raw, _KNOWN, where)
    kinds = [kind for kind in KINDS if kind in raw]
    if len(kinds) != 1:
        raise JobError(f"{where} must name one file, as {', '.join(KINDS[:-1])} or {KINDS[-1]}; it names {len(kinds)}")
    kind = kinds[0]
    allowed = {"pedigree": ("id", "sire", "dam"), "markers": ("ploidy",), "triplets": ("labels", "inverse")}.get(kind, ())
    options = {key: value for key, value in raw.items() if key != kind}
    for key in options:
        if key not in allowed:
            raise JobError(f"{key} in {where} has no meaning for {kind}" + (f": {choices(key, allowed, 'keys')}" if allowed else ""))
    path = base / raw[kind]
    if not path.is_file():
        raise JobError(f"{where}: there is no file {raw[kind]!r} in {str(base)!r}; paths are relative to the job file")
    labels = options.get("labels")
    if isinstance(labels, list):
        options["labels"] = _texts([str(item) for item in labels], f"labels in {where}")
    elif labels is not None:
        options["labels"] = base / labels
    return KnownFile(name, kind, path, **options)


def _select(raw: Any, steps: int) -> Selection | None:
    if raw is None:
        return None
    _check(raw, _SELECT, "[select]")
    by = raw.get("by")
    if by not in CRITERIA:
        raise JobError(f"by = {by!r} in [select]: {choices(str(by), CRITERIA, 'criteria')}")
    if steps < 2:
        raise JobError("[select] needs a ladder of at least two models: add [[ladder]] tables, or [field]")
    if "alpha" in raw and by != "lrt":
        raise JobError('alpha in [select] has a meaning for by = "lrt" only')
    alpha = float(raw.get("alpha", 0.05))
    if not 0.0 < alpha < 1.0:
        raise JobError(f"alpha = {alpha:g} in [select] must lie between 0 and 1")
    if "within" in raw and by == "lrt":
        raise JobError('within in [select] has a meaning for by = "aic" and by = "bic" only')
    within = float(raw.get("within", 0.0))
    if not within >= 0.0:
        raise JobError(f"within = {within:g} in [select] must not be negative")
    return Selection(by, alpha, within)


def _control(raw: dict[str, Any]) -> Control:
    _check(raw, _CONTROL, "[control]")
    return Control(**raw)
