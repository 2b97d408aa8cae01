"""Field trials: the usual models of a field as a ladder, and the choice among them.

>>> import vcmodel as vc
>>> list(vc.fields.ladder("yield ~ 1", "gen", row="row", column="col", models=["independent", "ar1 x ar1"]).values())[1]
Model(fixed='yield ~ 1', random='gen', residual='ar1(row):ar1(col)')
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from vcmodel.api import Model, fit_model
from vcmodel.batch.field_ladder import WITHIN, field_models
from vcmodel.batch.job import Job, check_models
from vcmodel.batch.ladder import Comparison, select
from vcmodel.batch.many import as_relationships, as_result, as_source
from vcmodel.batch.model_entry import ModelEntry, Selection
from vcmodel.batch.plan import plan
from vcmodel.batch.tasks import execute
from vcmodel.errors import DataError, VcmodelError
from vcmodel.options import FitOptions
from vcmodel.results.field_trend import trend_notes
from vcmodel.tables.options import ReadOptions
from vcmodel.tables.reading import Reading

if TYPE_CHECKING:
    from vcmodel.control import Control
    from vcmodel.design.missing import Unknown
    from vcmodel.fit import Fit

__all__ = ["Choice", "choose", "ladder"]


@dataclass(frozen=True, eq=False)
class Choice:
    """One model of the ladder for a field, chosen for a data set.

    Attributes
    ----------
    name : str
        Of the model.
    fit : Fit
    table : DataFrame
        One row per model, from simple to rich: ``status n_parameters loglik aic delta_aic chosen reason``.
    notes : tuple of str
        Those of the fit, and where its semivariogram shows that a global trend remains.
    """

    name: str
    fit: Fit
    table: pd.DataFrame
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Choice({self.name!r}, AIC {self.fit.aic:.3f}, of {len(self.table)} models)"


def ladder(fixed: str, random: str | None = None, *, row: str, column: str, models: Sequence[str] = ()) -> dict[str, Model]:
    """The usual models of a field trial by name, from simple to rich.

    ``independent``: independent residuals; ``row + column``: random effects of rows and columns; ``ar1(row)``, ``ar1(column)``:
    neighbours in one direction are correlated; ``ar1 x ar1``: in both; ``ar1 x ar1 + nugget``: with an error of the single plot
    (``units``); ``row + column + ar1 x ar1`` and ``row + column + ar1 x ar1 + nugget``: with random effects of rows and columns beside.

    All have the same fixed effects, so that their AIC can be compared. With several responses every term has a matrix over the traits.

    Parameters
    ----------
    fixed : str
    random : str, optional
        Terms of every model, such as the genotypes.
    row, column : str
        Columns of the data with the place of each plot.
    models : sequence of str, optional
        Only these.

    Raises
    ------
    VcmodelError
        Formulas that do not make sense, an unknown name.
    """
    entries = _entries(fixed, random, row, column, models, FitOptions())
    responses = entries[0].trait_sets("together", ())[0]
    return {entry.name: entry.model(responses) for entry in entries}


def choose(
    fixed: str,
    random: str | None = None,
    data: Any = None,
    *,
    row: str,
    column: str,
    models: Sequence[str] = (),
    within: float = WITHIN,
    known: Mapping[str, object] | None = None,
    weights: str | None = None,
    missing: Unknown = "drop",
    read: ReadOptions | Mapping[str, Any] | None = None,
    control: Control | None = None,
) -> Choice:
    """The model of the ladder for a field that suits a data set.

    Every model of :func:`ladder` is fitted. A model qualifies when its fit is a certified maximum; of those whose AIC is no more than
    `within` above the smallest the one with the fewest parameters is taken. A nugget, variance or correlation at its bound is no
    parameter: such a model ties with the simpler one, which is then taken. Models that need what the data do not have (a field of one
    row, plots without a place) are left out, and the table says why.

    What the choice does not settle stands in the notes: neighbours that are less alike than other plots, a correlation near 1, and a
    semivariogram that shows a global trend.

    Parameters
    ----------
    fixed, random, row, column, models
        As for :func:`ladder`.
    data, known, weights, missing, read, control
        As for :func:`vcmodel.fit`.
    within : float
        Differences of AIC up to this one are taken as none.

    Raises
    ------
    VcmodelError
        Arguments that do not make sense, or no model that could be fitted.
    """
    if data is None:
        raise DataError("no data: pass data=, a DataFrame or the path of a CSV file")
    options = FitOptions.of(weights=weights, missing=missing, control=control)
    entries = _entries(fixed, random, row, column, models, options)
    job = Job(Path.cwd(), (), entries, read=ReadOptions.of(read))
    relationships = as_relationships(known)
    source = data.table if isinstance(data, Reading) else as_source(data, "given")
    tasks = list(plan([("data", source)], job, relationships))
    results = [as_result(task, execute(task, relationships)) for task in tasks]
    best, comparisons = select(results, Selection("aic", within=within))
    if best is None:
        raise VcmodelError(f"no model for the field could be fitted; {results[0].model}: {results[0].message}")
    entry, task = next(both for both in zip(entries, tasks, strict=True) if both[1].id == best)
    fit = fit_model(entry.model(task.traits), data, replace(options, known=relationships), job.read)
    notes = (*fit.notes, *trend_notes(fit.estimate, row, column))
    return Choice(entry.name, fit, _table(comparisons, best), notes)


def _entries(fixed: str, random: str | None, row: str, column: str, names: Sequence[str], options: FitOptions) -> tuple[ModelEntry, ...]:
    """The ladder with its formulas checked."""
    found = field_models(row, column, names)
    entries = tuple(ModelEntry(model.name, fixed, random, None, options, model) for model in found)
    check_models(Job(Path.cwd(), (), entries))
    return entries


def _table(comparisons: Sequence[Comparison], best: str) -> pd.DataFrame:
    """One row per model."""
    fits = [item.result.fit or {} for item in comparisons]
    lowest = min(item.value for item in comparisons if item.value is not None)
    columns = {
        "status": [item.result.status for item in comparisons],
        **{name: [fit.get(name) for fit in fits] for name in ("n_parameters", "loglik", "aic")},
        "delta_aic": [None if item.value is None else item.value - lowest for item in comparisons],
        "chosen": [item.result.id == best for item in comparisons],
        "reason": [item.reason if item.result.fit is not None else item.result.message for item in comparisons],
    }
    kinds = {"n_parameters": "Int64", "loglik": float, "aic": float, "delta_aic": float}
    return pd.DataFrame(columns, index=[item.result.model for item in comparisons]).astype(kinds)
