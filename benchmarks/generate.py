"""Write the data of one case to a folder: ``python -m benchmarks.generate KEY FOLDER``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from benchmarks.cases import BY_KEY, Case


def write(case: Case, folder: Path) -> None:
    """Write ``data.csv``, ``shape.json`` and what the case has of ``pedigree.csv``, ``relationship.npy``; for GEMMA also text files."""
    made = case.generate()
    data, extra = made if isinstance(made, tuple) else (made, None)
    folder.mkdir(parents=True, exist_ok=True)
    data.to_csv(folder / "data.csv", index=False)
    if case.known == "A":
        extra.to_csv(folder / "pedigree.csv", index=False)
    if case.known == "K":
        np.save(folder / "relationship.npy", extra)
        if "gemma" in case.peers:
            _write_gemma(folder, data[list(case.responses)].to_numpy(), extra)
    cells = int(data[list(case.responses)].notna().to_numpy().sum())
    (folder / "shape.json").write_text(json.dumps({"rows": len(data), "cells": cells}))


def _write_gemma(folder: Path, y: np.ndarray, relationship: np.ndarray) -> None:
    """Phenotypes, relationship and one marker: GEMMA fits its null model only on the way to a marker test."""
    # 17 digits: a relationship written with fewer is another matrix
    np.savetxt(folder / "phenotypes.txt", y, fmt="%.17g", delimiter="\t")
    np.savetxt(folder / "relationship.txt", relationship, fmt="%.17g", delimiter="\t")
    marker = np.random.default_rng(0).integers(0, 3, size=len(y))
    (folder / "marker.txt").write_text("rs1, A, T, " + ", ".join(map(str, marker)) + "\n")


if __name__ == "__main__":
    write(BY_KEY[sys.argv[1]], Path(sys.argv[2]))
