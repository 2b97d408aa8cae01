"""Terms over the levels of conditions."""

from __future__ import annotations

import dense
import numpy as np
import pandas as pd
import pytest
from tabular import tabular

import vcmodel as vc


def unbalanced() -> pd.DataFrame:
    """Two traits at two sites; y1 was not measured at site A."""
    rng = np.random.default_rng(0)
    n = 80
    site = np.array(["A", "B"])[np.arange(n) % 2]
    gen = np.arange(n) // 2 % 10
    values = rng.normal(size=(n, 2)) + 2.0 * rng.normal(size=(10, 2))[gen]
    table = pd.DataFrame({"site": site, "gen": gen.astype(str), "y1": values[:, 0], "y2": values[:, 1]})
    table.loc[site == "A", "y1"] = np.nan
    return table


def fit(random: str) -> vc.Fit:
    return vc.fit("y1 + y2 ~ trait", random=random, data=unbalanced())


def test_an_implied_combination_without_observations_is_left_out_with_a_note() -> None:
    found = fit("at(trait, 'y1'):at(site):gen")
    assert found.terms == ("at(trait, 'y1'):at(site, 'B'):gen", "units:trait")
    assert "random: at(trait, 'y1'):at(site):gen: no observation for at(trait, 'y1'):at(site, 'A'), so no such term" in found.notes
    assert found.loglik == fit("at(trait, 'y1'):at(site, 'B'):gen").loglik
    assert fit("at(trait):at(site):gen").terms[:-1] == (
        "at(trait, 'y1'):at(site, 'B'):gen",
        "at(trait, 'y2'):at(site, 'A'):gen",
        "at(trait, 'y2'):at(site, 'B'):gen",
    )


@pytest.mark.parametrize(
    "random",
    [
        "at(trait, 'y1'):at(site, 'A'):gen",
        "at(trait, 'y1', 'y2'):at(site, 'A'):gen",
        "str(~ at(trait, 'y1'):at(site, 'A'):gen + at(trait, 'y2'):at(site, 'A'):gen, ~ us(2):id(gen))",
    ],
)
def test_a_combination_without_observations_that_was_written_is_refused(random: str) -> None:
    with pytest.raises(vc.DataError) as caught:
        fit(random)
    assert str(caught.value) == (f"{random!r} in `random`: no observation meets at(trait, 'y1'):at(site, 'A'); leave the term out")


def test_fixed_terms_follow_the_same_rule() -> None:
    data = unbalanced().assign(x=lambda d: np.arange(len(d)) % 7.0)
    found = vc.fit("y1 + y2 ~ trait + at(trait, 'y1'):at(site):x", data=data)
    assert list(found.fixed_effects.index) == ["trait_y1", "trait_y2", "at(trait, 'y1'):at(site, 'B'):x"]
    assert "fixed: at(trait, 'y1'):at(site):x: no observation for at(trait, 'y1'):at(site, 'A'), so no such term" in found.notes
    assert list(found.wald().index) == ["trait", "at(trait, 'y1'):at(site, 'B'):x"]
    for rest in ("x", "C(gen)"):
        with pytest.raises(vc.DataError, match=r"in `fixed`: no observation meets at\(trait, 'y1'\):at\(site, 'A'\); leave the term out"):
            vc.fit(f"y1 + y2 ~ trait + at(trait, 'y1'):at(site, 'A'):{rest}", data=data)


def inbred() -> tuple[pd.DataFrame, vc.Pedigree]:
    """Animals of unequal inbreeding at two sites, and their pedigree."""
    rows = [("a", None, None), ("b", None, None), ("c", "a", "b"), ("d", "c", "c"), ("e", "d", "d"), ("f", "a", "e"), ("g", "e", "f")]
    pedigree = vc.Pedigree(pd.DataFrame(rows, columns=["id", "sire", "dam"]))
    rng = np.random.default_rng(6)
    data = pd.DataFrame({"site": np.repeat(["p", "q"], 28), "animal": np.tile(list("abcdefg"), 8)})
    effects = {key: 2.0 * rng.normal() for key in zip(data["site"], data["animal"], strict=True)}
    drawn = [effects[key] for key in zip(data["site"], data["animal"], strict=True)]
    return data.assign(y=np.array(drawn) + rng.normal(size=len(data))), pedigree


