"""Constrained fits near boundaries against the best optimum known: ``python -m benchmarks.constraints`` prints a table by kind of wish.

Complete blocks of 20 to 50 families, two to four traits, genetic correlations of 0 to 1 and variances down to zero; every kind of `equal`
and `bounds` wish in turn. The best known optimum is the highest of the fit itself and of searches from random starts, each an ordinary
constrained search without further starts of its own.
"""

from __future__ import annotations

import argparse
import json
import warnings
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd

import vcmodel as vc
from vcmodel.reml.iterate import maximise
from vcmodel.reml.make_search import make_search
from vcmodel.reml.point import starting_point

# logL below the best known that still counts as reaching it
REACHED = 1e-4
CORRELATIONS = (0.0, 0.5, 0.95, 1.0)
FAMILY, RESIDUAL, BLOCK = "trait:Family", "units:trait", "trait:Block"


@dataclass(frozen=True)
class Case:
    """One fit: the kind of wish, the arguments of :func:`vcmodel.fit`, and the arguments of models that the constrained one contains."""

    kind: str
    seed: int
    arguments: dict
    nested: tuple[dict, ...] = ()


def blocks(rng: np.random.Generator, traits: int) -> pd.DataFrame:
    """Families in complete blocks with genetic correlation and variances drawn from the boundary's neighbourhood."""
    families = int(rng.choice([20, 30, 50]))
    genetic = root(rng.choice(CORRELATIONS), rng.choice([1.0, 0.3, 0.05, 0.0], traits, p=[0.5, 0.2, 0.2, 0.1]))
    family, block = np.tile(np.arange(families), 4), np.repeat(np.arange(4), families)
    y = (rng.normal(size=(families, traits)) @ genetic.T)[family]
    y += (rng.normal(size=(4, traits)) @ root(0.3, np.ones(traits)).T)[block]
    y += rng.normal(size=(family.size, traits)) @ root(0.3, np.full(traits, 3.0)).T
    table = pd.DataFrame(10.0 + y, columns=[f"y{t + 1}" for t in range(traits)])
    return table.assign(Family=family, Block=block)


def sites(rng: np.random.Generator) -> pd.DataFrame:
    """Families at three sites with two plots each."""
    families = int(rng.choice([20, 30, 50]))
    genetic = rng.normal(size=(families, 3)) @ root(rng.choice(CORRELATIONS), rng.choice([1.0, 0.1, 0.0], 3)).T
    table = pd.MultiIndex.from_product([range(families), range(3), range(2)], names=["Family", "place", "plot"]).to_frame(index=False)
    y = genetic[table["Family"], table["place"]] + rng.normal(size=len(table))
    return table.assign(site=table["place"].map(lambda i: f"s{i}"), y=y)


def root(correlation: float, variances: np.ndarray) -> np.ndarray:
    """A root of the matrix with uniform correlation."""
    k = len(variances)
    values, vectors = np.linalg.eigh(np.full((k, k), correlation) + (1.0 - correlation) * np.eye(k))
    return np.sqrt(variances)[:, None] * vectors * np.sqrt(np.maximum(values, 0.0))


def correlations(label: str, traits: int) -> list[str]:
    """Row names of the correlations of a corgh term."""
    return [f"{label}!trait_y{i + 1}:y{j + 1}.cor" for i in range(traits) for j in range(i)]


def variances(label: str, traits: int, unstructured: bool) -> list[str]:
    """Row names of the variances of a us or corgh term."""
    return [f"{label}!trait_y{i}:y{i}" if unstructured else f"{label}!trait_y{i}" for i in range(1, traits + 1)]


def held(values: dict[str, float]) -> dict:
    """Arguments that hold parameters."""
    return {"start": values, "bounds": dict.fromkeys(values, "F")}


