"""Field trials: T1 to T3 (blocks and families), T6 (genotypes in environments), T9 (plots with neighbours)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]


def covariance(variances: Array, correlation: float) -> Array:
    """Covariance matrix (k, k) with these variances and one correlation that fades with the distance of the levels."""
    k = len(variances)
    root = np.sqrt(variances)
    return np.outer(root, root) * correlation ** np.abs(np.subtract.outer(np.arange(k), np.arange(k)))


def draw(generator: np.random.Generator, n: int, sigma: Array) -> Array:
    """Rows (n, k) of a normal distribution with mean zero and covariance `sigma` (k, k)."""
    return generator.standard_normal((n, sigma.shape[0])) @ np.linalg.cholesky(sigma).T


def blocks_and_families(
    seed: int, *, blocks: int, families: int, replicates: int, traits: tuple[str, ...], missing: float = 0.0
) -> pd.DataFrame:
    """A complete block trial: one row per plot with Block, Family and one column per trait.

    Parameters
    ----------
    seed : int
    blocks, families, replicates : int
        ``blocks * families * replicates`` plots.
    traits : tuple of str
        Names of the k responses. Variances per trait: block 0.3, family 0.6, plot 2.0, times (1, 2, ..., k).
    missing : float
        Share of the cells without a value; no plot loses all of them.
    """
    generator = np.random.default_rng(seed)
    k = len(traits)
    scale = np.arange(1.0, k + 1.0)
    block = np.repeat(np.arange(blocks), families * replicates)
    family = np.tile(np.repeat(np.arange(families), replicates), blocks)
    y = 10.0 * scale + draw(generator, len(block), covariance(2.0 * scale, 0.3))
    y += draw(generator, blocks, covariance(0.3 * scale, 0.4))[block]
    y += draw(generator, families, covariance(0.6 * scale, 0.6))[family]
    gone = generator.random(y.shape) < missing
    gone[gone.all(axis=1), 0] = False
    y[gone] = np.nan
    table = pd.DataFrame({"Block": np.char.add("B", block.astype(str)), "Family": np.char.add("F", family.astype(str))})
    return table.assign(**{name: y[:, j] for j, name in enumerate(traits)})


def genotypes_in_environments(seed: int, *, environments: int, genotypes: int, replicates: int) -> pd.DataFrame:
    """A multi-environment trial, one row per plot: ``env geno y``, genetic and residual variances of every environment its own."""
    generator = np.random.default_rng(seed)
    env, geno, _ = (axis.ravel() for axis in np.indices((environments, genotypes, replicates)))
    genetic = covariance(np.linspace(0.5, 2.0, environments), 0.9)
    residual = np.linspace(1.0, 3.0, environments)
    y = 5.0 + 0.2 * env + draw(generator, genotypes, genetic)[geno, env] + generator.normal(size=len(env)) * np.sqrt(residual[env])
    width = len(str(environments))
    names = np.array([f"E{i + 1:0{width}d}" for i in range(environments)])
    return pd.DataFrame({"env": names[env], "geno": np.char.add("G", geno.astype(str)), "y": y})


def autoregression(places: int, correlation: float) -> Array:
    """Root (places, places) of the first-order autoregressive correlation of places in a row."""
    return np.linalg.cholesky(correlation ** np.abs(np.subtract.outer(np.arange(places), np.arange(places))))


def plots_of_fields(
    seed: int, *, rows: int, columns: int, genotypes: int, trials: int = 1, nugget: bool = False, missing: float = 0.05
) -> pd.DataFrame:
    """Genotypes randomised over fields, one row per plot that was not lost: ``trial row column gen y``.

    Parameters
    ----------
    seed : int
    rows, columns : int
        Plots of each field. Its residuals are autoregressive by rows (0.6) and columns (0.4), with variance 1.
    genotypes : int
        In all; a trial of several grows half as many as it has plots, drawn from them. Their variance is 0.5.
    trials : int
        Fields, each with a mean of its own.
    nugget : bool
        Whether every plot has an independent error besides, with variance 0.5.
    missing : float
        Share of the plots that are lost.
    """
    generator = np.random.default_rng(seed)
    plots = rows * columns
    trial, row, column = (axis.ravel() for axis in np.indices((trials, rows, columns)))
    grown = [np.arange(genotypes) if trials == 1 else generator.choice(genotypes, plots // 2, replace=False) for _ in range(trials)]
    gen = np.concatenate([generator.permutation(np.resize(own, plots)) for own in grown])
    noise = generator.standard_normal((trials, rows, columns))
    y = (autoregression(rows, 0.6) @ noise @ autoregression(columns, 0.4).T).ravel()
    y += 10.0 + generator.normal(size=trials)[trial] + np.sqrt(0.5) * generator.normal(size=genotypes)[gen]
    if nugget:
        y += np.sqrt(0.5) * generator.normal(size=y.size)
    table = pd.DataFrame({"trial": np.char.add("T", (trial + 1).astype(str)), "row": row + 1, "column": column + 1})
    table = table.assign(gen=np.char.add("G", gen.astype(str)), y=y)
    return table[generator.random(y.size) >= missing].reset_index(drop=True)
