"""Genomic prediction (T7): lines with a dense relationship from markers."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.trials import covariance, draw


def lines_with_markers(seed: int, *, lines: int, traits: int, markers: int = 5000) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Records (``line y`` or ``y1 y2 ...``) and relationship K (lines, lines) of inbred lines in ten families.

    Markers are centred at their expected frequency, so that K is regular when there are more markers than lines.
    """
    generator = np.random.default_rng(seed)
    frequency = generator.uniform(0.2, 0.8, markers)
    # families drift apart: each has its own frequencies around the common ones
    drift = np.clip(frequency + generator.normal(scale=0.1, size=(10, markers)), 0.05, 0.95)
    alleles = 2.0 * (generator.random((lines, markers)) < drift[np.arange(lines) % 10])
    centred = alleles - 2.0 * frequency
    relationship = centred @ centred.T / (4.0 * np.sum(frequency * (1.0 - frequency)))
    scale = np.arange(1.0, traits + 1.0)
    effects = draw(generator, markers, covariance(scale, 0.5)) / np.sqrt(4.0 * np.sum(frequency * (1.0 - frequency)))
    y = 3.0 * scale + centred @ effects + draw(generator, lines, covariance(scale, 0.2))
    responses = ["y"] if traits == 1 else [f"y{j + 1}" for j in range(traits)]
    names = np.char.add("L", np.arange(1, lines + 1).astype(str))
    return pd.DataFrame({"line": names, **dict(zip(responses, y.T, strict=True))}), relationship