def several_traits(kind: str, seed: int, rng: np.random.Generator) -> Case:
    """A case of two to four traits."""
    traits = int(rng.choice([2, 3, 4], p=[0.4, 0.4, 0.2]))
    general, residual, random = "corgh", "us", "fixed"
    pairs, own = correlations(FAMILY, traits), variances(FAMILY, traits, unstructured=False)
    nested: tuple[str, ...] = ()
    if kind == "correlation held":
        wish = held({pairs[0]: float(rng.choice([-0.99, -0.5, 0.0, 0.5, 0.9, 0.99]))})
        nested = ("",)
    elif kind == "correlation held at one":
        wish = held({pairs[0]: float(rng.choice([-1.0, 1.0]))})
        nested = ("", f"corgh(trait):Family {pairs[0]}")
    elif kind == "correlations equal":
        wish, nested = {"equal": [pairs]} if traits > 2 else held({pairs[0]: 0.3}), ("", "corh(trait):Family" if traits > 2 else "")
    elif kind == "variance held":
        general, own = "us", variances(FAMILY, traits, unstructured=True)
        wish = held({own[-1]: float(rng.choice([0.0, 0.05, 1.0, 3.0]))})
    elif kind == "variances equal":
        general, own = "us", variances(FAMILY, traits, unstructured=True)
        wish, nested = {"equal": [own]}, ("", "Family")
    elif kind == "covariance held":
        general = "us"
        wish = held({f"{FAMILY}!trait_y2:y1": float(rng.choice([-0.3, 0.0, 0.5, 1.5]))})
    elif kind == "variance and correlation held":
        wish = held({own[0]: 1.0, pairs[-1]: float(rng.choice([-0.5, 0.5, 0.9]))})
    elif kind == "correlations equal across terms":
        residual = "corgh"
        wish, nested = {"equal": [list(pair) for pair in zip(pairs, correlations(RESIDUAL, traits), strict=True)]}, ("",)
    else:
        general, random = "us", "random"
        groups = zip(variances(FAMILY, traits, unstructured=True), variances(BLOCK, traits, unstructured=True), strict=True)
        wish, nested = {"equal": [list(pair) for pair in groups]}, ("",)
    fixed = " + ".join(f"y{t + 1}" for t in range(traits)) + " ~ trait" + (" + trait:Block" if random == "fixed" else "")
    arguments = {
        "fixed": fixed,
        "random": f"{general}(trait):Family" + (" + us(trait):Block" if random == "random" else ""),
        "residual": f"units:{residual}(trait)",
        "data": blocks(rng, traits).assign(Block=lambda table: "b" + table["Block"].astype(str)),
    }
    smaller = tuple({**arguments, "random": term or None} for term in dict.fromkeys(nested) if " " not in term)
    return Case(kind, seed, arguments | wish, smaller if residual == "us" else ())


def several_sites(kind: str, seed: int, rng: np.random.Generator) -> Case:
    """A case of three sites with a residual each."""
    levels = ("s0", "s1", "s2")
    equal = [[f"site_{level}!R" for level in levels]]
    if kind == "variances equal across sections":
        random = "us(site):Family"
        equal.append([f"site:Family!site_{level}:{level}" for level in levels])
    else:
        random = "Family + at(site):Family"
        equal.append([f"at(site, '{level}'):Family" for level in levels])
    arguments = {"fixed": "y ~ site", "random": random, "residual": "dsum(~ units | site)", "data": sites(rng)}
    nested = tuple({**arguments, "random": term, "residual": "units"} for term in (None, "Family"))
    return Case(kind, seed, arguments | {"equal": equal}, nested)


KINDS = {
    "correlation held": several_traits,
    "correlation held at one": several_traits,
    "correlations equal": several_traits,
    "variance held": several_traits,
    "variances equal": several_traits,
    "covariance held": several_traits,
    "variance and correlation held": several_traits,
    "correlations equal across terms": several_traits,
    "variances equal across terms": several_traits,
    "variances equal across sections": several_sites,
    "variances equal across at() terms": several_sites,
}


