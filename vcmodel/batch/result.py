"""What a batch hands out for each fit."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vcmodel.batch.tables import OF_FIT, TABLES, Row

if TYPE_CHECKING:
    import pandas as pd

# the statuses of a fit in a batch; a model that a ladder leaves out for want of rows and columns is no failure
CONVERGED, NOT_CONVERGED, FAILED, LEFT_OUT = "converged", "not_converged", "failed", "left_out"
# tables that have rows of every fit
OF_RESULT = ("fits", "varcomp", "correlations", "fixed", "random", "timings")


def pack(item: dict[str, Any]) -> bytes:
    """A record in the types of JSON as bytes for the ledger and the way to it; the same record gives the same bytes."""
    # level 1: three times smaller than the text at a hundredth of a fit's time
    return zlib.compress(json.dumps(item, allow_nan=False).encode("ascii"), 1)


def unpack(blob: bytes | None) -> dict[str, Any] | None:
    """What was packed; None for nothing."""
    return None if blob is None else json.loads(zlib.decompress(blob))


@dataclass(frozen=True, eq=False)
class BatchResult:
    """One fit of a batch, or the reason why there is none.

    Attributes
    ----------
    id : str
        Safe as a file name: letters, digits, ``-`` and ``_``.
    file, model : str
        As the tables name them.
    source : str or None
        Path of the data; None for a data frame.
    traits : tuple of str
        Responses of this fit.
    formulas : dict
        ``fixed``, ``random``, ``residual``.
    status : str
        ``converged``, ``not_converged``, ``failed``, or ``left_out`` of the ladder for a field.
    message : str
        How the fit ended, or why it failed.
    detail : str
        The traceback of a failure that vcmodel did not foresee, else empty.
    fit : dict or None
        ``Fit.to_dict()`` without the seconds of its iterations; None when failed.
    kept : dict or None
        What the tables need beside `fit`: ``random``, ``cells``, ``pair``, ``comparable``.
    packed_rows : bytes or None
        What :attr:`rows` unpacks when asked.
    selected : bool or None
        Whether the model was selected among those of its ladder; None without selection.
    seconds : float
        Wall time of the fit.
    attempts : int
        2 when the worker of the first attempt died.
    """

    id: str
    file: str
    model: str
    source: str | None
    traits: tuple[str, ...]
    formulas: dict[str, str | None]
    status: str
    message: str
    detail: str = ""
    fit: dict[str, Any] | None = None
    kept: dict[str, Any] | None = field(default=None, repr=False)
    packed_rows: bytes | None = field(default=None, repr=False)
    selected: bool | None = None
    seconds: float = 0.0
    attempts: int = 1

    @property
    def name(self) -> str:
        """The file's name, as the tables show it."""
        return self.file

    @property
    def converged(self) -> bool:
        """Whether the fit is a certified maximum."""
        return self.status == CONVERGED

    @property
    def left_out(self) -> bool:
        """Whether the model was left out of the ladder for a field."""
        return self.status == LEFT_OUT

    @property
    def notes(self) -> list[str]:
        """What was detected; empty for a failed fit."""
        return [] if self.fit is None else list(self.fit["notes"])

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """``fits``, ``varcomp``, ``correlations``, ``fixed`` and ``random`` of this fit, as in the tables of the batch."""
        import pandas as pd

        return {name: pd.DataFrame(found, columns=list(TABLES[name])) for name, found in rows(self).items() if name != "timings"}

    @property
    def rows(self) -> pd.DataFrame | None:
        """``row trait fitted residual`` of every observed cell, `row` the position in the file from 0; None when failed."""
        import pandas as pd

        return None if self.packed_rows is None else pd.DataFrame(unpack(self.packed_rows))

    @property
    def payload(self) -> dict[str, Any] | None:
        """For the pages: ``random``, ``cells``, ``pair`` and ``rows``, column by column; None when failed."""
        return None if self.kept is None or self.packed_rows is None else {**self.kept, "rows": unpack(self.packed_rows)}

    def __repr__(self) -> str:
        return f"BatchResult({self.file}, {self.model}, {'+'.join(self.traits)}: {self.status})"


def rows(result: BatchResult) -> dict[str, list[Row]]:
    """The rows of one fit by table, in the order of :data:`TABLES`; a failed fit has rows in ``fits`` and ``timings`` only."""
    head = (result.file, result.model, "+".join(result.traits))
    found: dict[str, list[Row]] = {name: [] for name in OF_RESULT}
    fit = result.fit or {}
    counts = [fit.get(name) for name in ("n_observations", "n_fixed", "n_parameters", "loglik", "loglik_full", "aic", "bic")]
    iterations = len(fit["iterations"]) - 1 if fit else None
    state = (result.id, result.status, result.converged, result.message)
    found["fits"] = [(*head, *state, *counts, iterations, result.selected, " | ".join(result.notes) or None)]
    found["timings"] = [(*head, result.id, result.seconds, result.attempts)]
    if not fit or result.kept is None:
        return found
    for name, key in (("varcomp", "varcomp"), ("correlations", "correlations"), ("fixed", "fixed_effects")):
        own = [column for column in TABLES[name] if column not in OF_FIT]
        found[name] = [(*head, *(item[column] for column in own)) for item in fit[key]]
    for item in result.kept["random"]:
        found["random"] += [(*head, *row) for row in _effects(item, result.traits)]
    return found


def _effects(item: dict[str, Any], traits: tuple[str, ...]) -> Iterator[Row]:
    values = list(zip(*(item[name] for name in ("effect", "std_error", "pev", "reliability")), strict=True))
    for place, level in enumerate(item["level"]):
        inner = None if item["inner"] is None else item["inner"][place]
        if item["factor"] == "trait":
            yield (item["term"], level, None, inner, *values[place])
        else:
            yield (item["term"], level, inner, traits[0] if len(traits) == 1 else None, *values[place])
