"""Simulated trial files for the batch: three traits, 400 to 1,500 plots, one file in twenty broken.

usage: python benchmarks/batch_trials.py FOLDER [FILES] [SMALLEST LARGEST]
Writes FOLDER/trials/*.csv and FOLDER/job.toml; the same seed gives the same bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

SEED = 20240607
TRAITS = ("yield_", "height", "protein")
ONE_IN = 20
JOB = """files = "trials/*.csv"

[model]
fixed = "yield_ + height + protein ~ trait"
random = "us(trait):block + us(trait):variety"
residual = "units:us(trait)"
"""


def trial(rng: np.random.Generator, plots: int) -> pd.DataFrame:
    """One trial: blocks, varieties, three correlated traits with 3 % of the cells missing."""
    blocks = int(rng.integers(4, 9))
    varieties = max(20, plots // blocks)
    n = blocks * varieties
    block, variety = np.repeat(np.arange(blocks), varieties), np.tile(np.arange(varieties), blocks)
    scale = np.array([8.0, 90.0, 12.0])

    def effects(size: int, share: float) -> np.ndarray:
        root = np.linalg.cholesky(np.array([[1.0, 0.5, -0.4], [0.5, 1.0, 0.0], [-0.4, 0.0, 1.0]]))
        return rng.normal(size=(size, 3)) @ root.T * np.sqrt(share) * scale * 0.1

    y = scale + effects(blocks, 0.5)[block] + effects(varieties, 1.0)[variety] + effects(n, 2.0)
    y[rng.random(y.shape) < 0.03] = np.nan
    labels = {"block": [f"B{i + 1}" for i in block], "variety": [f"V{i + 1:03d}" for i in variety], "plot": np.arange(1, n + 1)}
    return pd.DataFrame({**labels, **{name: y[:, j].round(4) for j, name in enumerate(TRAITS)}})


def _text(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False).encode()


def _constant(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(height=90.0)


def _words(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(protein=["tall" if i == 7 else str(v) for i, v in enumerate(table["protein"])])


# ten ways in which a file is broken
BROKEN: dict[str, Callable[[pd.DataFrame], bytes]] = {
    "empty": lambda table: b"",
    "header_only": lambda table: _text(table.iloc[:0]),
    "no_column": lambda table: _text(table.drop(columns="variety")),
    "misspelt_column": lambda table: _text(table.rename(columns={"block": "blok"})),
    "words_among_numbers": lambda table: _text(_words(table)),
    "constant_trait": lambda table: _text(_constant(table)),
    "no_values": lambda table: _text(table.assign(yield_=np.nan)),
    "binary": lambda table: bytes(range(256)) * 40,
    "ragged": lambda table: _text(table) + b"B1,V001,1,2,3,4,5,6,7,8\n",
    "twice_the_column": lambda table: _text(table).replace(b"plot", b"height", 1),
}


def write(folder: Path, files: int = 500, smallest: int = 400, largest: int = 1500) -> list[str]:
    """Writes the files and the job; returns the names of the broken files."""
    (folder / "trials").mkdir(parents=True, exist_ok=True)
    ways, broken = list(BROKEN), []
    for number in range(files):
        rng = np.random.default_rng([SEED, number])
        table = trial(rng, int(rng.integers(smallest, largest + 1)))
        content = _text(table)
        name = f"trial_{number + 1:03d}.csv"
        if number % ONE_IN == ONE_IN // 2:
            content = BROKEN[ways[len(broken) % len(ways)]](table)
            broken.append(name)
        (folder / "trials" / name).write_bytes(content)
    (folder / "job.toml").write_text(JOB, encoding="utf-8")
    return broken


if __name__ == "__main__":
    numbers = [int(item) for item in sys.argv[2:]]
    found = write(Path(sys.argv[1]), *numbers)
    print(f"{sys.argv[1]}: {len(found)} broken files")