def make_case(number: int, seed: int = 0) -> Case:
    """Case `number`: the kinds in turn, data drawn from the number."""
    kind = list(KINDS)[number % len(KINDS)]
    return KINDS[kind](kind, number, np.random.default_rng([seed, number]))


def best_of_random_starts(fit: vc.Fit, starts: int, seed: int) -> float:
    """The highest logL of constrained searches from random starting values."""
    estimate, best = fit.estimate, -np.inf
    for number in range(starts):
        rng = np.random.default_rng([seed, number])
        theta = []
        for component, given, fixed in zip(estimate.components, estimate.constraints.theta, estimate.constraints.fixed, strict=True):
            k = component.structure.size
            half = rng.normal(size=(k, k + 1))
            matrix = half @ half.T
            deviations = component.reference * np.exp(rng.normal(-1.2 if component.is_random else -0.3, 0.7, k))
            matrix *= np.outer(deviations, deviations) / np.sqrt(np.outer(np.diag(matrix), np.diag(matrix)))
            theta.append(np.where(fixed, given, component.structure.start(matrix)))
        constraints = replace(estimate.constraints, theta=tuple(theta))
        point = starting_point(estimate.components, constraints)
        search = make_search(estimate.equations, constraints, point, vc.Control())
        try:
            end = maximise(search)
        except vc.StructureError:
            continue  # this start is too far from the constraints
        if end is not None and end.status.converged:
            best = max(best, search.loglik)
    return best


def run(task: tuple[int, int, int]) -> dict:
    """One case: how the fit ended, and how far below the best known optimum and its nested models."""
    number, seed, starts = task
    case = make_case(number, seed)
    record = {"number": number, "kind": case.kind, "exception": "", "converged": False, "short": np.inf, "below": 0.0, "seconds": np.nan}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        begun = perf_counter()
        try:
            fit = vc.fit(**case.arguments)
        except Exception as error:  # every exception is a result here
            return record | {"exception": repr(error)[:200]}
        record |= {"seconds": perf_counter() - begun, "converged": fit.converged, "iterations": len(fit.iterations) - 1}
        best = best_of_random_starts(fit, starts, seed)
        smaller = [vc.fit(**arguments) for arguments in case.nested]
    record["short"] = max(best - fit.loglik, 0.0) if np.isfinite(best) else 0.0
    record["below"] = max((other.loglik - fit.loglik for other in smaller if other.converged), default=0.0)
    return record


def summary(records: list[dict]) -> pd.DataFrame:
    """Shares by kind of wish, and over all."""
    table = pd.DataFrame(records)
    table["reached"] = table["converged"] & (table["short"] < REACHED)
    table["not_nested"] = table["below"] > REACHED
    table["failed"] = table["exception"] != ""
    columns = {"fits": ("number", "size"), "converged": ("converged", "mean"), "best": ("reached", "mean"), "worst": ("short", "max"),
               "below_nested": ("not_nested", "sum"), "exceptions": ("failed", "sum"), "iterations": ("iterations", "mean"),
               "most": ("iterations", "max")}  # fmt: skip
    by_kind = table.groupby("kind", sort=False).agg(**columns)
    total = table.assign(kind="all").groupby("kind").agg(**columns)
    return pd.concat([by_kind, total]).round(4)


def main() -> None:
    """Run and print the table, and the cases that fell short."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=400)
    parser.add_argument("--starts", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--records", type=Path, help="file to which the record of every case is added as a line of JSON")
    options = parser.parse_args()
    tasks = [(number, options.seed, options.starts) for number in range(options.cases)]
    with get_context("spawn").Pool(options.processes) as pool:
        records = []
        for record in pool.imap_unordered(run, tasks):
            records.append(record)
            if options.records:
                with options.records.open("a") as file:
                    file.write(json.dumps(record, default=float) + "\n")
            if record["exception"] or not record["converged"] or record["short"] >= REACHED or record["below"] > REACHED:
                print(record, flush=True)
    print(summary(records).to_string())


if __name__ == "__main__":
    main()
