"""Records whose level of a random term is unknown: left out, or kept with a zero row, against a dense V made without the package."""

from __future__ import annotations

import dense
import numpy as np
import pandas as pd
import pytest

import vcmodel as vc

N = 60


def table() -> pd.DataFrame:
    """Two responses, with unknown levels in every factor of a random term."""
    rng = np.random.default_rng(8)
    block, gen, site = rng.integers(0, 5, N), rng.integers(0, 8, N), rng.integers(0, 2, N)
    u = 1.5 * rng.normal(size=(8, 2)) + 0.7 * rng.normal(size=(8, 1))
    y = u[gen] + rng.normal(size=(5, 2))[block] + rng.normal(size=(N, 2))
    d = pd.DataFrame({"y1": y[:, 0], "y2": y[:, 1], "x": rng.normal(size=N)})
    for name, codes in (("block", block), ("gen", gen), ("site", site)):
        d[name] = [f"{name}{i}" for i in codes]
    d.loc[3:9, "gen"] = None
    d.loc[8:14, "block"] = None
    d.loc[20:24, "site"] = None
    return d


def columns(*factors: pd.Series) -> np.ndarray:
    """Indicators of the combinations, zero where a part is unknown."""
    known = np.all([f.notna() for f in factors], axis=0)
    joined = pd.Series(np.where(known, ["|".join(map(str, row)) for row in zip(*factors, strict=True)], None))
    return pd.get_dummies(joined).to_numpy(float)


def check(fit: vc.Fit, y: np.ndarray, x: np.ndarray, parts: dict[str, np.ndarray]) -> None:
    """logL is that of V, the sum of the parts times their components, and has no slope there."""
    free = list(fit.varcomp.index)
    assert set(free) == set(parts)

    def loglik(values: np.ndarray) -> float:
        return dense.loglik(y, x, sum(value * parts[row] for row, value in zip(free, values, strict=True)))

    at = fit.varcomp.component.to_numpy()
    assert fit.converged
    assert fit.loglik == pytest.approx(loglik(at), abs=1e-9)
    inside = at > 1e-6
    assert np.all(np.abs(dense.differences(loglik, at)[inside]) < 1e-3)


@pytest.mark.parametrize("reductions", ["auto", "off"])
def test_terms_without_a_level_have_no_effect(reductions: str) -> None:
    d = table()
    fit = vc.fit("y1 ~ x", random="block + gen:block + gen", data=d, missing="zero", control=vc.Control(reductions=reductions))
    parts = {"block": (d.block,), "gen:block": (d.gen, d.block), "gen": (d.gen,)}
    known = {row: (z := columns(*factors)) @ z.T for row, factors in parts.items()}
    check(fit, d.y1.to_numpy(), np.column_stack([np.ones(N), d.x]), known | {"units!R": np.eye(N)})
    assert fit.n_observations == N
    assert [note for note in fit.notes if "kept" in note] == [
        "block: 7 rows with an unknown block kept, without an effect from this term",
        "gen:block: 7 rows with an unknown gen kept, without an effect from this term",
        "gen:block: 7 rows with an unknown block kept, without an effect from this term",
        "gen: 7 rows with an unknown gen kept, without an effect from this term",
    ]


def test_matrices_and_conditions() -> None:
    d = table()
    fit = vc.fit("y1 ~ 1", random="diag(site):gen + at(site, 'site0'):block", data=d, missing="zero")
    gen, block = columns(d.gen), columns(d.block)
    at = [(d.site == level).to_numpy(float)[:, None] for level in ("site0", "site1")]
    parts = {f"site:gen!site_site{i}": (at[i] * gen) @ (at[i] * gen).T for i in (0, 1)}
    parts |= {"at(site, 'site0'):block": (at[0] * block) @ (at[0] * block).T, "units!R": np.eye(N)}
    check(fit, d.y1.to_numpy(), np.ones((N, 1)), parts)


def test_several_traits_and_a_covariate() -> None:
    d = table()
    fit = vc.fit("y1 + y2 ~ trait", random="us(trait):gen + gen:lin(x)", residual="units:us(trait)", data=d, missing="zero")
    y, x = d[["y1", "y2"]].to_numpy().ravel(), np.tile(np.eye(2), (N, 1))
    gen, slope = columns(d.gen), np.repeat(d.x.to_numpy()[:, None] * columns(d.gen), 2, axis=0)
    parts = {}
    for i, j in ((0, 0), (1, 0), (1, 1)):
        s = np.zeros((2, 2))
        s[i, j] = s[j, i] = 1.0
        parts[f"trait:gen!trait_y{i + 1}:y{j + 1}"] = np.kron(gen @ gen.T, s)
        parts[f"units:trait!trait_y{i + 1}:y{j + 1}"] = np.kron(np.eye(N), s)
    check(fit, y, x, parts | {"gen:lin(x)": slope @ slope.T})


