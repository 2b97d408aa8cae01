"""Mendelian sampling variances down to zero: selfing and sib mating until lines are fixed."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pandas as pd

from vcmodel.design.pedigree import Pedigree


def pedigree_of(rows):
    return Pedigree(pd.DataFrame(rows, columns=["id", "sire", "dam"]))


def selfed(name, parent, generations):
    """Rows of a line: `parent` selfed that often."""
    names = [parent, *(f"{name}.{i + 1}" for i in range(generations))]
    return [(child, before, before) for before, child in pairwise(names)]


def by_label(pedigree, values):
    return dict(zip(pedigree.labels, values, strict=True))


def test_selfing_halves_the_variance_in_every_generation():
    """D = 2^-(t + 1) after the first selfing of a founder, to the last digit; founders and wide crosses beside it change nothing."""
    rows = [("a", None, None), ("b", None, None), ("ab", "a", "b"), *selfed("s", "ab", 90), *((f"x{i}", "s.90", "b") for i in range(300))]
    pedigree = pedigree_of(rows)
    d = by_label(pedigree, pedigree.mendelian)
    for t in range(1, 91):
        assert d[f"s.{t}"] == 0.5**t
    assert pedigree.inbreeding.max() == 1.0


def test_sib_mating_keeps_its_digits():
    """F_t = (1 + 2 F_(t-1) + F_(t-2)) / 4 (Wright 1921), 200 generations in exact fractions."""
    rows, sire, dam = [("a", None, None), ("b", None, None)], "a", "b"
    exact = [Fraction(0), Fraction(0)]
    for t in range(200):
        rows += [(f"m{t}", sire, dam), (f"f{t}", sire, dam)]
        sire, dam = f"m{t}", f"f{t}"
        exact.append((1 + 2 * exact[-1] + exact[-2]) / 4)
    pedigree = pedigree_of(rows)
    d, f = by_label(pedigree, pedigree.mendelian), by_label(pedigree, pedigree.inbreeding)
    for t in range(200):
        assert np.isclose(d[f"m{t}"], float((1 - exact[t]) / 2), rtol=1e-11, atol=0.0)
        assert np.isclose(f[f"f{t}"], float(exact[t + 1]), rtol=0.0, atol=1e-14)


def test_a_cross_of_fixed_lines_has_no_variance_and_a_backcross_has():
    rows = [("a", None, None), ("b", None, None), *selfed("p", "a", 60), *selfed("q", "b", 60)]
    rows += [("f1", "p.60", "q.60"), ("bc", "f1", "p.60"), ("dh", "f1", "f1")]
    pedigree = pedigree_of(rows)
    d, f = by_label(pedigree, pedigree.mendelian), by_label(pedigree, pedigree.inbreeding)
    assert d["f1"] < 1e-17 and f["f1"] == 0.0
    assert np.isclose(d["bc"], 0.25, atol=1e-15) and np.isclose(f["bc"], 0.5, atol=1e-15)
    assert np.isclose(d["dh"], 0.5, atol=1e-15)
