"""The fits of a batch as the lines of its page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from vcmodel.report.flags import flags, state

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


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
    left_out : bool
        Whether the model was not fitted as the file does not have what it needs.
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
    def left_out(self) -> bool: ...  # noqa: D102
    @property
    def selected(self) -> bool | None: ...  # noqa: D102


@dataclass
class Listing:
    """What the page of a batch shows of its fits, row by row.

    Attributes
    ----------
    lines : list of dict
        A line per fit.
    correlations : list of dict
        Every correlation of every fit, with ``file`` and ``model``.
    """

    lines: list[dict[str, Any]] = field(default_factory=list)
    correlations: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, rows: Iterable[BatchRow]) -> Listing:
        """The listing of these fits."""
        made = cls()
        for row in rows:
            made.add(row)
        return made

    def add(self, row: BatchRow) -> None:
        """One fit more."""
        self.lines.append(_line(row))
        self.correlations += [{**item, "file": row.file, "model": row.model} for item in (row.fit["correlations"] if row.fit else ())]


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
        "state": state(record, row.left_out),
        "marks": [] if record is None else flags(record),
        "message": row.message if record is None else "",
        "numbers": numbers,
        "selected": "" if row.selected is None else "yes" if row.selected else "no",
        "has_fit": record is not None,
    }
