"""Animal models (T4, T5): a pedigree of discrete generations, one record each, herd-year-seasons."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.trials import covariance, draw

Parents = NDArray[np.int64]

SIRES = 50  # sires used in each generation
HERD = 50  # animals of one generation in a herd: the size of a herd-year-season


def discrete_generations(
    generator: np.random.Generator, *, animals: int, generations: int, herd: int = HERD, dams_within_herd: bool = True
) -> tuple[Parents, Parents, NDArray[np.int64]]:
    """Parents (n, 2) with -1 for unknown, herd (n,) and generation (n,) of animals in order of birth.

    Each generation descends from the one before it: `SIRES` males used over all herds, dams among the females born in the same herd
    (or anywhere, which makes the equations far denser).
    """
    generation = np.sort(np.arange(animals) % generations)
    sizes = np.bincount(generation)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    within = np.arange(animals) - starts[generation]
    herds = max(1, round(animals / generations / herd))
    home = within % herds
    female = (within // herds) % 2 == 0
    parents = np.full((animals, 2), -1, dtype=np.int64)
    for g in range(1, generations):
        before = np.arange(starts[g - 1], starts[g])
        here = np.arange(starts[g], starts[g + 1])
        males = generator.permutation(before[~female[before]])[:SIRES]
        parents[here, 0] = generator.choice(males, size=len(here))
        mothers = before[female[before]]
        if dams_within_herd:
            mothers = mothers[np.argsort(home[mothers], kind="stable")]
            count = np.bincount(home[mothers], minlength=herds)
            first = np.concatenate([[0], np.cumsum(count)])[:-1]
            at = home[here]
            parents[here, 1] = mothers[first[at] + (generator.random(len(here)) * count[at]).astype(np.int64)]
        else:
            parents[here, 1] = generator.choice(mothers, size=len(here))
    return parents, home, generation


def animal_records(seed: int, *, animals: int, traits: int, generations: int = 9) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Records (``animal hys y`` or ``y1 y2 ...``) and pedigree (``id sire dam``, empty for unknown) of `animals` animals.

    Heritability 1/3; about ``animals / 50`` herd-year-seasons.
    """
    generator = np.random.default_rng(seed)
    parents, home, generation = discrete_generations(generator, animals=animals, generations=generations)
    genetic = covariance(np.arange(1.0, traits + 1.0), 0.5)
    residual = covariance(2.0 * np.arange(1.0, traits + 1.0), 0.2)
    breeding = draw(generator, animals, genetic)
    for g in range(1, generations):
        here = np.flatnonzero(generation == g)
        # Mendelian sampling without inbreeding: half the variance
        breeding[here] = breeding[here] * np.sqrt(0.5) + 0.5 * breeding[parents[here]].sum(axis=1)
    season = home * generations + generation
    y = breeding + draw(generator, animals, residual) + generator.normal(size=season.max() + 1)[season, None]
    names = np.char.add("A", np.arange(1, animals + 1).astype(str)).astype(object)
    labels = np.append(names, "")  # position -1: unknown
    pedigree = pd.DataFrame({"id": names, "sire": labels[parents[:, 0]], "dam": labels[parents[:, 1]]})
    responses = ["y"] if traits == 1 else [f"y{j + 1}" for j in range(traits)]
    records = pd.DataFrame({"animal": names, "hys": np.char.add("H", season.astype(str)), **dict(zip(responses, y.T, strict=True))})
    return records, pedigree
