"""Golden cases as arguments of ``vc.fit``: reads the numbers, prepares the data, keeps the default fits.

Each ``<id>.json`` beside this file holds one model with its trusted results: `data` (which table, how it is prepared), `model` (the
formulas), `n`, `p`, `loglik` (both conventions), `varcomp` (every row, its tolerance and what its bound must be), `fixed_effects`,
`correlations`, `functions`, `random_effects`, and `needs`: the functions of the language without which the case cannot run.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import vcmodel as vc
from vcmodel import datasets
from vcmodel.formula import vocabulary

FOLDER = Path(__file__).resolve().parent
IDS = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))
# licences that forbid shipping: these tables are used where a copy lies beside the checkout
NOT_SHIPPED = ("sleepstudy", "orthodont", "dyestuff", "dyestuff2", "btdata", "btdata_ped", "bglr_wheat_pheno", "bglr_wheat_markers")


@cache
def golden(case):
    """The trusted numbers of a case. Read only."""
    return json.loads((FOLDER / f"{case}.json").read_text(encoding="utf-8"))


def shared_folder():
    """The folder of tables that are not shipped, or None."""
    given = os.environ.get("VCMODEL_SHARED")
    folder = Path(given) if given else FOLDER.parents[2] / "shared"
    return folder / "data" if (folder / "data").is_dir() else None


def table(name):
    """The table `name`; skips the test when it may not be shipped and no copy is here."""
    if name not in NOT_SHIPPED:
        return datasets.load(name)
    folder = shared_folder()
    if folder is None or not (folder / f"{name}.csv").is_file():
        pytest.skip(f"{name}.csv is not shipped (licence) and lies neither in ../shared/data nor under VCMODEL_SHARED")
    # a genotype is a string of 0 and 1, not a number of a thousand digits
    return pd.read_csv(folder / f"{name}.csv", dtype={"genotype": str})


def missing_features(case):
    """Functions the case needs that the language does not offer yet."""
    offered = {*vocabulary.available("random"), *vocabulary.available("residual")}
    return [name for name in golden(case)["needs"] if name not in offered]


# ------------------------------------------------------------------------------------------------------------- preparation


def nitrogen_as_text(d):
    """Nitrogen rates as a factor, `nitrof`."""
    return d.assign(nitrof=d["nitro"].map("{:.1f}".format))


def check_and_test_lines(d):
    """`check`: 1 to 6 the checks, 7 any test line, 0 the rest, a factor; `test`: number of a test line, 0 for every other plot."""
    entry = d["gen"].to_numpy()
    is_test = (entry >= 7) & (entry <= 336)
    check = np.select([entry < 7, is_test], [entry, 7], default=0)
    return d.assign(check=[f"{c}" for c in check], test=np.where(is_test, entry, 0))


def crosses_of_1951(d):
    """One year of the diallel; `comb` is the cross irrespective of direction, `dr` the direction (-1, 0 selfed, 1)."""
    d = d[d["year"] == 1951]
    order = np.where(d["male"] == d["female"], 0, np.where(d["male"] < d["female"], -1, 1))
    first, second = np.where(order > 0, d["female"], d["male"]), np.where(order > 0, d["male"], d["female"])
    return d.assign(comb=[a + b for a, b in zip(first, second, strict=True)], dr=order)


def numbered_samples(d):
    """`sample` numbers the rows of a batch."""
    return d.assign(sample=d.groupby("batch").cumcount() + 1)


def ages_as_occasions(d):
    """`occasion` is the age as a factor: between two of them there is none."""
    return d.assign(occasion=pd.Categorical(d["age"]))


def selfed_inbreds_and_hybrids():
    """Pedigree of the maize crosses: two heterotic groups, five inbreds of each by one selfing, their hybrids, unrelated checks."""
    groups = {"Dent": ("A509", "A637", "A661", "CM105", "EP28"), "Flint": ("EP31", "EP42", "F7", "PB60", "Z77016")}
    rows = [(group, None, None) for group in groups]
    rows += [(inbred, group, group) for group, inbreds in groups.items() for inbred in inbreds]
    crosses = table("butron_maize").drop_duplicates("gen")
    rows += list(crosses[["gen", "male", "female"]].itertuples(index=False, name=None))
    return vc.Pedigree(pd.DataFrame(rows, columns=["id", "sire", "dam"]), id="id", sire="sire", dam="dam")


@cache
def centred_markers():
    """Relationship of the wheat lines: centred 0/1 markers M, MM' / sum p(1-p). Singular, because its rows sum to zero."""
    d = table("bglr_wheat_markers")
    markers = np.array([[int(c) for c in text] for text in d["genotype"]], dtype=float)
    frequency = markers.mean(axis=0)
    centred = markers - frequency
    k = centred @ centred.T / (frequency * (1 - frequency)).sum()
    return pd.DataFrame(k, index=d["line"].tolist(), columns=d["line"].tolist())


PREPARATIONS = {f.__name__: f for f in (nitrogen_as_text, check_and_test_lines, crosses_of_1951, numbered_samples, ages_as_occasions)}
RELATIONSHIPS = {f.__name__: f for f in (selfed_inbreds_and_hybrids, centred_markers)}


def data(case):
    """The prepared table of a case, with a plain index."""
    recipe = golden(case)["data"]
    d = table(recipe["name"])
    if "prepare" in recipe:
        d = PREPARATIONS[recipe["prepare"]](d)
    for column, level in recipe.get("only", {}).items():
        d = d[d[column] == level]
    if "stack" in recipe:
        stack = recipe["stack"]
        d = d.melt(stack["key"], stack["columns"], var_name=stack["names"], value_name=stack["values"])
    return d.reset_index(drop=True)


def relationship(recipe):
    """What ``known=`` takes, from its recipe."""
    if "prepare" in recipe:
        return RELATIONSHIPS[recipe["prepare"]]()
    return vc.Pedigree(table(recipe["pedigree"]), id=recipe["id"], sire=recipe["sire"], dam=recipe["dam"])


def arguments(case):
    """The arguments of ``vc.fit``; skips the test when the language or the data are missing."""
    missing = missing_features(case)
    if missing:
        pytest.skip(f"the language does not offer {', '.join(missing)} yet")
    given = dict(golden(case)["model"], data=data(case))
    if "known" in given:
        given["known"] = {name: relationship(recipe) for name, recipe in given["known"].items()}
    return given


def fit(case, **changes):
    """A new fit of a case with some arguments changed."""
    return vc.fit(**{**arguments(case), **changes})


@cache
def fitted(case):
    """The default fit of a case, made once per session."""
    return fit(case)
