"""Fixed effects, predicted random effects, fitted values and residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vcmodel.results.export import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from vcmodel.design.design import Design
    from vcmodel.reml.estimate import Estimate

    Array = NDArray[np.float64]

# of a table of predicted effects
COLUMNS = ("effect", "std_error", "pev", "reliability")


def fixed_effects(estimate: Estimate) -> pd.DataFrame:
    """``effect std_error z_ratio`` of every kept fixed column."""
    effect = estimate.equations.coefficients()
    error = np.sqrt(estimate.equations.coefficient_variances())
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(error > 0.0, effect / error, np.nan)
    return pd.DataFrame({"effect": effect, "std_error": error, "z_ratio": ratio}, index=list(estimate.design.fixed_names))


def random_effects(estimate: Estimate, index: int) -> pd.DataFrame:
    """``effect std_error pev reliability`` of the random term at component `index`.

    The index is the level for a single variance, else (level, level of the matrix), levels outermost; levels of sparse parts stand among
    those of the matrix, as written. pev = Var(u - predicted u), std_error its square root, reliability = 1 - pev / (Sigma_jj K_ii),
    missing where the variance is zero.
    """
    component = estimate.components[index]
    term = estimate.design.terms[component.index]
    effect, pev = estimate.equations.effects(component.index)
    variance = np.diag(estimate.sigma(index))
    prior = variance[:, None] * term.diagonal[None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        reliability = np.where(prior > 0.0, 1.0 - pev / prior, np.nan)
    columns = {"effect": effect, "std_error": np.sqrt(np.maximum(pev, 0.0)), "pev": pev, "reliability": reliability}
    structure, levels = term.whole, list(term.relationship.labels)
    if structure.size == 1:
        labels: pd.Index = pd.Index(levels, name="level")
    else:
        labels = pd.MultiIndex.from_product([levels, list(structure.levels)], names=["level", structure.factor or "term"])
    return pd.DataFrame({name: np.ravel(term.as_written(values).T) for name, values in columns.items()}, index=labels)


def effects_record(term: str, table: pd.DataFrame) -> dict[str, Any]:
    """A table of :func:`random_effects` in the types of JSON, column by column.

    ``inner`` is the level of the term's matrix and ``factor`` what that is a level of; both None for a single variance.
    """
    several = isinstance(table.index, pd.MultiIndex)
    return {
        "term": term,
        "factor": str(table.index.names[1]) if several else None,
        "level": [str(item) for item in table.index.get_level_values(0)],
        "inner": [str(item) for item in table.index.get_level_values(1)] if several else None,
        **{name: plain(table[name].to_numpy()) for name in COLUMNS},
    }


def effects_table(record: Mapping[str, Any]) -> pd.DataFrame:
    """The table that :func:`effects_record` was made from, or the columns of it that were kept; its labels are text."""
    levels, inner = record["level"], record["inner"]
    index = pd.Index(levels, name="level")
    if inner is not None:
        index = pd.MultiIndex.from_arrays([levels, inner], names=["level", record["factor"]])
    return pd.DataFrame({name: np.array(record[name], dtype=float) for name in COLUMNS if name in record}, index=index)


def by_row(design: Design, values: Array, index: pd.Index, name: str) -> pd.Series | pd.DataFrame:
    """Values of the observed cells (N,) at the rows of the data as given, NaN elsewhere.

    A Series for one response, a table (rows, traits) for several.
    """
    frame = design.frame
    table = np.full((len(index), len(frame.responses)), np.nan)
    table[frame.positions[frame.row], frame.trait] = values
    if len(frame.responses) == 1:
        return pd.Series(table[:, 0], index=index, name=name)
    return pd.DataFrame(table, index=index, columns=list(frame.responses))


def fitted(estimate: Estimate, index: pd.Index) -> pd.Series | pd.DataFrame:
    """X beta + Z u, conditional on the predicted random effects."""
    return by_row(estimate.design, estimate.equations.fitted(), index, "fitted")


def residuals(estimate: Estimate, index: pd.Index) -> pd.Series | pd.DataFrame:
    """The response minus X beta + Z u, in its own units; weights do not enter."""
    return by_row(estimate.design, estimate.design.frame.y - estimate.equations.fitted(), index, "residual")
