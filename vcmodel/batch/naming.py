"""Names and digests: what identifies a fit, and under which name its files are written."""

from __future__ import annotations

import hashlib
import json
import re
import stat
import unicodedata
from collections.abc import Sequence
from os import PathLike
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from vcmodel.tables.decoding import spelled

_CHUNK = 1 << 20


def slug(text: str, limit: int = 40) -> str:
    """`text` reduced to letters, digits, ``-`` and ``_``: never empty, never a path.

    >>> slug("../../etc/pass wd"), slug("Sitio Ñandú.csv"), slug("…")
    ('etc_pass_wd', 'Sitio_Nandu_csv', 'x')
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^A-Za-z0-9-]+", "_", plain)[:limit].strip("_-") or "x"


def fit_id(file: str, model: str, traits: Sequence[str]) -> str:
    """The name under which a fit's files are written: readable, and distinct for distinct (file, model, traits)."""
    digest = hashlib.sha256(json.dumps([file, model, list(traits)]).encode()).hexdigest()[:10]
    return f"{slug(PurePosixPath(file).stem)}-{slug(model, 20)}-{slug('_'.join(traits), 30)}-{digest}"


def shown(path: str | PathLike[str], base: Path) -> str:
    """A path as the tables name it: relative to the job's folder where it lies below it, with undecodable bytes spelled out."""
    text = Path(path).as_posix()
    resolved, root = Path(path).absolute(), base.absolute()
    if resolved.is_relative_to(root):
        text = resolved.relative_to(root).as_posix()
    return spelled(text)


def content_digest(path: Path) -> str:
    """SHA-256 of a file's bytes; for a file that cannot be read, a word that says so."""
    digest = hashlib.sha256()
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            # a device or a pipe may have no end
            return "unreadable: not a regular file"
        with path.open("rb") as stream:
            while block := stream.read(_CHUNK):
                digest.update(block)
    except (OSError, ValueError) as problem:
        # a ValueError for a name with a NUL byte
        return f"unreadable: {getattr(problem, 'strerror', problem)}"
    return digest.hexdigest()


def frame_digest(table: pd.DataFrame) -> str:
    """SHA-256 of a data frame: values, column names and types."""
    digest = hashlib.sha256(json.dumps([[str(name), str(kind)] for name, kind in table.dtypes.items()]).encode())
    for place in range(table.shape[1]):
        # by place: a name may occur twice, which the fit will refuse
        column = table.iloc[:, place]
        digest.update(pd.util.hash_pandas_object(column.astype("str") if column.dtype == object else column).to_numpy().tobytes())
    return digest.hexdigest()


def object_digest(item: Any) -> str:
    """SHA-256 of a relationship, pedigree or labelled matrix, by the arrays and labels it holds."""
    digest = hashlib.sha256()
    _feed(digest, item)
    return digest.hexdigest()


def text_digest(*parts: Any) -> str:
    """SHA-256 of values that have a form in JSON."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _feed(digest: Any, item: Any) -> None:
    if isinstance(item, pd.DataFrame):
        digest.update(frame_digest(item).encode())
    elif isinstance(item, np.ndarray) and item.dtype != object:
        digest.update(f"{item.dtype}{item.shape}".encode() + np.ascontiguousarray(item).tobytes())
    elif hasattr(item, "tocsc"):
        csc = item.tocsc(copy=True)
        csc.sort_indices()
        for array in (csc.indptr, csc.indices, csc.data):
            _feed(digest, np.asarray(array))
    elif isinstance(item, dict):
        for name, value in item.items():
            digest.update(str(name).encode())
            _feed(digest, value)
    elif isinstance(item, list | tuple | np.ndarray):
        digest.update(f"[{len(item)}]".encode())
        for value in item:
            _feed(digest, value)
    elif hasattr(item, "__dict__") and not isinstance(item, type):
        _feed(digest, {"": type(item).__name__, **vars(item)})
    elif hasattr(item, "__slots__"):
        _feed(digest, {"": type(item).__name__, **{name: getattr(item, name) for name in item.__slots__}})
    else:
        digest.update(repr(item).encode())
