"""Which mixture belongs to which pair of models, and which pairs are none."""

import json
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from structures.drawing import placed

import vcmodel as vc
from vcmodel.results import comparable, nesting
from vcmodel.results.comparable import Comparable, entries
from vcmodel.results.comparison import likelihood_ratio
from vcmodel.structures.registry import build, structure_class

A, AB, US = "a ~ site", "a + b ~ trait", "units:us(trait)"
HALF, FREE = (0.5, 0.5), (0.0, 1.0)
PSD2 = ((2 - 2**0.5) / 4, 2**0.5 / 4, 2**0.5 / 4, (2 - 2**0.5) / 4)


@cache
def table():
    """24 families at three sites, two plants each, one block variance that is estimated as zero in b."""
    rng = np.random.default_rng(11)
    d = pd.DataFrame({"f": np.repeat(np.arange(24), 6).astype(str), "site": np.tile(list("AABBCC"), 24), "block": np.tile(list("12"), 72)})
    g = rng.normal(size=(24, 2)) @ np.array([[1.0, 0.6], [0.0, 0.8]])
    d[["a", "b"]] = g[d["f"].astype(int)] * [1, 30] + rng.normal(size=(144, 2)) * [1, 30]
    d["a"] += 0.5 * rng.normal(size=(24, 3))[d["f"].astype(int), d["site"].map({"A": 0, "B": 1, "C": 2})]
    d["c"] = g[:, 0][d["f"].astype(int)] + rng.normal(size=144) + 0.3 * d["b"] / 30
    d["x"] = rng.normal(size=144) + 3
    d["a2"] = d["a"] + 0.7 * rng.normal(size=24)[d["f"].astype(int)] * d["x"]
    return d


@cache
def fitted(fixed, random, residual, held=(), tied=()):
    start = dict(held)
    return vc.fit(fixed, random, residual, table(), start=start, bounds=dict.fromkeys(start, "F"), equal=[list(tied)] if tied else None)


def check(larger, smaller, weights, *, simulated=False, atol=1e-6):
    test = larger.lrt(smaller)
    np.testing.assert_allclose(test.weights, weights, atol=atol)
    assert test.simulated == simulated
    tail = sum(w * stats.chi2.sf(test.statistic, df) for df, w in enumerate(weights) if df)
    if test.statistic > 0:
        assert test.p == pytest.approx(tail, rel=0.05 if atol > 1e-3 else 1e-6)
    assert test.p_value == pytest.approx(stats.chi2.sf(test.statistic, test.df))
    assert np.isnan(test.p_boundary) == (np.count_nonzero(test.weights) == 1)
    return test


ONE_TRAIT = [
    ("f", None, HALF),
    ("f + site:f", "f", HALF),
    ("corv(site):f", "f", HALF),  # the same model, the correlation at one
    ("cor(site):f", "f", HALF),
    ("corv(site):f", "site:f", FREE),
    ("corh(site):f", "corv(site):f", (0, 0, 1)),
    ("corh(site):f", "f", (0, 0, 0.5, 0.5)),
    ("us(site):f", "corv(site):f", (0, 0, 0, 0, 1)),
    ("us(site):f", "corh(site):f", (0, 0, 1)),
    ("us(site):f", "diag(site):f", (0, 0, 0, 1)),
    ("us(site):f", "f + site:f", (0, 0, 0, 0, 1)),
    ("diag(site):f", "site:f", (0, 0, 1)),
    ("at(site):f", "site:f", (0, 0, 1)),
]


@pytest.mark.parametrize(("larger", "smaller", "weights"), ONE_TRAIT)
def test_one_trait(larger, smaller, weights):
    check(fitted(A, larger, None), fitted(A, smaller, None), weights)


@pytest.mark.parametrize(
    ("larger", "smaller", "weights"),
    [
        ("us(trait):f", None, PSD2),
        ("corgh(trait):f", None, PSD2),
        ("us(trait):id(site):f", None, PSD2),
        ("us(trait):f", "diag(trait):f", FREE),
        ("us(trait):f", "trait:f", (0, 0, 1)),
        ("us(trait):f", "f", (0, 0.5, 0.5)),
        ("us(trait):cor(site):f", "us(trait):f", HALF),
    ],
)
def test_two_traits(larger, smaller, weights):
    # balanced data: the information on a matrix is that of a Wishart matrix, whose cone a congruence makes round
    check(fitted(AB, larger, US), fitted(AB, smaller, US), weights, atol=5e-3)


