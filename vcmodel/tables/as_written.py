"""Files whose fields are names and stay as they are written: nothing is a number or missing, and a header may be lacking."""

from __future__ import annotations

import io
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vcmodel.tables.decoding import decoded, existing_file, file_bytes
from vcmodel.tables.dialect import divided
from vcmodel.tables.numbers import may_be_number
from vcmodel.tables.options import SEPARATORS, ReadOptions
from vcmodel.tables.reading import read_table
from vcmodel.tables.typed import as_written

if TYPE_CHECKING:
    import pandas as pd


def read_texts(data: Any, *, header: bool | None = True) -> pd.DataFrame:
    """`data` as by :func:`read_table`, but the columns of a text file as they are written: nothing is a number or missing.

    A file may be without column names: ``header=None`` looks whether the last field of its first line is a number.
    """
    if not isinstance(data, str | PathLike):
        return read_table(data)
    path = existing_file(Path(data))
    content, _ = file_bytes(path)
    if content.startswith(b"PAR1"):
        return read_table(path)
    where = repr(str(path))
    text, _ = decoded(content, where)
    if header is None:
        text = _with_header(text)
    dialect = divided(text, where, ReadOptions())
    return as_written(dialect.rows, dialect.names, dialect.separator, where)


def read_lines(path: str | PathLike[str]) -> list[list[str]]:
    """The fields of the lines of a small file without a header; blanks separate them in a file named ``.id`` only."""
    path = existing_file(Path(path))
    text, _ = decoded(file_bytes(path)[0], repr(str(path)))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    mark = next((mark for mark in SEPARATORS if mark != " " and mark in lines[0]), None)
    if mark is None:
        return [line.split() if path.suffix == ".id" else [line.strip("\"'")] for line in lines]
    return [[field.strip().strip("\"'") for field in line.split(mark)] for line in lines]


def _with_header(text: str) -> str:
    """The text with a line of column names, which is put before it when its first line ends with a number."""
    line = next((line.strip() for line in io.StringIO(text) if line.strip()), "")
    mark = next((mark for mark in SEPARATORS if len(line.split(mark)) > 2), " ")
    fields = line.split(None if mark == " " else mark)
    if len(fields) < 3 or not may_be_number(fields[-1].strip()):
        return text
    return f"{mark.join(f'V{k}' for k in range(1, len(fields) + 1))}\n{text}"
