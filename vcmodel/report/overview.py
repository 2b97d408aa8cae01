"""The page of a batch."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Protocol

from vcmodel.report import pictures
from vcmodel.report.columns import CORRELATIONS
from vcmodel.report.flags import FAILED, GOOD, LOOK, NOT_CONVERGED, flags, state
from vcmodel.report.templating import render

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

# rows of the table of correlations; the tables of the batch have all
MOST_CORRELATIONS = 2000
# fits named at the head of the page
MOST_LOOK = 12


class BatchRow(Protocol):
    """What the pages need of each fit of a batch; :class:`vcmodel.batch.BatchResult` has it.

    Attributes
    ----------
    id : str
        Safe as a file name.
    fit : mapping or None
        :meth:`vcmodel.Fit.to_dict`; None when there is no fit, and `message` tells why.
    payload : mapping or None
        ``rows`` (``row trait fitted residual``) and ``random`` (``term level inner effect std_error reliability``), where they were kept.
    selected : bool or None
        Whether the model was selected among several.
    """

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def file(self) -> str: ...  # noqa: D102
    @property
    def model(self) -> str: ...  # noqa: D102
    @property
    def traits(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def formulas(self) -> Mapping[str, str | None]: ...  # noqa: D102
    @property
    def message(self) -> str: ...  # noqa: D102
    @property
    def fit(self) -> Mapping[str, Any] | None: ...  # noqa: D102
    @property
    def payload(self) -> Mapping[str, Any] | None: ...  # noqa: D102
    @property
    def selected(self) -> bool | None: ...  # noqa: D102


def batch_page(
    rows: Iterable[BatchRow], *, title: str = "Batch of fits", folder: str = "pages", linked: Collection[str] | None = None
) -> str:
    """The page of a batch: a table of the fits that sorts and filters, and their correlations.

    Parameters
    ----------
    rows : iterable of BatchRow
        In the order to show; read once.
    folder : str
        Relative folder of the pages of the fits, ``{folder}/{id}.html``.
    linked : collection of str, optional
        The ids that have a page, looked at after all rows were read; default all that have a fit.
    """
    lines, tidy = [], []
    for row in rows:
        lines.append(_line(row))
        tidy += [{**item, "file": row.file, "model": row.model} for item in (row.fit["correlations"] if row.fit else ())]
    for line in lines:
        present = line["has_fit"] if linked is None else line["id"] in linked
        line["page"] = f"{folder}/{line['id']}.html" if present else ""
    states, models = [line["state"] for line in lines], list(dict.fromkeys(line["model"] for line in lines))
    groups = _groups(tidy, len(models) > 1)
    naming = (("file", "file", ""), *((("model", "model", ""),) if len(models) > 1 else ()))
    return render(
        "batch.html.j2",
        version=version("vcmodel"),
        title=title,
        tiles=[("fits", len(lines)), *((item.text, states.count(item)) for item in (GOOD, LOOK, NOT_CONVERGED, FAILED))],
        rows=lines,
        states=[
            {"css": css, "text": text, "count": sum(item.css == css for item in states)}
            for css, text in (("good", "converged"), ("look", "needs a look"), ("bad", "not converged or failed"))
        ],
        models=models,
        marks=sorted({flag.mark for line in lines for flag in line["marks"]}),
        look=sorted((line for line in lines if line["state"] is not GOOD), key=lambda line: line["state"].order),
        most_look=MOST_LOOK,
        selection=any(line["selected"] for line in lines),
        forests=pictures.overview(groups),
        more_groups=max(0, len(groups) - pictures.forest.MOST),
        correlation_rows=tidy[:MOST_CORRELATIONS],
        n_correlations=len(tidy),
        correlation_columns=(*naming, *CORRELATIONS),
    )


def _line(row: BatchRow) -> dict[str, Any]:
    """One line of the table of fits."""
    record = row.fit
    numbers: list[tuple[float | None, str]] = [(None, "")] * 5
    if record is not None:
        numbers = [(record["loglik"], ".3f"), (record["aic"], ".3f")]
        numbers += [(record[name], ".0f") for name in ("n_parameters", "n_observations")]
        numbers.append((max(len(record["iterations"]) - 1, 0), ".0f"))
    return {
        "id": row.id,
        "file": row.file,
        "model": row.model,
        "traits": ", ".join(row.traits),
        "formulas": "; ".join(f"{name} {text}" for name, text in row.formulas.items() if text),
        "state": state(record),
        "marks": [] if record is None else flags(record),
        "message": row.message if record is None else "",
        "numbers": numbers,
        "selected": "" if row.selected is None else "yes" if row.selected else "no",
        "has_fit": record is not None,
    }


def _groups(tidy: Iterable[Mapping[str, Any]], several_models: bool) -> dict[str, list[dict[str, Any]]]:
    """Correlations that occur in several fits, by term and pair; each with the name of its fit."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for item in tidy:
        if item["correlation"] is not None:
            name = f"{item['file']}, {item['model']}" if several_models else item["file"]
            groups.setdefault(f"{item['term']}, {item['row']} with {item['column']}", []).append({**item, "name": name})
    return {title: items for title, items in groups.items() if len(items) > 1}
