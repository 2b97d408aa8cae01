"""The factorisation alone, as ratios to CHOLMOD on the same matrix: ``python -m benchmarks kernel [--matrices a,b] [--repeats 5]``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from time import process_time

import numpy as np

from benchmarks.matrices import MATRICES, Equations
from benchmarks.threads import require_one_thread
from vcmodel.linalg.cholesky import SparseCholesky

RIGHT_HAND_SIDES = 30  # working variates of a model with thirty parameters


def cholmod_refactor(case: Equations, values: np.ndarray) -> tuple[Callable[[], None], float] | None:
    """A numeric factorisation of the same matrix by CHOLMOD (AMD order, supernodal) and the seconds of its analysis.

    None when scikit-sparse is not installed.
    """
    try:
        from sksparse.cholmod import analyze
    except ImportError:
        return None
    matrix = case.pattern.copy()
    matrix.data = values
    start = process_time()
    factor = analyze(matrix, mode="supernodal", ordering_method="amd")
    return (lambda: factor.cholesky_inplace(matrix)), process_time() - start


def measure(case: Equations, repeats: int) -> dict[str, float]:
    """CPU seconds of each step: the minimum of `repeats`, the steps taken in turn."""
    values = case.fill @ case.coefficients
    start = process_time()
    ours = SparseCholesky(case.pattern)
    analysis = process_time() - start
    rhs = np.random.default_rng(0).standard_normal((ours.size, RIGHT_HAND_SIDES))
    transposed = case.fill.T.tocsr()

    def factor() -> None:
        if not ours.refactor(values):
            raise RuntimeError("the matrix is not positive definite")

    def iteration() -> None:
        ours.refactor(case.fill @ case.coefficients)
        ours.logdet()
        # traces of C^-1 with every part
        np.asarray(transposed @ ours.selected_inverse())
        ours.half_solve(rhs)

    steps: dict[str, Callable[[], object]] = {}
    reference = cholmod_refactor(case, values)
    if reference is not None:
        steps["CHOLMOD"] = reference[0]
    steps |= {
        "factor": factor,
        "inverse": ours.selected_inverse,
        "half": lambda: ours.half_solve(rhs),
        "solve": lambda: ours.solve(rhs),
        "iteration": iteration,
    }
    best = dict.fromkeys(steps, np.inf)
    for _ in range(repeats):
        for name, step in steps.items():
            if name == "inverse":
                factor()  # an inverse is kept until the next factorisation
            start = process_time()
            step()
            best[name] = min(best[name], process_time() - start)
    best |= {"analysis": analysis, "fill": ours.fill, "flops": ours.flops}
    return best if reference is None else best | {"CHOLMOD analysis": reference[1]}


COLUMNS = (
    "matrix", "what", "n", "nnz(C)", "nnz(L)", "GFlop", "CHOLMOD s",
    "factor", "inverse", "30 half solves", "30 solves", "iteration", "analysis", "CHOLMOD analysis",
)  # fmt: skip
STEPS = ("factor", "inverse", "half", "solve", "iteration", "analysis", "CHOLMOD analysis")


def line(name: str, what: str, case: Equations, found: dict[str, float]) -> str:
    """One row of the table; ratios to CHOLMOD, or seconds when there is none."""
    base = found.get("CHOLMOD")
    timed = [found[step] / (base or 1.0) for step in STEPS if step in found]
    shape = [f"{case.pattern.shape[0]}", f"{case.pattern.nnz / 1e6:.3g}M", f"{found['fill'] / 1e6:.3g}M", f"{found['flops'] / 1e9:.3g}"]
    cells = [name, what, *shape, f"{base:.3g}" if base else "not run", *(f"{value:.2f}" if base else f"{value:.3g} s" for value in timed)]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Print the table."""
    require_one_thread()
    options = argparse.ArgumentParser("python -m benchmarks kernel")
    options.add_argument("--matrices", default=",".join(MATRICES), help="comma-separated")
    options.add_argument("--repeats", type=int, default=5)
    given = options.parse_args()
    print("| " + " | ".join(COLUMNS) + " |\n|:--|:--|" + "--:|" * (len(COLUMNS) - 2), flush=True)
    for name in given.matrices.split(","):
        what, make = MATRICES[name]
        case = make()
        print(line(name, what, case, measure(case, given.repeats)), flush=True)


if __name__ == "__main__":
    main()
