"""One iteration of a fit by its parts, as a ratio to its Cholesky: ``python -m benchmarks iteration [--cases T9-30x40,...] [--repeats 5]``.

An iteration is an update of the equations at the estimates (matrices, factorisation, solution) and the derivatives there (selected inverse,
score, average information). The Cholesky is the numeric factorisation of the same matrix by the own kernel, timed in the same repeat.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import process_time
from typing import Any

from benchmarks.cases import BY_KEY, Case
from benchmarks.clock import timed
from benchmarks.threads import require_one_thread
from vcmodel import Control, Fit, fit
from vcmodel.equations.mixed_model import MixedModelEquations
from vcmodel.reml.likelihood import differentiate

DEFAULT = ("T9-30x40", "T9-nugget-30x40", "T9-150x150", "T9-nugget-150x150", "T9-100x20x12")
# what is timed within an iteration: attribute of the equations, method, name in the table
PARTS = (
    ("matrix", "fill", "fill"),
    ("factor", "refactor", "Cholesky"),
    ("factor", "solve", "solves"),
    ("factor", "selected_inverse", "inverse"),
    ("factor", "half_solve", "half solve"),
)
NAMES = tuple(name for _, _, name in PARTS)


@contextmanager
def timing(equations: MixedModelEquations) -> Iterator[Counter[str]]:
    """CPU seconds of the parts, added up while it lasts."""
    seconds: Counter[str] = Counter()

    def watched(method: Callable[..., Any], name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            result, _, cpu = timed(lambda: method(*arguments))
            seconds[name] += cpu
            return result

        return call

    for owner, method, name in PARTS:
        thing = getattr(equations, owner)
        setattr(thing, method, watched(getattr(thing, method), name))
    try:
        yield seconds
    finally:
        for owner, method, _ in PARTS:
            delattr(getattr(equations, owner), method)


def iterate(found: Fit) -> None:
    """One iteration at the estimates."""
    equations, point = found.estimate.equations, found.estimate.point
    if not equations.update(point.parts):
        raise RuntimeError("the equations are not positive definite at the estimates")
    differentiate(equations, point, [True] * len(point.parts), [None] * len(point.parts))


def fitted(case: Case) -> tuple[Fit, float]:
    """A fit by the general equations, and the CPU seconds of a second one; the first loads modules."""
    made = case.generate()
    if isinstance(made, tuple):
        raise ValueError(f"{case.key}: cases with a pedigree or relationship are measured as a whole, not by iterations")

    def action() -> Fit:
        return fit(case.fixed, case.random, case.residual, made, control=Control(reductions="off"))

    return (action(), timed(action)[2])


def measure(found: Fit, repeats: int) -> dict[str, float]:
    """CPU seconds of an iteration and of its parts, in the quickest of `repeats`."""
    equations = found.estimate.equations
    if not isinstance(equations, MixedModelEquations):
        raise ValueError(f"no iteration to take apart: {found.estimate.method}")
    best: dict[str, float] = {}
    for _ in range(repeats):
        with timing(equations) as seconds:
            start = process_time()
            iterate(found)
            total = process_time() - start
        if not best or total < best["iteration"]:
            best = {**{name: seconds[name] for name in NAMES}, "iteration": total}
    return best | {"rest": best["iteration"] - sum(best[name] for name in NAMES)}


COLUMNS = (
    "case", "n", "nnz(L)", "GFlop", "parameters", *(f"{name} ms" for name in NAMES), "rest ms", "iteration ms",
    "/ Cholesky", "fit s", "iter",
)  # fmt: skip


def line(case: Case, found: Fit, seconds: float, best: dict[str, float]) -> str:
    """One row of the table."""
    equations = found.estimate.equations
    assert isinstance(equations, MixedModelEquations)
    factor = equations.factor
    shape = [f"{factor.size}", f"{factor.fill / 1e6:.3g}M", f"{factor.flops / 1e9:.3g}", f"{len(found.varcomp)}"]
    times = [f"{1e3 * best[name]:.3g}" for name in (*NAMES, "rest", "iteration")]
    ratio = f"{best['iteration'] / best['Cholesky']:.2f}"
    return "| " + " | ".join([case.key, *shape, *times, ratio, f"{seconds:.3g}", f"{len(found.iterations) - 1}"]) + " |"


def main() -> None:
    """Print the table."""
    require_one_thread()
    options = argparse.ArgumentParser("python -m benchmarks iteration")
    options.add_argument("--cases", default=",".join(DEFAULT), help="comma-separated")
    options.add_argument("--repeats", type=int, default=5)
    given = options.parse_args()
    print("| " + " | ".join(COLUMNS) + " |\n|:--|" + "--:|" * (len(COLUMNS) - 1), flush=True)
    for key in given.cases.split(","):
        case = BY_KEY[key]
        found, seconds = fitted(case)
        print(line(case, found, seconds, measure(found, given.repeats)), flush=True)


if __name__ == "__main__":
    main()
