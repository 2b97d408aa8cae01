"""Fits as a batch keeps them."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from example_fits import split_plot, trial, two_blocks, zero_variance

import vcmodel as vc


@dataclass(frozen=True)
class Row:
    """The attributes of a batch's result that pages read."""

    id: str
    file: str
    model: str = "us"
    traits: tuple = ()
    formulas: dict = field(default_factory=dict)
    message: str = ""
    fit: Any = None
    payload: Any = None
    left_out: bool = False
    selected: bool | None = None


def kept(fit, file, model="us", name=None):
    """A fit as the batch keeps it."""
    record = fit.to_dict()
    for step in record["iterations"]:
        del step["seconds"]
    traits = tuple(record["responses"])
    fitted, residual = (np.reshape(table.to_numpy(), (-1, len(traits))) for table in (fit.fitted, fit.residuals))
    row, column = np.nonzero(~np.isnan(fitted))
    rows = {"row": row.tolist(), "trait": [traits[j] for j in column], "fitted": fitted[row, column].tolist()}
    rows["residual"] = residual[row, column].tolist()
    random = [_effects(fit, label) for label in fit.terms if label not in record["residual_terms"]]
    payload = {"random": random, "rows": rows}
    return Row(name or file.replace(".", "-"), file, model, traits, fit.formulas, fit.status.value, record, payload)


def _effects(fit, term):
    table = fit.random_effects(term)
    several = table.index.nlevels > 1
    columns = {name: [None if np.isnan(x) else x for x in table[name]] for name in ("effect", "std_error", "reliability")}
    inner = list(table.index.get_level_values(1)) if several else None
    return {"term": term, "factor": "trait", "level": list(table.index.get_level_values(0)), "inner": inner, **columns}


def failed(file, message="no column 'Famly' in the data (used by 'Famly' in `random`); did you mean 'Family'?"):
    return Row(file.replace(".", "-"), file, traits=("bden", "veloc"), formulas={"fixed": "bden + veloc ~ trait"}, message=message)


def small_trials(count):
    """The trial of two traits without some of its families, several times over."""
    data = vc.datasets.load("seed_rcbd_bivariate")
    families = data["Family"].unique()
    for i in range(count):
        part = data[~data["Family"].isin(np.random.default_rng(i).choice(families, 8, replace=False))]
        fit = vc.fit("bden + veloc ~ trait", "us(trait):Block + us(trait):Family", "units:us(trait)", part)
        yield kept(fit, f"trial_{i + 1:02d}.csv")


def batch():
    """Fits of every kind, in the order of a batch."""
    stopped = vc.fit("yield ~ gen", random="block + block:gen", data=split_plot_data(), control=vc.Control(max_iterations=1))
    return [
        *small_trials(5),
        kept(two_blocks(), "ril.csv"),
        kept(zero_variance(), "groups.csv", "simple"),
        kept(split_plot(), "oats.csv", "simple"),
        kept(stopped, "stopped.csv", "simple"),
        kept(trial(), "whole.csv"),
        failed("broken.csv"),
    ]


def split_plot_data():
    return vc.datasets.load("oats")
