"""Mixed-model equations of real shapes, as sums of constant matrices times coefficients, for measuring the factorisation alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.pedigrees import discrete_generations
from benchmarks.trials import covariance
from vcmodel import Pedigree

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Equations:
    """C = sum over c of coefficient_c part_c on a fixed pattern.

    Attributes
    ----------
    pattern : (n, n) csc_matrix
        Lower triangle; its data are not used.
    fill : (nnz, m) csr_matrix
        Column c holds part c at the positions of the pattern: ``fill @ coefficients`` are the values.
    coefficients : (m,) array
    """

    pattern: sparse.csc_matrix
    fill: sparse.csr_matrix
    coefficients: Array


def equations(parts: Sequence[sparse.spmatrix], coefficients: Sequence[float]) -> Equations:
    """The equations of symmetric parts (n, n) and their coefficients; every stored entry of a part is in the pattern."""
    lower = [sparse.tril(part).tocoo() for part in parts]
    n = parts[0].shape[0]
    keys = [part.col.astype(np.int64) * n + part.row for part in lower]
    union = np.unique(np.concatenate([*keys, np.arange(n, dtype=np.int64) * (n + 1)]))
    starts = np.concatenate([[0], np.cumsum(np.bincount(union // n, minlength=n))])
    pattern = sparse.csc_matrix((np.ones(len(union)), (union % n).astype(np.int32), starts), shape=(n, n))
    rows = np.concatenate([np.searchsorted(union, key) for key in keys])
    columns = np.repeat(np.arange(len(parts)), [len(key) for key in keys])
    fill = sparse.csr_matrix((np.concatenate([part.data for part in lower]), (rows, columns)), shape=(len(union), len(parts)))
    return Equations(pattern, fill, np.asarray(coefficients, dtype=float))


def incidence(index: NDArray[np.int64], levels: int) -> sparse.csr_matrix:
    """Indicator matrix (records, levels)."""
    return sparse.csr_matrix((np.ones(len(index)), (np.arange(len(index)), index)), shape=(len(index), levels))


def over_traits(matrix: sparse.spmatrix, small: Array) -> tuple[list[sparse.spmatrix], list[float]]:
    """Parts and coefficients of matrix kron small (k, k): one part for each entry of the lower triangle of `small`."""
    parts, coefficients = [], []
    k = small.shape[0]
    for a in range(k):
        for b in range(a + 1):
            unit = np.zeros((k, k))
            unit[a, b] = unit[b, a] = 1.0
            parts.append(sparse.kron(matrix, sparse.csr_matrix(unit), format="coo"))
            coefficients.append(float(small[a, b]))
    return parts, coefficients


def bordered(blocks: Sequence[sparse.spmatrix | int]) -> sparse.csr_matrix:
    """Block-diagonal matrix; a number stands for that many empty rows."""
    return sparse.block_diag([sparse.csr_matrix((b, b)) if isinstance(b, int) else b for b in blocks], format="csr")


def pedigree_precision(parents: NDArray[np.int64]) -> sparse.csr_matrix:
    """A^-1 (n, n) of animals in order of birth."""
    labels = np.append(np.arange(len(parents)).astype(str).astype(object), "")
    table = pd.DataFrame({"id": labels[:-1], "sire": labels[parents[:, 0]], "dam": labels[parents[:, 1]]})
    return sparse.csr_matrix(Pedigree(table).precision())


def animal_model(seed: int, *, animals: int, traits: int = 1, generations: int = 12, within_herd: bool = True) -> Equations:
    """One record an animal, herd-years of about twenty as fixed effects, `traits` traits with one design."""
    generator = np.random.default_rng(seed)
    parents, home, generation = discrete_generations(
        generator, animals=animals, generations=generations, herd=21, dams_within_herd=within_herd
    )
    _, season = np.unique(home * generations + generation, return_inverse=True)
    seasons = int(season.max()) + 1
    w = sparse.hstack([incidence(season, seasons), sparse.identity(animals)], format="csr")
    one, c1 = over_traits(w.T @ w, np.linalg.inv(covariance(np.full(traits, 2.0), 0.2)))
    two, c2 = over_traits(bordered([seasons, pedigree_precision(parents)]), np.linalg.inv(covariance(np.ones(traits), 0.5)))
    return equations([*one, *two], [*c1, *c2])


def trial(seed: int, *, plots: int = 5000, genotypes: int = 500, blocks: int = 50, traits: int = 4, sites: int = 5) -> Equations:
    """Genotypes and blocks with a us matrix each, sites as fixed effects."""
    generator = np.random.default_rng(seed)
    block = np.arange(plots) % blocks
    genotype = generator.permutation(plots) % genotypes
    w = sparse.hstack([incidence(block % sites, sites), incidence(block, blocks), incidence(genotype, genotypes)], format="csr")
    parts, coefficients = over_traits(w.T @ w, np.linalg.inv(covariance(np.full(traits, 2.0), 0.3)))
    for blocks_of, variance in (([sites, sparse.identity(blocks), genotypes], 0.3), ([sites, blocks, sparse.identity(genotypes)], 0.6)):
        more, c = over_traits(bordered(blocks_of), np.linalg.inv(covariance(np.full(traits, variance), 0.5)))
        parts, coefficients = parts + more, coefficients + c
    return equations(parts, coefficients)


def dense_relationship(seed: int, *, lines: int = 3000, effects: int = 5700, fixed: int = 50) -> Equations:
    """Lines with a dense inverse relationship, beside sparse random effects (blocks of four plots) and fixed ones."""
    generator = np.random.default_rng(seed)
    plots = 4 * effects
    markers = generator.choice([-1.0, 1.0], size=(lines, lines + 1000))
    relationship = markers @ markers.T / markers.shape[1]
    block = np.arange(plots) // 4
    line = generator.permutation(plots) % lines
    w = sparse.hstack([incidence(block % fixed, fixed), incidence(block, effects), incidence(line, lines)], format="csr")
    inverse = np.linalg.inv(relationship)
    precision = sparse.csr_matrix(0.5 * (inverse + inverse.T))
    return equations([w.T @ w, bordered([fixed, sparse.identity(effects), lines]), bordered([fixed, effects, precision])], [0.5, 3.0, 1.0])


def random_regression(seed: int, *, animals: int = 15_000, recorded: int = 12_500, records: int = 5, seasons: int = 570) -> Equations:
    """Quadratic regressions per animal: genetic (with a pedigree) and permanent environment, `records` records each."""
    generator = np.random.default_rng(seed)
    parents, _, _ = discrete_generations(generator, animals=animals, generations=12, herd=21)
    animal = np.repeat(np.arange(animals - recorded, animals), records)
    time = np.tile(np.linspace(-1.0, 1.0, records), recorded) + generator.uniform(-0.1, 0.1, len(animal))
    basis = np.column_stack([np.ones_like(time), time, time**2])
    season = generator.integers(seasons, size=len(animal))

    def regression(index: NDArray[np.int64], levels: int) -> sparse.csr_matrix:
        columns = (3 * index[:, None] + np.arange(3)).ravel()
        return sparse.csr_matrix((basis.ravel(), (np.repeat(np.arange(len(index)), 3), columns)), shape=(len(index), 3 * levels))

    curves = [regression(animal, animals), regression(animal - animals + recorded, recorded)]
    w = sparse.hstack([incidence(season, seasons), *curves], format="csr")
    parts, coefficients = [w.T @ w], [1.0]
    small = np.linalg.inv(covariance(np.array([1.0, 0.5, 0.3]), 0.3))
    for precision, before, after in (
        (pedigree_precision(parents), seasons, 3 * recorded),
        (sparse.identity(recorded), seasons + 3 * animals, 0),
    ):
        more, c = over_traits(precision, small)
        parts += [bordered([before, part, after]) for part in more]
        coefficients += c
    return equations(parts, coefficients)


MATRICES: dict[str, tuple[str, Callable[[], Equations]]] = {
    "a": ("1 trait, 200k animals, dams within herd", lambda: animal_model(1, animals=200_000)),
    "r": ("1 trait, 30k animals, dams mated at random over herds", lambda: animal_model(2, animals=30_000, within_herd=False)),
    "b": ("2 traits, 50k animals", lambda: animal_model(3, animals=50_000, traits=2)),
    "c": ("4 traits, 20k animals", lambda: animal_model(4, animals=20_000, traits=4)),
    "d": ("4 traits, 500 genotypes, 50 blocks, 5,000 plots", lambda: trial(5)),
    "e": ("dense inverse of 3,000 lines and 5,750 sparse effects", lambda: dense_relationship(6)),
    "f": ("random regression, 15k animals, 3 + 3 coefficients", lambda: random_regression(7)),
}
