from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from batch.small import folder, trial

import vcmodel as vc
from vcmodel.batch import combine_pairs, fit_many, run_job
from vcmodel.batch.result import BatchResult
from vcmodel.linalg.definite import is_positive_semidefinite

TRAITS = ("a", "b", "c", "d")


def pair(one, two, values, errors=(0.1, 0.1, 0.1), status="converged"):
    entries = {"row": [one, two, two], "column": [one, two, one], "covariance": list(values), "std_error": list(errors)}
    kept = {"pair": [{"term": "trait:line", **entries}]}
    return BatchResult(f"{one}{two}", "f", "m", None, (one, two), {}, status, "", fit={}, kept=kept)


def test_estimates_that_fit_together_are_kept():
    results = [
        pair("a", "b", (1.0, 2.0, 0.5), (0.1, 0.2, 0.1)),
        pair("a", "c", (1.2, 3.0, 0.1), (0.2, 0.3, 0.1)),
        pair("b", "c", (2.0, 3.0, -0.4)),
    ]
    (found,) = combine_pairs(results)
    assert found.note == "unchanged: the pairwise estimates are positive semi-definite"
    # the variance of a: mean with weights 100 and 25
    assert found.matrix == pytest.approx(np.array([[1.04, 0.5, 0.1], [0.5, 2.0, -0.4], [0.1, -0.4, 3.0]]))
    assert found.std_error[0, 0] == pytest.approx(62.5**-0.5)
    assert found.n_fits.tolist() == [[2, 1, 1], [1, 2, 1], [1, 1, 2]]
    assert found.covariance.loc["b", "c"] == pytest.approx(-0.4)
    assert found.correlation.loc["a", "b"] == pytest.approx(0.5 / np.sqrt(1.04 * 2.0))


def test_estimates_that_do_not_are_changed_least_where_they_are_known_best():
    good, poor = (0.05, 0.05, 0.01), (0.05, 0.05, 1.0)
    results = [pair("a", "b", (1, 1, 0.9), good), pair("a", "c", (1, 1, 0.9), good), pair("b", "c", (1, 1, -0.9), poor)]
    (found,) = combine_pairs(results)
    assert is_positive_semidefinite(found.matrix)
    assert found.note.startswith("changed: the pairwise estimates had an eigenvalue of -0.8")
    change = np.abs(found.matrix - found.pairwise)
    assert change[1, 2] > 1.0
    assert change[0, 1] < 0.05
    rows = found.rows()
    assert [row[3:5] for row in rows] == [("a", "a"), ("b", "a"), ("b", "b"), ("c", "a"), ("c", "b"), ("c", "c")]
    assert rows[4][8] == pytest.approx(found.matrix[2, 1])
    assert rows[4][10] == pytest.approx((found.matrix - found.pairwise)[2, 1] / 1.0)


def test_a_pair_without_a_fit_is_completed_and_said():
    results = [pair("a", "b", (1, 1, 0.5)), pair("a", "c", (1, 1, 0.5)), pair("b", "c", (9, 9, 9), status="not_converged")]
    (found,) = combine_pairs(results)
    assert found.n_fits[1, 2] == 0
    assert np.isnan(found.pairwise[1, 2])
    assert found.matrix[1, 1] == pytest.approx(1.0)
    assert found.rows()[4][5] is None
    assert found.rows()[4][-1] == "no converged fit has this pair: completed, not estimated"
    assert is_positive_semidefinite(found.matrix)


def test_variances_of_zero_and_missing_standard_errors():
    results = [pair("a", "b", (0, 1, 0), (None, 0.1, None)), pair("a", "c", (0, 2, 0), (None, 0.1, None)), pair("b", "c", (1, 2, 0.3))]
    (found,) = combine_pairs(results)
    assert found.matrix == pytest.approx(np.array([[0, 0, 0], [0, 1, 0.3], [0, 0.3, 2]]))
    assert found.rows()[0][-1].endswith("no standard error: weighted like the others' median")
    assert np.isnan(found.correlation.loc["a", "b"])
    (empty,) = combine_pairs([pair("a", "b", (0, 0, 0), (None,) * 3)])
    assert empty.note == "unchanged: every variance is zero"


def test_all_pairs_of_four_traits():
    data = trial(1, traits=TRAITS)
    model = vc.Model("a + b + c + d ~ trait", random="us(trait):line", residual="units:us(trait)")
    results = list(fit_many(model, {"t": data}, traits="pairs", executor="serial"))
    assert [result.traits for result in results] == [(x, y) for i, x in enumerate(TRAITS) for y in TRAITS[i + 1 :]]
    assert all(result.converged for result in results)
    one = vc.fit("b + d ~ trait", "us(trait):line", "units:us(trait)", data=data)
    assert results[4].fit["loglik"] == one.loglik
    line, units = combine_pairs(results)
    assert (line.term, units.term) == ("trait:line", "units:trait")
    assert line.pairwise[3, 1] == one.covariance("line").loc["d", "b"]
    assert line.std_error[3, 1] == pytest.approx(one.varcomp.at["trait:line!trait_d:b", "std_error"])
    whole = model.fit(data)
    # near the joint estimate, which uses all traits at once
    for combination, term in ((line, "line"), (units, "residual")):
        assert is_positive_semidefinite(combination.matrix)
        difference = np.abs(combination.matrix - whole.covariance(term).to_numpy())
        assert np.all(difference < 0.5 * combination.std_error)


def test_correlations_give_standard_errors_of_covariances_too():
    data = trial(1)
    results = {
        structure: list(fit_many(vc.Model("a + b ~ trait", f"{structure}(trait):line", "units:us(trait)"), {"t": data}, executor="serial"))
        for structure in ("us", "corgh", "diag")
    }
    (us, _), (corgh, _), (diag, _) = (combine_pairs(item) for item in results.values())
    assert corgh.matrix == pytest.approx(us.matrix, rel=1e-4)
    assert corgh.std_error == pytest.approx(us.std_error, rel=1e-3)
    assert np.isnan(diag.std_error[1, 0])
    assert np.isfinite(diag.std_error[0, 0])


def test_a_job_of_pairs(tmp_path):
    text = 'traits = "pairs"\nresponses = ["c", "a", "b"]\n[model]\nfixed = "~ trait"\nrandom = "us(trait):line"\n'
    job = folder(tmp_path / "job", files=2, job=text, broken=True, traits=TRAITS)
    summary = run_job(job, tmp_path / "out", executor="serial")
    assert (summary.total, summary.failed) == (6, 3)
    table = pd.read_csv(tmp_path / "out" / "pairs.csv")
    assert table["file"].unique().tolist() == ["trials/t0.csv"]
    assert table["term"].unique().tolist() == ["trait:line", "units:trait"]
    assert table.loc[:5, ["trait", "trait2"]].values.tolist() == [["c", "c"], ["a", "c"], ["a", "a"], ["b", "c"], ["b", "a"], ["b", "b"]]
    assert np.allclose(table["combined"] - table["pairwise"], table["change"])
    varcomp = pd.read_csv(tmp_path / "out" / "varcomp.csv")
    assert set(varcomp["traits"]) == {"c+a", "c+b", "a+b"}
    assert varcomp.loc[1, ["row", "trait", "trait2"]].tolist() == ["trait:line!trait_a:c", "a", "c"]


def test_a_fit_without_pairs_has_no_combination():
    (single,) = fit_many(vc.Model("a ~ 1", "line"), {"t": trial(1)}, executor="serial")
    assert combine_pairs([single]) == []
    assert combine_pairs([replace(pair("a", "b", (1, 1, 0)), kept=None)]) == []
