"""Independent groups and crossed ratings: T8 (pairs in two groups) and T10 (students rate lecturers)."""

from __future__ import annotations

import numpy as np
import pandas as pd


def pairs_in_groups(seed: int, *, pairs: int) -> pd.DataFrame:
    """Four variables as `pairs` P pairs and `pairs` T pairs: ``f R variable y``, correlation 0.25 in P and 0.5 in T."""
    generator = np.random.default_rng(seed)
    tables = []
    for group, correlation, spread, mean in (("P", 0.25, 1.0, 0.0), ("T", 0.5, 0.6, 1.0)):
        common = np.sqrt(correlation) * generator.normal(size=(pairs, 1))
        y = mean + spread * (common + np.sqrt(1.0 - correlation) * generator.normal(size=(pairs, 2)))
        pair = np.repeat(np.arange(1, pairs + 1), 2).astype(str)
        variable = np.tile(["y1", "y2"] if group == "P" else ["y3", "y4"], pairs)
        tables.append(pd.DataFrame({"f": np.char.add(group, pair), "R": group, "variable": variable, "y": y.ravel()}))
    return pd.concat(tables, ignore_index=True)


def ratings(seed: int, *, n: int, students: int, lecturers: int, departments: int) -> pd.DataFrame:
    """Unbalanced crossed ratings: ``student lecturer department y``.

    The activity of students and lecturers varies by a gamma law with shape 3 and 1; a lecturer teaches for one department in four of five
    ratings and for any other one in the rest, so that the three factors are crossed.
    """
    generator = np.random.default_rng(seed)

    def chosen(levels: int, shape: float) -> np.ndarray:
        weight = generator.gamma(shape, size=levels)
        some = generator.choice(levels, size=n - levels, p=weight / weight.sum())
        return generator.permutation(np.concatenate([np.arange(levels), some]))  # every level at least once

    student, lecturer = chosen(students, 3.0), chosen(lecturers, 1.0)
    home = generator.integers(departments, size=lecturers)[lecturer]
    department = np.where(generator.random(n) < 0.8, home, generator.integers(departments, size=n))
    y = 3.2 + generator.normal(scale=1.18, size=n)
    for levels, index, sd in ((students, student, 0.33), (lecturers, lecturer, 0.51), (departments, department, 0.15)):
        y += generator.normal(scale=sd, size=levels)[index]
    levels_of = {"student": student, "lecturer": lecturer, "department": department}
    return pd.DataFrame({name: np.char.add(name[0], index.astype(str)) for name, index in levels_of.items()}).assign(y=y)
