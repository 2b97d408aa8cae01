"""Which fixed columns are independent of those to their left, whatever the origin of a covariate."""

from __future__ import annotations

from fractions import Fraction
from time import perf_counter

import numpy as np
import pandas as pd
import pytest
from fixed_columns import built, design, far
from scipy import sparse

from vcmodel.design.fixed import FixedDesign
from vcmodel.design.independent import independent

KEPT = {
    "y ~ site + ts:site": [],
    "y ~ ts:site + site": [],
    "y ~ site*ts": [],
    "y ~ 0 + ts + site": [],
    "y ~ year + I(year**2) + I(year**3)": [],
    "y ~ site + x + both": ["both"],
    "y ~ both + x + site": ["site[T.C]"],
    "y ~ x + both + code": ["code"],
    "y ~ code + site": ["site[T.C]"],
    "y ~ code + x + site + both": ["site[T.C]", "both"],
    "y ~ ts + site + region": ["region[T.S]"],
    "y ~ 0 + ts + code + site + region": ["site[C]", "region[T.S]"],
    "y + z ~ trait + trait:site + trait:site:ts": [],
    "y ~ year + I(year - 2017) + I((year - 2017)**2)": ["I(year - 2017)"],
    "y ~ year + I(year**2) + I(year**3) + I((year - 2017)**3)": ["I((year - 2017) ** 3)"],
}


@pytest.mark.parametrize(("fixed", "dropped"), KEPT.items(), ids=list(KEPT))
def test_the_leftmost_independent_columns_stay(fixed: str, dropped: list[str]) -> None:
    found = built(fixed)
    assert [name for name in found.fixed.names if name not in found.fixed_names] == dropped
    assert found.x.shape[1] == len(found.fixed.names) - len(dropped)
    values = np.linalg.svd(found.x.toarray(), compute_uv=False)
    assert values[-1] > 1e-4 * values[0]
    np.testing.assert_allclose(np.diag((found.x.T @ found.x).toarray()), 1.0, atol=1e-9)


def test_what_rounding_has_made_of_a_column_is_said() -> None:
    assert built("y ~ site + x + both").notes[-1] == "fixed: dropped as linear combinations of earlier columns: both"
    found = built("y ~ ts + I(ts**2)")
    assert found.notes[-1] == (
        "fixed: dropped, since within the rounding of their numbers they are linear combinations of earlier columns: I(ts ** 2); "
        "if that is not meant, subtract a constant near the mean from the covariate first"
    )
    whole = built("y ~ ts + I((ts - 1700000050)**2)")
    assert whole.fixed_names == whole.fixed.names
    constant = built("y ~ five + x", far().assign(five=1e15))
    assert constant.notes[-1] == "fixed: dropped as linear combinations of earlier columns: five"


def test_orthogonal_columns_are_fast() -> None:
    n, levels = 50_000, 1000
    rng = np.random.default_rng(4)
    group = rng.integers(0, levels, n)
    data = pd.DataFrame({"y": rng.normal(size=n), "hys": group.astype(str), "x": 1e8 + rng.normal(size=n)})
    data["twice"] = 2.0 * data["x"]
    found, _ = design("y ~ hys + x + twice + I((x - 1e8)**2)", data)
    start = perf_counter()
    result = independent(found)
    seconds = perf_counter() - start
    assert [found.names[i] for i in np.setdiff1d(np.arange(len(found.names)), result.kept)] == ["twice"]
    assert seconds < 1.0


def exact_leftmost(matrix: np.ndarray) -> list[int]:
    """Leftmost independent columns of a matrix of whole numbers, by elimination in fractions."""
    kept: list[int] = []
    basis: list[tuple[int, list[Fraction]]] = []
    for j in range(matrix.shape[1]):
        column = [Fraction(int(value)) for value in matrix[:, j]]
        for pivot, other in basis:
            share = column[pivot] / other[pivot]
            column = [a - share * b for a, b in zip(column, other, strict=True)]
        place = next((i for i, value in enumerate(column) if value != 0), None)
        if place is not None:
            basis.append((place, column))
            kept.append(j)
    return kept


@pytest.mark.parametrize("seed", range(60))
def test_the_leftmost_rule_against_exact_arithmetic(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(8, 20))
    group, half, x = rng.integers(0, 3, n), rng.integers(0, 2, n), rng.integers(0, 6, n) + 2017
    columns = [np.ones(n, dtype=int), x, x**2, 3 * x + 5, x * half, x * (1 - half), 4 * group + 100_000, half * group]
    columns += [group == level for level in range(3)] + [half == 1]
    chosen = rng.permutation(len(columns))[: int(rng.integers(4, len(columns)))]
    matrix = np.column_stack([columns[i] for i in chosen]).astype(float)
    found = independent(FixedDesign(sparse.csc_matrix(matrix), tuple(map(str, chosen)), ()))
    assert found.kept.tolist() == exact_leftmost(matrix)
    values = np.linalg.svd(found.centred.matrix.toarray(), compute_uv=False)
    assert values[-1] > 1e-4 * values[0]
    np.testing.assert_allclose(
        (sparse.csc_matrix(matrix[:, found.kept]) @ found.centred.transform).toarray(), found.centred.matrix.toarray(), atol=1e-5
    )
