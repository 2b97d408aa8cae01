"""Pages on disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from vcmodel.errors import VcmodelError
from vcmodel.report.flags import flags
from vcmodel.report.page import BatchRow, batch_page, stored_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from os import PathLike

    import pandas as pd

INDEX, FOLDER = "index.html", "pages"
CHOICES = ("all", "flagged", "none")


def write_page(path: str | PathLike[str], page: str) -> Path:
    """Where the page was written: beside its place first, so that nobody finds half of it.

    Raises
    ------
    VcmodelError
        The file cannot be written.
    """
    target = Path(path)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        beside.write_bytes(page.encode("utf-8", "xmlcharrefreplace"))
        beside.replace(target)
    except OSError as problem:
        beside.unlink(missing_ok=True)
        raise VcmodelError(f"report: {str(target)!r} cannot be written: {problem.strerror or problem}") from None
    return target


def write_batch(
    rows: Iterable[BatchRow],
    out: str | PathLike[str],
    *,
    title: str = "Batch of fits",
    pages: str = "all",
    tables: Callable[[BatchRow], pd.DataFrame | None] | None = None,
) -> Path:
    """Where the page of a batch was written, ``out/index.html``; those of its fits are ``out/pages/<id>.html``.

    Parameters
    ----------
    rows : iterable of BatchRow
        Read once, one at a time.
    pages : str
        Fits that get a page of their own: ``"all"``, ``"flagged"`` (those that need a look) or ``"none"``. A page takes about a second.
    tables : callable, optional
        The data of a fit, for the field maps; None where they are not to be had.

    Raises
    ------
    VcmodelError
        An unknown choice of pages, or a file that cannot be written.
    """
    if pages not in CHOICES:
        raise VcmodelError(f"report: pages must be one of {', '.join(CHOICES)}, not {pages!r}")
    folder = Path(out)
    try:
        (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise VcmodelError(f"report: the folder {str(folder)!r} cannot be made: {problem.strerror or problem}") from None
    linked: set[str] = set()

    def written() -> Iterator[BatchRow]:
        for row in rows:
            if row.fit is not None and (pages == "all" or (pages == "flagged" and flags(row.fit))):
                data = None if tables is None else tables(row)
                write_page(folder / FOLDER / f"{row.id}.html", stored_page(row, data=data, back=f"../{INDEX}"))
                linked.add(row.id)
            yield row

    return write_page(folder / INDEX, batch_page(written(), title=title, folder=FOLDER, linked=linked))
