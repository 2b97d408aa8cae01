"""One case fitted by vcmodel: ``python -m benchmarks.ours KEY FOLDER REPEATS BUDGET [--profile FILE]``."""

from __future__ import annotations

import cProfile
import pstats
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.cases import BY_KEY, Case
from benchmarks.clock import repeated, report, timed
from benchmarks.threads import require_one_thread

if TYPE_CHECKING:
    from vcmodel import Fit


def relationships(case: Case, folder: Path, data: Any) -> dict[str, Any]:
    """The ``known`` argument of the fit."""
    import numpy as np
    import pandas as pd

    import vcmodel as vc

    if case.known == "A":
        return {"A": vc.Pedigree(folder / "pedigree.csv")}
    if case.known == "K":
        return {"K": pd.DataFrame(np.load(folder / "relationship.npy"), index=data["line"], columns=data["line"])}
    return {}


def prepared(case: Case, folder: Path) -> tuple[Callable[[], Fit], float]:
    """The fit of a case whose data were written to `folder`, to be called as often as wanted, and the seconds its relationships took."""
    import pandas as pd

    import vcmodel as vc

    data = pd.read_csv(folder / "data.csv")
    known, setup, _ = timed(lambda: relationships(case, folder, data))
    return lambda: vc.fit(case.fixed, case.random, case.residual, data, known=known), setup


def run(case: Case, folder: Path, repeats: int, budget: float, profile: Path | None = None) -> None:
    """Fit, and report."""
    import vcmodel as vc

    fit, setup = prepared(case, folder)
    result, seconds = repeated(fit, repeats, budget)
    report(
        program="vcmodel",
        version=vc.__version__,
        setup=setup,
        **seconds,
        iterations=len(result.iterations) - 1,
        loglik=result.loglik,
        loglik_full=result.loglik_full,
        n=result.n_observations,
        p=result.n_fixed,
        converged=result.converged,
        status=result.status.value,
    )
    if profile is not None:
        recorder = cProfile.Profile()
        recorder.runcall(fit)
        with profile.open("w") as stream:
            stats = pstats.Stats(recorder, stream=stream)
            stats.sort_stats("tottime").print_stats(30)
            stats.sort_stats("cumulative").print_stats(45)


if __name__ == "__main__":
    require_one_thread()
    key, where, count, most = sys.argv[1:5]
    run(BY_KEY[key], Path(where), int(count), float(most), Path(sys.argv[6]) if sys.argv[5:6] == ["--profile"] else None)
