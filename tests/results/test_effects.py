import json

import dense
import numpy as np
import pandas as pd
import pytest
from example_fits import oats, split_plot, trial, zero_variance

import vcmodel as vc
from vcmodel.results.effects import effects_record, effects_table


def truth(fit, term):
    """BLUP and PEV of a term from the dense formulas: u = GZ'Py, PEV = G - GZ'PZG."""
    design = fit.estimate.design
    sigmas = [fit.covariance(label).to_numpy() for label in fit.terms]
    n = len(design.terms)
    v = dense.covariance(design, sigmas[:n], sigmas[n:])
    p = dense.projection(v, dense.fixed_matrix(design))
    g = np.kron(sigmas[term], dense.relationship(design.terms[term]))
    gz = g @ design.terms[term].incidence.toarray().T
    return gz @ p @ design.y, np.diag(g - gz @ p @ gz.T)


def test_effects_errors_and_reliabilities_of_a_single_variance():
    table = split_plot().random_effects("block:gen")
    effect, pev = truth(split_plot(), 1)
    np.testing.assert_allclose(table["effect"], effect, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(table["pev"], pev, rtol=1e-8)
    np.testing.assert_allclose(table["std_error"] ** 2, pev, rtol=1e-8)
    np.testing.assert_allclose(table["reliability"], 1 - pev / split_plot().covariance("block:gen").iloc[0, 0], rtol=1e-7)
    assert table.index.name == "level"
    assert table.index[0] == "B1:GoldenRain"


def test_effects_of_several_traits_run_by_level_then_trait():
    fit = trial()
    table = fit.random_effects("Family")
    effect, pev = truth(fit, 1)
    families = table.index.get_level_values("level").unique()
    assert table.index.names == ["level", "trait"]
    assert table.index[:2].tolist() == [(families[0], "bden"), (families[0], "veloc")]
    np.testing.assert_allclose(table["effect"].to_numpy().reshape(-1, 2).T.ravel(), effect, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(table["pev"].to_numpy().reshape(-1, 2).T.ravel(), pev, rtol=1e-6)
    variance = np.diag(fit.covariance("Family"))
    np.testing.assert_allclose(table.xs("veloc", level="trait")["reliability"], 1 - pev[len(families) :] / variance[1], rtol=1e-6)


def inbred():
    """A pedigree with inbred animals, and their records at two sites."""
    pedigree = pd.DataFrame(
        {"id": list("abcdefgh"), "sire": [None, None, "a", "a", "c", "c", "e", "e"], "dam": [None, None, "b", "b", "d", "d", "f", "f"]}
    )
    rng = np.random.default_rng(8)
    data = pd.DataFrame([(animal, site) for animal in "cdefgh" for site in ("s1", "s2") for _ in range(3)], columns=["animal", "site"])
    merit = dict(zip("cdefgh", rng.normal(0.0, 2.0, 6), strict=True))
    data["y"] = data["animal"].map(merit) + rng.normal(size=len(data))
    return data, vc.Pedigree(pedigree, id="id", sire="sire", dam="dam")


def test_reliabilities_are_relative_to_the_animals_own_variance():
    data, pedigree = inbred()
    start = {"site:vm(animal, A)!site_s1": 2.0, "site:vm(animal, A)!site_s2": 3.0}
    arguments = {"random": "diag(site):vm(animal, A)", "data": data, "known": {"A": pedigree}}
    fit = vc.fit("y ~ site", **arguments, start=start, bounds=dict.fromkeys(start, "F"))
    _, pev = truth(fit, 0)
    diagonal = np.diag(dense.relationship(fit.estimate.design.terms[0]))
    assert diagonal.max() > 1.2  # inbreeding is what tells K_ii from 1
    table = fit.random_effects("animal")
    for number, (site, variance) in enumerate((("s1", 2.0), ("s2", 3.0))):
        own = pev.reshape(2, -1)[number]
        np.testing.assert_allclose(table.xs(site, level="site")["reliability"], 1 - own / (variance * diagonal), rtol=1e-7, atol=1e-12)


def test_the_serial_form_of_effects_gives_the_table_back():
    for fit, term in ((split_plot(), "block:gen"), (trial(), "Family")):
        table = fit.random_effects(term)
        record = json.loads(json.dumps(effects_record(term, table)))
        back = effects_table(record)
        assert back.index.names == table.index.names
        np.testing.assert_allclose(back.to_numpy(), table.to_numpy())
        assert back.index.tolist() == [tuple(map(str, i)) if isinstance(i, tuple) else str(i) for i in table.index]


def test_without_variance_there_is_no_reliability():
    table = zero_variance().random_effects("g")
    assert (table[["effect", "std_error", "pev"]] == 0.0).all(axis=None)
    assert table["reliability"].isna().all()


def test_fixed_effects_are_generalised_least_squares():
    fit = split_plot()
    design, sigmas = fit.estimate.design, [fit.covariance(term).to_numpy() for term in fit.terms]
    x, v = dense.fixed_matrix(design), dense.covariance(design, sigmas[:2], sigmas[2:])
    vx = np.linalg.solve(v, x)
    covariance = np.linalg.inv(x.T @ vx)
    np.testing.assert_allclose(fit.fixed_effects["effect"], covariance @ vx.T @ design.y, rtol=1e-8)
    np.testing.assert_allclose(fit.fixed_effects["std_error"], np.sqrt(np.diag(covariance)), rtol=1e-8)
    np.testing.assert_allclose(fit.fixed_effects["z_ratio"], fit.fixed_effects["effect"] / fit.fixed_effects["std_error"])
    assert fit.fixed_effects.index[0] == "Intercept"


def test_fitted_and_residuals_stand_at_the_rows_of_the_data():
    data = oats()
    shuffled = data.sample(frac=1.0, random_state=3).set_index(pd.Index([f"plot {i}" for i in range(len(data))]))
    shuffled.loc[shuffled.index[[4, 9]], "yield"] = np.nan
    shuffled.loc[shuffled.index[20], "block"] = None
    fit = vc.fit("yield ~ gen", random="block", data=shuffled)
    assert fit.fitted.index.equals(shuffled.index)
    assert fit.fitted.isna().to_numpy().nonzero()[0].tolist() == [4, 9, 20]
    used = fit.fitted.notna()
    np.testing.assert_allclose((fit.fitted + fit.residuals)[used], shuffled.loc[used, "yield"])
    blup = fit.random_effects("block")["effect"]
    fixed = fit.fixed_effects["effect"]
    row = shuffled.iloc[0]
    mean = fixed["Intercept"] + (0.0 if row["gen"] == "GoldenRain" else fixed[f"gen[T.{row['gen']}]"])
    assert fit.fitted.iloc[0] == pytest.approx(mean + blup[row["block"]])


def test_several_responses_give_a_table_with_gaps_at_missing_cells():
    fit, data = trial(), vc.datasets.load("seed_rcbd_bivariate")
    assert fit.fitted.columns.tolist() == ["bden", "veloc"]
    assert fit.fitted.shape == (len(data), 2)
    np.testing.assert_array_equal(fit.fitted.isna(), data[["bden", "veloc"]].isna())
    np.testing.assert_allclose(fit.fitted + fit.residuals, data[["bden", "veloc"]])


def test_weights_leave_residuals_in_the_units_of_the_response():
    data = oats().assign(w=np.tile([1.0, 4.0], 36))
    fit = vc.fit("yield ~ gen", random="block", data=data, weights="w")
    np.testing.assert_allclose(fit.fitted + fit.residuals, data["yield"])