def test_reliabilities_are_relative_to_the_variance_of_each_animal_at_each_site() -> None:
    data, pedigree = inbred()
    fit = vc.fit("y ~ site", random="site:vm(animal, A)", data=data, known={"A": pedigree})
    design, (sigma, error) = fit.estimate.design, (fit.estimate.sigma(i)[0, 0] for i in range(2))
    (term,) = design.terms
    a = tabular([[-1, -1], [-1, -1], [0, 1], [2, 2], [3, 3], [0, 4], [4, 5]])
    k = np.kron(np.eye(2), a)
    np.testing.assert_allclose(dense.relationship(term), k, atol=1e-10)
    np.testing.assert_allclose(term.relationship.diagonal, np.diag(k), atol=1e-12)
    assert term.relationship.labels[1] == "p:b" and len(set(np.diag(a))) > 3
    z = term.incidence.toarray()
    p = dense.projection(sigma * z @ k @ z.T + error * np.eye(len(data)), dense.fixed_matrix(design))
    explained = np.diag(sigma**2 * k @ z.T @ p @ z @ k)
    effects = fit.random_effects("site:vm(animal, A)")
    np.testing.assert_allclose(effects["reliability"], explained / (sigma * np.diag(k)), atol=1e-8)
    np.testing.assert_allclose(effects["effect"], sigma * k @ z.T @ p @ data["y"].to_numpy(), atol=1e-8)


def test_a_term_with_two_covariates_has_their_product() -> None:
    data = unbalanced().assign(x=lambda d: np.arange(len(d)) % 7.0, z=lambda d: 1.0 - np.arange(len(d)) % 5)
    design = vc.fit("y2 ~ 1", random="gen + gen:lin(x):lin(z)", data=data).estimate.design
    plain, products = (term.incidence.toarray() for term in design.terms)
    np.testing.assert_array_equal(products, plain * (data["x"] * data["z"]).to_numpy()[:, None])


def test_the_terms_joined_by_str_need_a_factor_each() -> None:
    with pytest.raises(vc.StructureError, match="every term of str\\(\\) must have the same number of factors"):
        vc.fit("y2 ~ 1", random="str(~ gen + gen:site, ~ us(2):id(gen))", data=unbalanced())


def test_levels_that_a_relationship_lacks_are_named() -> None:
    data, pedigree = inbred()
    data["animal"] = data["animal"].replace({"c": "x1", "d": "G"})
    with pytest.raises(
        vc.RelationshipError, match="vm\\(animal, A\\): levels G, x1 of column 'animal' not found in relationship 'A', where 'g' is"
    ):
        vc.fit("y ~ site", random="vm(animal, A)", data=data, known={"A": pedigree})
    with pytest.raises(vc.RelationshipError, match="vm\\(animal, B\\): no relationship named 'B' was given; pass known="):
        vc.fit("y ~ site", random="vm(animal, B)", data=data, known={"A": pedigree})


@pytest.mark.parametrize(
    ("shared", "message"),
    [
        ("id(13)", r"id\(13\), but its terms have 10 levels together: write id\(gen\)"),
        ("id(site)", r"site has other levels than gen, which its terms are over: write id\(gen\)"),
        ("id(nosuch)", r"id\(nosuch\) is of no factor of its terms, gen: write id\(gen\)"),
    ],
)
def test_the_second_formula_of_str_is_over_the_levels_of_its_terms(shared: str, message: str) -> None:
    data = unbalanced().assign(x=lambda d: np.arange(len(d)) % 7.0, twin=lambda d: d.gen)
    with pytest.raises(vc.StructureError, match=message):
        vc.fit("y1 ~ x", f"str(~ gen + gen:lin(x), ~ us(2):{shared})", data=data)
    logliks = [vc.fit("y1 ~ x", f"str(~ gen + gen:lin(x), ~ us(2):{same})", data=data).loglik for same in ("id(gen)", "id(10)", "id(twin)")]
    assert logliks == pytest.approx([logliks[0]] * 3, abs=1e-9)