def test_random_slopes():
    """From q to q + 1 terms under one unstructured matrix: half chi-square q, half q + 1 (Stram & Lee 1994)."""
    fits = [vc.fit("a2 ~ x", random, None, table()) for random in (None, "f", "f + f:lin(x)", "str(~ f + f:lin(x), ~ us(2):id(f))")]
    check(fits[1], fits[0], HALF)
    check(fits[2], fits[1], HALF)
    check(fits[3], fits[1], (0, 0.5, 0.5))
    check(fits[3], fits[2], FREE)
    assert sum(fits[3].lrt(fits[0]).weights[::2]) == pytest.approx(0.5)


def test_independent_variances_have_binomial_weights():
    two = check(fitted(AB, "diag(trait):f", "units:diag(trait)"), fitted(AB, None, "units:diag(trait)"), (0.25, 0.5, 0.25), atol=1e-3)
    assert two.distribution == "mixture 0.25:0.5:0.25 of chi-square 0, 1, 2 df"
    # variances whose estimates are negatively correlated: fewer are positive together
    weights = fitted(A, "f + site:f", None).lrt(fitted(A, None, None)).weights
    assert weights[1] == pytest.approx(0.5)
    assert 0.25 < weights[0] < 0.35


def test_larger_cones_are_simulated():
    test = fitted("a + b + c ~ trait", "us(trait):f", US).lrt(fitted("a + b + c ~ trait", None, US))
    assert test.simulated
    assert len(test.weights) == 7
    np.testing.assert_allclose([sum(test.weights), sum(test.weights[::2])], [1, 0.5])
    # the cone of 3 x 3 matrices in the metric of the trace of squares
    np.testing.assert_allclose(test.weights, [0.0227, 0.1047, 0.2266, 0.2894, 0.2266, 0.1047, 0.0227], atol=0.015)
    assert test.distribution.endswith("of chi-square 0, 1, 2, 3, 4, 5, 6 df, simulated")


def test_residuals_are_no_boundary():
    check(fitted(A, "f", "dsum(~ units | site)"), fitted(A, "f", None), (0, 0, 1))
    check(fitted(AB, "us(trait):f", US), fitted(AB, "us(trait):f", "units:diag(trait)"), FREE)


def test_held_and_tied_parameters():
    cor = "trait:f!trait_b:a.cor"
    corgh = fitted(AB, "corgh(trait):f", US)
    for value, weights in ((1.0, HALF), (0.5, FREE)):
        check(corgh, fitted(AB, "corgh(trait):f", US, ((cor, value),)), weights)
        check(fitted(AB, "us(trait):f", US), fitted(AB, "corgh(trait):f", US, ((cor, value),)), weights)
    three, sites = "diag(site):f", tuple(f"site:f!site_{level}" for level in "ABC")
    check(fitted(A, three, None), fitted(A, three, None, (), sites), (0, 0, 1))
    check(fitted(A, three, None), fitted(A, three, None, ((sites[0], 0.0), (sites[2], 0.4))), (0, 0.5, 0.5))
    two = fitted(A, "f + site:f", None)
    for value, weights in ((0.0, HALF), (0.2, FREE)):
        check(two, fitted(A, "f + site:f", None, (("site:f", value),)), weights)
    check(two, fitted(A, "f + site:f", None, (), ("f", "site:f")), FREE)
    # what the larger model itself holds is no direction
    check(fitted(A, "f + site:f", None, (("site:f", 0.0),)), fitted(A, None, None), HALF)


def test_parts_that_overlap_are_told_apart_by_their_names():
    """Matrices of corh over the sites could take up the common variance too."""
    check(
        fitted(A, "f + corh(site):block", None),
        fitted(A, "f", None),
        fitted(A, "f + us(site):block", None).lrt(fitted(A, "f", None)).weights,
        simulated=True,
        atol=0.05,
    )
    check(fitted(A, "corh(site):f + block", None), fitted(A, "corh(site):f", None), HALF)


def test_a_correlation_beside_a_variance_held_at_zero_is_no_direction():
    held = fitted(A, "corv(site):f", None, (("site:f", 0.0),))
    assert len(fitted(A, "corv(site):f", None).lrt(held).weights) == 3


@pytest.mark.parametrize(("larger", "smaller"), [("f + block", "site:f"), ("diag(site):f", "f"), ("corv(site):f + block", "diag(site):f")])
def test_models_that_are_not_nested(larger, smaller):
    larger, smaller = fitted(A, larger, None), fitted(A, smaller, None)
    with pytest.raises(vc.VcmodelError, match=r"lrt: the models are not nested|lower logL|neither contains"):
        larger.lrt(smaller)


def test_variances_of_both_models_at_zero():
    rng = np.random.default_rng(8)
    data = table().assign(y=lambda d: rng.normal(size=len(d)) + d["f"].astype(int) % 3)
    data["y"] -= data.groupby("block")["y"].transform("mean")
    larger, smaller = vc.fit("y ~ 1", "f + block", None, data), vc.fit("y ~ 1", "block", None, data)
    assert smaller.varcomp.loc["block", "component"] == 0.0
    test = larger.lrt(smaller)
    assert test.weights == pytest.approx(HALF)
    assert "a variance of both models is estimated as zero" in test.note


