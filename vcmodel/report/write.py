"""Pages on disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vcmodel.errors import VcmodelError
from vcmodel.files import write_whole
from vcmodel.report.flags import flags
from vcmodel.report.listing import Listing
from vcmodel.report.stamp import stamp, stamp_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from os import PathLike

    from vcmodel.report.listing import BatchRow

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
    try:
        write_whole(target, page, "xmlcharrefreplace")
    except OSError as problem:
        raise VcmodelError(f"report: {str(target)!r} cannot be written: {problem.strerror or problem}") from None
    return target


def write_batch(
    rows: Iterable[BatchRow],
    out: str | PathLike[str],
    *,
    title: str = "Batch of fits",
    pages: str = "all",
    told: Callable[[BatchRow, bool], None] = lambda row, written: None,
) -> Path:
    """Where the page of a batch was written, ``out/index.html``; those of its fits are ``out/pages/<id>.html``.

    A page that stands there is drawn again only when what it shows has changed.

    Parameters
    ----------
    rows : iterable of BatchRow
        Read once, one at a time.
    pages : str
        Fits that get a page of their own: ``"all"``, ``"flagged"`` (those that need a look) or ``"none"``. A page takes about a second.
    told : callable, optional
        Called for each row in turn, with whether a page was drawn for it.

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
    listing, linked = Listing(), set()
    for row in rows:
        drawn = False
        if row.fit is not None and (pages == "all" or (pages == "flagged" and flags(row.fit))):
            drawn = _draw(folder / FOLDER / f"{row.id}.html", row)
            linked.add(row.id)
        listing.add(row)
        told(row, drawn)
    source = stamp(title, listing.lines, listing.correlations, sorted(linked))
    index = folder / INDEX
    if stamp_of(index) == source:
        return index
    from vcmodel.report.overview import batch_page

    return write_page(index, batch_page(listing, title=title, folder=FOLDER, linked=linked, source=source))


def _draw(path: Path, row: BatchRow) -> bool:
    """Whether the page of a fit had to be drawn."""
    source = stamp(row.file, row.model, row.traits, row.fit, row.payload)
    if stamp_of(path) == source:
        return False
    # what draws takes a second to import
    from vcmodel.report.page import stored_page

    write_page(path, stored_page(row, back=f"../{INDEX}", source=source))
    return True
