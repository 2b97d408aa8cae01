"""What the batch promises, measured: speed with one and two processes, killed runs, a cluster that loses a worker, pairs, ladders.

usage: python benchmarks/batch_show.py FOLDER [speed] [kill] [dask] [pairs] [ladder]
"""

from __future__ import annotations

import filecmp
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))
from batch_trials import JOB, write

FILES = 500
LADDER = """files = ["trials/trial_0[0-4]?.csv", "trials/trial_050.csv"]

[model]
fixed = "yield_ + height + protein ~ trait"
residual = "units:us(trait)"

[[ladder]]
name = "diag"
random = "us(trait):block + diag(trait):variety"
[[ladder]]
name = "corgh"
random = "us(trait):block + corgh(trait):variety"
[[ladder]]
name = "us"
random = "us(trait):block + us(trait):variety"

[select]
by = "{by}"
"""
PAIRS = """files = "eight.csv"
traits = "pairs"

[model]
fixed = "t1 + t2 + t3 + t4 + t5 + t6 + t7 + t8 ~ trait"
random = "us(trait):variety"
residual = "units:us(trait)"
"""


def fits_in(out: Path) -> int:
    """How many fits the ledger holds."""
    import sqlite3

    try:
        with sqlite3.connect(f"file:{out}/ledger.sqlite?mode=ro", uri=True) as database:
            return database.execute("select count(*) from fits").fetchone()[0]
    except sqlite3.Error:
        return 0


def same(one: Path, two: Path) -> bool:
    """Whether every file but timings and ledger has the same bytes in both folders."""

    def names(folder: Path) -> list[str]:
        kept = [path for path in folder.rglob("*") if path.is_file() and path.stem not in ("timings", "ledger")]
        return sorted(str(path.relative_to(folder)) for path in kept)

    if names(one) != names(two):
        return False
    return filecmp.cmpfiles(one, two, names(one), shallow=False)[1:] == ([], [])


def fresh(folder: Path) -> Path:
    """The folder, empty."""
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def speed(base: Path) -> None:
    """Fits per second, table writing and start of the processes included."""
    from vcmodel.batch import run_job

    rates = {}
    for workers in (1, 2, 2, 1):
        out = fresh(base / f"out{workers}")
        begun = os.times()
        summary = run_job(base / "job.toml", out, workers=workers)
        spent = os.times()
        share = sum(spent[:4]) - sum(begun[:4])
        rates.setdefault(workers, []).append(summary.total / summary.seconds)
        print(f"{workers} process(es): {summary.total / summary.seconds:.2f} fits/s; {share:.1f} s of processor in {summary.seconds:.1f} s")
        print(f"  {summary.counts()}, load {os.getloadavg()[0]:.1f}")
    print(f"ratio of the best: {max(rates[2]) / max(rates[1]):.2f}; same bytes: {same(base / 'out1', base / 'out2')}")


def kill(base: Path) -> None:
    """Three kill -9 at random points, then to the end."""
    from vcmodel.batch import run_job

    out, points = fresh(base / "killed"), sorted(random.Random(7).sample(range(20, FILES - 20), 3))
    for point in points:
        command = [sys.executable, "-c", "import sys; from vcmodel.batch import run_job; run_job(*sys.argv[1:])", base / "job.toml", out]
        process = subprocess.Popen([str(item) for item in command])
        while fits_in(out) < point:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        print(f"killed with {fits_in(out)} fits recorded")
    summary = run_job(base / "job.toml", out)
    print(f"{summary.counts()}; same bytes as an uninterrupted run: {same(out, base / 'out1')}")


def dask(base: Path) -> None:
    """A LocalCluster whose worker is killed in the middle."""
    from distributed import Client, LocalCluster

    from vcmodel.batch import run_job

    out = fresh(base / "dask")
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=50) as cluster:
        with Client(cluster) as client:
            victim = next(iter(client.run(os.getpid).values()))

        def strike() -> None:
            while fits_in(out) < FILES // 3:
                time.sleep(0.01)
            os.kill(victim, signal.SIGKILL)
            print(f"worker {victim} killed with {fits_in(out)} fits recorded")

        striker = threading.Thread(target=strike)
        striker.start()
        summary = run_job(base / "job.toml", out, executor="dask", scheduler=cluster.scheduler_address)
        striker.join()
    print(f"{summary.counts()} in {summary.seconds:.1f} s; same bytes as local: {same(out, base / 'out1')}")


def pairs(base: Path) -> None:
    """All pairs of eight traits of 60 varieties with missing cells, against the fit of all eight."""
    import vcmodel as vc
    from vcmodel.batch import combine_pairs, load_results, run_job

    rng = np.random.default_rng(3)
    names = [f"t{j + 1}" for j in range(8)]
    root = rng.normal(size=(8, 3))
    genetic = rng.normal(size=(60, 3)) @ root.T + 0.2 * rng.normal(size=(60, 8))
    variety = np.repeat(np.arange(60), 4)
    y = genetic[variety] + 2.0 * rng.normal(size=(240, 8)) * np.logspace(-1, 1, 8) + 50.0
    y[rng.random(y.shape) < 0.1] = np.nan
    table = pd.DataFrame({"variety": [f"V{i:02d}" for i in variety], **dict(zip(names, y.T.round(5), strict=True))})
    table.to_csv(base / "eight.csv", index=False)
    (base / "pairs.toml").write_text(PAIRS, encoding="utf-8")
    summary = run_job(base / "pairs.toml", fresh(base / "pairs"))
    print(summary)
    whole = vc.fit(" + ".join(names) + " ~ trait", "us(trait):variety", "units:us(trait)", data=table)
    for item in combine_pairs(load_results(base / "pairs")):
        joint = whole.covariance("variety" if "variety" in item.term else "residual").to_numpy()
        distance = [np.nanmax(np.abs(matrix - joint) / item.std_error) for matrix in (item.pairwise, item.matrix)]
        lowest = [np.linalg.eigvalsh(matrix)[0] for matrix in (item.pairwise, item.matrix)]
        change = np.nanmax(np.abs(item.matrix - item.pairwise) / item.std_error)
        print(f"{item.term}: {item.note}; smallest eigenvalue {lowest[0]:.4g} -> {lowest[1]:.4g}, largest change {change:.2f} SE")
        print(f"  farthest from the joint fit ({whole.status.label}): pairwise {distance[0]:.2f} SE, combined {distance[1]:.2f} SE")


def ladder(base: Path) -> None:
    """Three models on 50 files, selected by each criterion."""
    from vcmodel.batch import run_job

    for by in ("aic", "bic", "lrt"):
        (base / "ladder.toml").write_text(LADDER.format(by=by), encoding="utf-8")
        out = base / "ladder" if by != "aic" else fresh(base / "ladder")
        summary = run_job(base / "ladder.toml", out)
        table = pd.read_csv(out / "selection.csv")
        taken = table.loc[table["selected"], "model"].value_counts().to_dict()
        print(f"{by}: {summary.counts()} in {summary.seconds:.1f} s; selected {taken}")


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    if not (folder / "job.toml").exists():
        print(f"{len(write(folder, FILES))} broken files of {FILES}")
    (folder / "job.toml").write_text(JOB, encoding="utf-8")
    for step in sys.argv[2:] or ("speed", "kill", "dask", "pairs", "ladder"):
        print(f"--- {step}", flush=True)
        globals()[step](folder)
