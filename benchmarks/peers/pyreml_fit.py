"""Fit a case with pyreml: a list of random terms, each with a left-hand (traits, environments) and a right-hand (levels) factor."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyreml
import torch
from pyreml import MixedModel, Random, Residual

from benchmarks.cases import BY_KEY
from benchmarks.clock import repeated, report

key, where, count, most = sys.argv[1:5]
case, folder = BY_KEY[key], Path(where)
torch.set_num_threads(1)
data = pd.read_csv(folder / "data.csv")


def specification() -> dict[str, object]:
    """Fixed formula, random terms and residual of the case; components hold state, so they are made anew for every fit."""
    full = {"left_hand": "full"} if len(case.responses) > 1 else {}
    match case.family:
        case "T1" | "T2" | "T3":
            return {"fixed": "1", "random": [Random(unit=name, **full) for name in ("Block", "Family")], "residual": Residual(**full)}
        case "T4" | "T5":
            animals = Random(unit="animal", right_hand="str", **pedigree, **full)
            return {"fixed": "0 + C(hys)", "random": animals, "residual": Residual(**full)}
        case "T6":
            left = "diag" if case.variant == "diag" else "full"
            genotypes = Random(unit="geno", formula="0 + C(env)", left_hand=left)
            return {"fixed": "C(env)", "random": genotypes, "residual": Residual(right_hand="het", het_formula="1 + C(env)")}
        case "T7":
            return {"fixed": "1", "random": Random(unit="line", right_hand="str", **markers, **full), "residual": Residual(**full)}
        case "T9":
            plots, genotypes = ["row", "column"], Random(unit="gen")
            if case.variant == "nugget":
                field = Random(unit=plots, right_hand="ar_ani")
                return {"fixed": "1", "random": [genotypes, field], "residual": Residual()}
            return {"fixed": "1", "random": genotypes, "residual": Residual(right_hand="ar_ani", coords=plots)}
        case "T10":
            return {"fixed": "1", "random": [Random(unit=name) for name in ("student", "lecturer", "department")], "residual": Residual()}
    raise ValueError(f"no pyreml model for {case.key}")


pedigree: dict[str, object] = {}
markers: dict[str, object] = {}
if case.known == "A":
    table = pyreml.prepare_pedigree(pd.read_csv(folder / "pedigree.csv"))
    pedigree = {"covariance": np.asarray(pyreml.A_pedigree(table)), "matrix_index": table["id"].tolist()}
if case.known == "K":
    markers = {"covariance": np.load(folder / "relationship.npy"), "matrix_index": data["line"].tolist()}


def fit() -> MixedModel:
    """The fitted model."""
    model = MixedModel.from_dataframe(data=data, response=list(case.responses), **specification())
    return model.fit(verbose=False)


model, seconds = repeated(fit, int(count), float(most))
steps = [entry["n steps total"] for entry in model._log if "n steps total" in entry]
report(
    program="pyreml",
    version=model._log[0]["pyreml"],
    **seconds,
    iterations=sum(steps),
    loglik_full=-0.5 * float(model.neg2loglik),
    converged=bool(model.opti_REML.converged),
    status="converged" if model.opti_REML.converged else "not converged",
)
