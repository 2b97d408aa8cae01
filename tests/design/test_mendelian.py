"""Mendelian sampling variances down to zero: selfing and sib mating until lines are fixed."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import vcmodel as vc
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


def fixed_lines():
    """Three lines fixed by selfing, one of them by sib mating, their F1s, a backcross, lines from an F1, and an F1 of two of those."""
    rows = [(name, None, None) for name in "abc"]
    rows += [*selfed("A", "a", 50), *selfed("B", "b", 45)]
    sire, dam = "c", "x"
    for t in range(150):
        rows += [(f"m{t}", sire, dam), (f"f{t}", sire, dam)]
        sire, dam = f"m{t}", f"f{t}"
    rows += [("AB", "A.50", "B.45"), ("BC", "AB", "A.50"), ("AC", "A.48", "m149"), ("BA", "B.44", "A.50")]
    rows += [*selfed("R", "AB", 60), *selfed("S", "AB", 25), ("RS", "R.60", "S.25"), ("RA", "R.50", "A.49"), ("ABC", "AB", "AC")]
    return rows


def tabular(rows):
    """A by the recursive rules, labelled."""
    pedigree = pedigree_of(rows)
    a = np.zeros((len(pedigree), len(pedigree)))
    for i, (sire, dam) in enumerate(pedigree.parents):
        a[i, :i] = a[:i, i] = 0.5 * sum((a[p, :i] for p in (sire, dam) if p >= 0), np.zeros(i))
        a[i, i] = 1.0 + (0.5 * a[sire, dam] if min(sire, dam) >= 0 else 0.0)
    return pd.DataFrame(a, list(pedigree.labels), list(pedigree.labels))


RECORDED = [
    "a",
    "A.50",
    "A.48",
    "A.44",
    "B.45",
    "m149",
    "f149",
    "m120",
    "AB",
    "BA",
    "AC",
    "BC",
    "R.60",
    "R.45",
    "R.20",
    "S.25",
    "RS",
    "RA",
    "ABC",
]


def records(a, seed, repeats=4):
    """Two traits at two sites on fixed lines, crosses and what segregates."""
    rng = np.random.default_rng(seed)
    values, vectors = np.linalg.eigh(a.loc[RECORDED, RECORDED])
    u = (vectors * np.sqrt(np.maximum(values, 0))) @ rng.normal(size=(len(RECORDED), 2)) @ np.array([[1.0, 0.6], [0.0, 0.8]])
    line = np.tile(np.arange(len(RECORDED)), repeats)
    y = u[line] + rng.normal(size=(line.size, 2))
    site = np.where(np.arange(line.size) % 3 == 0, "s1", "s2")
    return pd.DataFrame({"line": np.array(RECORDED)[line], "site": site, "x": rng.normal(size=line.size), "y1": y[:, 0], "y2": y[:, 1]})


A_MATRIX = tabular(fixed_lines())


@pytest.mark.parametrize(
    "fixed, random",
    [
        ("y1 ~ 1", "vm(line, A)"),
        ("y1 + y2 ~ trait", "us(trait):vm(line, A)"),
        ("y1 ~ site", "at(site, 's1'):vm(line, A) + at(site, 's2'):vm(line, A)"),
        ("y1 ~ site", "diag(site):vm(line, A)"),
        ("y1 ~ 1", "site:vm(line, A)"),
        ("y1 ~ x", "str(~ vm(line, A) + vm(line, A):lin(x), ~ us(2):vm(line, A))"),
    ],
)
def test_the_fit_is_that_of_the_matrix_written_out(fixed, random):
    data = records(A_MATRIX, seed=len(random))
    control = vc.Control(tolerance=1e-13)
    ours = vc.fit(fixed, random=random, data=data, known={"A": pedigree_of(fixed_lines())}, control=control)
    dense = vc.fit(fixed, random=random, data=data, known={"A": A_MATRIX}, control=control)
    assert ours.converged and dense.converged
    assert ours.loglik == pytest.approx(dense.loglik, rel=1e-9, abs=1e-8)
    assert np.allclose(ours.varcomp.component, dense.varcomp.component, rtol=1e-5, atol=1e-7)
    for term in ours.terms[:-1]:
        one, two = ours.random_effects(term), dense.random_effects(term).loc[ours.random_effects(term).index]
        assert len(one) >= len(A_MATRIX)
        assert np.allclose(one.effect, two.effect, atol=1e-5)
        assert np.allclose(one.pev, two.pev, atol=1e-5)
        assert np.allclose(one.reliability, two.reliability, atol=1e-5, equal_nan=True)


def test_labels_stay_and_are_named():
    data = records(A_MATRIX, seed=1)
    fit = vc.fit("y1 ~ 1", random="vm(line, A)", data=data, known={"A": pedigree_of(fixed_lines())})
    u = fit.random_effects("line")
    assert u.effect["A.50"] == pytest.approx(u.effect["A.48"]) != pytest.approx(u.effect["a"])
    assert u.effect["AB"] == pytest.approx((u.effect["A.50"] + u.effect["B.45"]) / 2)
    assert u.pev["AB"] < (u.pev["A.50"] + u.pev["B.45"]) / 2
    note = next(text for text in fit.notes if "without Mendelian variance" in text)
    assert note.startswith("known A: ") and "in all)" in note


@pytest.mark.parametrize("reductions", ["canonical", "spectral"])
def test_reductions_give_the_same_numbers(reductions):
    data = records(A_MATRIX, seed=7)
    fits = [
        vc.fit(
            "y1 + y2 ~ trait",
            random="us(trait):vm(line, A)",
            data=data,
            known={"A": pedigree_of(fixed_lines())},
            control=vc.Control(reductions=way),
        )
        for way in (reductions, "off")
    ]
    assert fits[0].loglik == pytest.approx(fits[1].loglik, abs=1e-8)
    one, two = (fit.random_effects("line") for fit in fits)
    assert np.allclose(one[["effect", "pev"]], two[["effect", "pev"]], atol=1e-5)


def test_a_pedigree_with_fixed_lines_has_no_inverse():
    pedigree = pedigree_of([("a", None, None), *selfed("A", "a", 50)])
    with pytest.raises(vc.RelationshipError, match=r"no Mendelian variance.*from_pedigree"):
        pedigree.precision()
    assert pedigree.logdet() < -500


@pytest.mark.parametrize("generations", [5, 15, 19, 22, 30, 39])
def test_every_degree_of_fixation_gives_the_same_fit_as_its_matrix(generations):
    """From A^-1 over deviations to combinations: no digit is lost between 1e-2 and 1e-12."""
    rows = [("a", None, None), ("b", None, None), ("ab", "a", "b")]
    rows += [row for i in range(8) for row in selfed(f"L{i}", "ab", generations)]
    last = [f"L{i}.{generations}" for i in range(8)]
    rows.append(("F1", last[0], last[1]))
    a = tabular(rows).loc[[*last, "F1"], [*last, "F1"]]
    rng = np.random.default_rng(generations)
    line = np.tile(np.arange(9), 4)
    y = np.linalg.cholesky(a + 1e-9 * np.eye(9)) @ rng.normal(size=9) * 1.5
    data = pd.DataFrame({"line": np.array(a.index)[line], "y": y[line] + rng.normal(size=36)})
    control = vc.Control(tolerance=1e-13)
    ours = vc.fit("y ~ 1", random="vm(line, A)", data=data, known={"A": pedigree_of(rows)}, control=control)
    dense = vc.fit("y ~ 1", random="vm(line, A)", data=data, known={"A": a}, control=control)
    assert ours.loglik == pytest.approx(dense.loglik, abs=2e-9)
    assert np.allclose(ours.random_effects("line").loc[a.index], dense.random_effects("line"), atol=1e-6)