def maternal() -> tuple[pd.DataFrame, pd.DataFrame]:
    """A pedigree and records, some of them of animals without a known dam."""
    rng = np.random.default_rng(3)
    rows = [(f"f{i}", "0", "0") for i in range(12)]
    rows += [(f"a{i}", f"f{rng.integers(0, 6)}", f"f{rng.integers(6, 12)}" if i % 4 else "0") for i in range(50)]
    pedigree = pd.DataFrame(rows, columns=["id", "sire", "dam"])
    data = pedigree.iloc[12:].rename(columns={"id": "animal"}).reset_index(drop=True)
    return pedigree, data.assign(y=rng.normal(size=50) + 0.8 * (data.dam == "f7") + rng.normal(size=50))


@pytest.mark.parametrize("code", ["0", None, " Unknown ", "-9", "."])
def test_a_code_for_unknown_is_a_level_only_where_it_is_an_individual(code: str | None) -> None:
    pedigree, data = maternal()
    a = vc.Pedigree(pedigree)
    data["dam"] = data.dam.where(data.dam != "0", code)
    fit = vc.fit("y ~ 1", random="vm(animal, A) + vm(dam, A)", data=data, known={"A": a}, missing="zero")
    k = np.linalg.inv(a.precision().toarray())
    animal, dam = (np.array([[float(label == name) for label in a.labels] for name in data[column]]) for column in ("animal", "dam"))
    parts = {"vm(animal, A)": animal @ k @ animal.T, "vm(dam, A)": dam @ k @ dam.T, "units!R": np.eye(50)}
    check(fit, data.y.to_numpy(), np.ones((50, 1)), parts)
    assert any(note.startswith("vm(dam, A): 13 rows with an unknown dam kept") for note in fit.notes)
    if code is not None:
        assert any("taken as unknown: A has no such level" in note for note in fit.notes)
    dropped = vc.fit("y ~ 1", random="vm(animal, A) + vm(dam, A)", data=data, known={"A": a})
    assert dropped.n_observations == 37
    assert any("dam (13)" in note and "missing='zero'" in note for note in dropped.notes)


def test_a_numeric_column_keeps_its_numbers() -> None:
    pedigree = pd.DataFrame({"id": [1, 2, 2**53 + 1], "sire": [0, 0, 1], "dam": [0, 0, 2]})
    data = pd.DataFrame({"animal": np.tile([1, 2, 2**53 + 1, 0], 5), "y": np.random.default_rng(0).normal(size=20)})
    fit = vc.fit("y ~ 1", random="vm(animal, A)", data=data, known={"A": vc.Pedigree(pedigree)}, missing="zero")
    assert fit.n_observations == 20
    own = pd.DataFrame({"id": [0, 1, 2, 2**53 + 1]}).assign(sire=None, dam=None)
    with_zero = vc.fit("y ~ 1", random="vm(animal, A)", data=data, known={"A": vc.Pedigree(own)})
    assert with_zero.n_observations == 20
    assert not any("unknown" in note and note.startswith("animal") for note in with_zero.notes)


def test_covariates_and_fixed_factors_still_drop() -> None:
    d = table()
    d.loc[0:1, "x"] = np.nan
    fit = vc.fit("y1 ~ x + site", random="gen", data=d, missing="zero")
    assert fit.n_observations == N - 2 - 5
    assert "7 rows with an observed response dropped for missing values in x (2), site (5)" in fit.notes


def test_a_term_without_any_level_is_refused() -> None:
    with pytest.raises(vc.DataError, match=r"'gen' in `random`: no record has a known level"):
        vc.fit("y1 ~ 1", random="gen", data=table().assign(gen=np.nan), missing="zero")


def test_the_choices_are_named() -> None:
    with pytest.raises(vc.VcmodelError, match=r"missing = '-9': .*drop, zero.*vc\.read"):
        vc.Model("y1 ~ 1", random="gen").fit(table(), missing="-9")  # type: ignore[arg-type]


def test_plans_and_batches_take_it_too() -> None:
    model = vc.Model("y1 ~ 1", random="gen")
    assert model.plan(table(), missing="zero") is not None
    (result,) = vc.fit_many(model, {"d": table()}, missing="zero", executor="serial")
    assert result.fit["loglik"] == pytest.approx(model.fit(table(), missing="zero").loglik)