@pytest.mark.parametrize(
    ("fixed", "residual", "larger", "smaller", "dimensions"),
    [(A, None, "corgv(site):f", None, 4), (A, None, "corv(site):f", None, 2), (AB, US, "us(trait):corg(site):f", "us(trait):f", 3)],
)
def test_structures_that_reach_some_matrices_only(fixed, residual, larger, smaller, dimensions):
    test = fitted(fixed, larger, residual).lrt(fitted(fixed, smaller, residual))
    assert len(test.weights) == dimensions + 1
    assert sum(test.weights[::2]) == pytest.approx(0.5)
    assert test.p < test.p_value


def test_structures_that_are_no_convex_set():
    test = fitted(A, "corh(site):f", None).lrt(fitted(A, None, None))
    assert "p is an upper bound" in test.note
    np.testing.assert_allclose(test.weights, fitted(A, "us(site):f", None).lrt(fitted(A, None, None)).weights, atol=0.02)


def test_what_the_data_cannot_separate_keeps_the_plain_chi_square():
    data = table().assign(g=lambda d: d["f"] + d["site"] + d["block"])  # a level for every plot
    test = vc.fit(A, "f + g", None, data).lrt(vc.fit(A, None, None, data))
    assert test.weights == (0, 0, 1)
    assert test.p == test.p_value
    assert "the data cannot separate the parameters of the larger model: p is that of a plain chi-square" in test.note


def test_many_entries_keep_the_plain_chi_square(monkeypatch):
    monkeypatch.setattr(comparable, "MOST_ENTRIES", 3)
    larger, smaller = vc.fit(A, "diag(site):f", None, table()), vc.fit(A, None, None, table())
    test = larger.lrt(smaller)
    assert test.weights == (0, 0, 0, 1)
    assert "too many (co)variances" in test.note


def test_fixed_terms_in_another_order_are_the_same_fixed_effects():
    one, two = (vc.fit(fixed, random, None, table()) for fixed, random in (("a ~ site + x", "f"), ("a ~ x + site", None)))
    assert one.lrt(two).weights == pytest.approx(HALF)


def test_a_record_survives_json():
    larger, smaller = fitted(AB, "us(trait):f", US), fitted(AB, "f", US)
    one, two = (Comparable.from_dict(json.loads(json.dumps(fit.comparable.to_dict(), allow_nan=False))) for fit in (larger, smaller))
    assert likelihood_ratio(one, two) == larger.lrt(smaller)
    assert one.n_parameters == 6


STATIONARY = ("ar1", "ar2", "sar", "ma2", "arma")
ENTRIES = {"idv": 1, "diag": 3, "idh": 3, "corv": 2, "corgv": 4, "us": 6, "corh": 6, "corgh": 6}
# one for each lag, one for each pair
ENTRIES |= {name + suffix: count for name in STATIONARY for suffix, count in (("", 3), ("v", 3), ("h", 6))}

# of three places, each pair at its own distance
ENTRIES |= {name + suffix: count for name in ("exp", "igau", "mtrn") for suffix, count in (("", 4), ("v", 4), ("h", 6))}


@pytest.mark.parametrize("name", ENTRIES)
def test_entries_add_up_to_the_matrix(name):
    found = structure_class(name)
    structure = build(name, "f", ("a", "b", "c"), *found.examples[0], **placed(found, 3))
    basis = entries(structure)
    sigma = structure.value(structure.start(np.diag([1.0, 2.0, 3.0]) + 0.3))
    values = np.tensordot(basis, sigma, 2) / basis.sum(axis=(1, 2))
    np.testing.assert_allclose(np.tensordot(values, basis, 1), sigma)
    assert len(basis) == ENTRIES[name]


@pytest.mark.parametrize(("statistic", "chosen"), [(0.01, (0.1, 0.9, 0.0)), (6.0, (0.5, 0.0, 0.5))])
def test_the_more_cautious_of_two_mixtures_is_that_with_the_larger_tail_where_the_statistic_is(monkeypatch, statistic, chosen):
    other = nesting.Mixture(np.array([0.1, 0.9]))
    monkeypatch.setattr(nesting, "_mixture", lambda *_: other)
    found = nesting.Mixture(np.array([0.5, 0.0, 0.5]))
    along = np.zeros((3, 1))
    cone = type("Cone", (), {"without": lambda self, moves: self})()
    mixture = nesting._cautious(found, cone, np.eye(3), along, np.array([True]), statistic)
    np.testing.assert_array_equal(mixture.weights, chosen[: mixture.weights.size])
