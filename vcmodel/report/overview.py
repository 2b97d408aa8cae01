"""The page of a batch."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from vcmodel.report import pictures
from vcmodel.report.columns import CORRELATIONS
from vcmodel.report.flags import FAILED, GOOD, LEFT_OUT, LOOK, NOT_CONVERGED
from vcmodel.report.templating import render

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from vcmodel.report.listing import Listing

# rows of the table of correlations; the tables of the batch have all
MOST_CORRELATIONS = 2000
# fits named at the head of the page
MOST_LOOK = 12


def batch_page(
    listing: Listing,
    *,
    title: str = "Batch of fits",
    folder: str = "pages",
    linked: Collection[str] | None = None,
    source: str = "",
) -> str:
    """The page of a batch: a table of the fits that sorts and filters, and their correlations.

    Parameters
    ----------
    listing : Listing
        The fits in the order to show.
    folder : str
        Relative folder of the pages of the fits, ``{folder}/{id}.html``.
    linked : collection of str, optional
        The ids that have a page; default all that have a fit.
    source : str, optional
        The mark that tells what the page was made of.
    """
    lines, tidy = [], listing.correlations
    for line in listing.lines:
        present = line["has_fit"] if linked is None else line["id"] in linked
        lines.append({**line, "page": f"{folder}/{line['id']}.html" if present else ""})
    states, models = [line["state"] for line in lines], list(dict.fromkeys(line["model"] for line in lines))
    shown = (GOOD, LOOK, NOT_CONVERGED, FAILED, *((LEFT_OUT,) if LEFT_OUT in states else ()))
    groups = _groups(tidy, len(models) > 1)
    naming = (("file", "file", ""), *((("model", "model", ""),) if len(models) > 1 else ()))
    return render(
        "batch.html.j2",
        version=version("vcmodel"),
        source=source,
        title=title,
        tiles=[("fits", len(lines)), *((item.text, states.count(item)) for item in shown)],
        rows=lines,
        states=[
            {"css": css, "text": text, "count": sum(item.css == css for item in states)}
            for css, text in (("good", "converged"), ("look", "needs a look"), ("bad", "not converged or failed"), ("left", "left out"))
            if css != LEFT_OUT.css or LEFT_OUT in states
        ],
        models=models,
        marks=sorted({flag.mark for line in lines for flag in line["marks"]}),
        look=sorted((line for line in lines if line["state"] not in (GOOD, LEFT_OUT)), key=lambda line: line["state"].order),
        most_look=MOST_LOOK,
        selection=any(line["selected"] for line in lines),
        forests=pictures.overview(groups),
        more_groups=max(0, len(groups) - pictures.forest.MOST),
        correlation_rows=tidy[:MOST_CORRELATIONS],
        n_correlations=len(tidy),
        correlation_columns=(*naming, *CORRELATIONS),
    )


def _groups(tidy: Iterable[Mapping[str, Any]], several_models: bool) -> dict[str, list[dict[str, Any]]]:
    """Correlations that occur in several fits, by term and pair; each with the name of its fit."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for item in tidy:
        if item["correlation"] is not None:
            name = f"{item['file']}, {item['model']}" if several_models else item["file"]
            groups.setdefault(f"{item['term']}, {item['row']} with {item['column']}", []).append({**item, "name": name})
    return {title: items for title, items in groups.items() if len(items) > 1}
