"""Small trials for the batch: quick to fit, one of them broken."""

import sqlite3
from pathlib import Path

import numpy as np
import pandas as pd

MODEL = """
[model]
fixed = "a + b ~ trait"
random = "us(trait):line"
residual = "units:us(trait)"
"""


def trial(seed, traits=("a", "b"), lines=12, blocks=3):
    """Correlated traits of lines in blocks."""
    rng = np.random.default_rng(seed)
    block, line = np.repeat(np.arange(blocks), lines), np.tile(np.arange(lines), blocks)
    shared = rng.normal(size=lines)[line]
    columns = {name: (10 + 2 * shared + rng.normal(size=lines)[line] + rng.normal(size=block.size)).round(3) for name in traits}
    return pd.DataFrame({"block": [f"B{i}" for i in block], "line": [f"L{i:02d}" for i in line], **columns})


def folder(path, files=6, job=MODEL, broken=True, **options):
    """A folder with trials/*.csv and job.toml; the second file lacks a column when `broken`."""
    (path / "trials").mkdir(parents=True)
    for number in range(files):
        table = trial(number, **options)
        if broken and number == 1:
            table = table.rename(columns={"line": "lime"})
        table.to_csv(path / "trials" / f"t{number}.csv", index=False)
    (path / "job.toml").write_text(f'files = "trials/*.csv"\n{job}', encoding="utf-8")
    return path / "job.toml"


def contents(out):
    """The bytes of everything in an output folder that must not depend on how the batch ran."""
    kept = [path for path in Path(out).rglob("*") if path.is_file() and path.stem not in ("timings", "ledger")]
    return {str(path.relative_to(out)): path.read_bytes() for path in kept}


def recorded(out):
    """How many fits the ledger holds; 0 while there is none."""
    try:
        with sqlite3.connect(f"file:{out}/ledger.sqlite?mode=ro", uri=True) as database:
            return database.execute("select count(*) from fits").fetchone()[0]
    except sqlite3.Error:
        return 0
