"""The record of a fit: what it holds, and what it leaves out because of its size."""

import json
import time

import numpy as np
import pandas as pd
import pytest
from example_fits import oats, trial

import vcmodel as vc
from vcmodel.report.flags import flags


def test_rows_and_coefficients_know_their_responses():
    record = trial().to_dict()
    assert [(item["trait"], item["trait2"]) for item in record["varcomp"][:3]] == [("bden", "bden"), ("veloc", "bden"), ("veloc", "veloc")]
    assert [item["trait"] for item in record["fixed_effects"]] == ["bden", "veloc"]
    alone = vc.fit("yield ~ gen", random="block", data=oats()).to_dict()
    assert {(item["trait"], item["trait2"]) for item in alone["varcomp"]} == {("yield", "yield")}
    assert {item["trait"] for item in alone["fixed_effects"]} == {"yield"}


def many(levels, lines=12, seed=1):
    """Records of some lines at many levels of a factor."""
    rng = np.random.default_rng(seed)
    site, line = np.repeat(np.arange(levels), lines), np.tile(np.arange(lines), levels)
    y = rng.normal(size=levels)[site] + rng.normal(size=lines)[line] + rng.normal(size=site.size)
    return pd.DataFrame({"site": [f"s{i}" for i in site], "line": [f"l{i}" for i in line], "y": y})


def test_large_matrices_are_left_out_and_said():
    fit = vc.fit("y ~ 1", random="corv(site):line", data=many(61))
    record = fit.to_dict()
    assert list(record["covariance"]) == list(record["correlation"]) == ["units"]
    assert record["correlations"] == []
    (note,) = [note for note in record["notes"] if "left out of reports" in note]
    assert note.startswith("site:line: its 61 x 61 matrix")
    assert note in " ".join(fit.summary().split()).replace("\n", " ")
    assert fit.covariance("line").shape == (61, 61)
    assert len(fit.correlations()) == 61 * 60 // 2
    assert len(fit.covariances()) == 61 * 62 // 2 + 1
    assert len(fit.to_json()) < 50_000
    assert isinstance(flags(record), list)


def test_matrices_up_to_the_limit_are_there():
    record = vc.fit("y ~ 1", random="corv(site):line", data=many(20)).to_dict()
    assert np.shape(record["covariance"]["site:line"]["values"]) == (20, 20)
    assert len(record["correlations"]) == 190
    assert not any("left out" in note for note in record["notes"])


def test_tests_of_many_coefficients_are_left_out_and_the_record_costs_less_than_the_fit():
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"herd": [f"h{i}" for i in rng.integers(0, 2000, 6000)], "sire": [f"s{i}" for i in rng.integers(0, 100, 6000)]})
    data["y"] = rng.normal(size=100)[data["sire"].str[1:].astype(int)] + rng.normal(size=6000)
    begun = time.process_time()
    fit = vc.fit("y ~ herd", random="sire", data=data)
    fitted = time.process_time()
    record = fit.to_dict()
    assert time.process_time() - fitted < 0.5 * (fitted - begun)
    assert record["wald"] == []
    assert len(record["fixed_effects"]) == fit.n_fixed > 1800
    (note,) = [note for note in record["notes"] if note.startswith("Wald tests are left out")]
    assert f"{fit.n_fixed:,} fixed coefficients" in note
    json.dumps(record)


@pytest.mark.parametrize("key", ["covariance", "correlation", "wald", "correlations", "varcomp", "fixed_effects", "notes"])
def test_a_record_survives_json(key):
    record = trial().to_dict()
    assert json.loads(json.dumps(record, allow_nan=False))[key] == record[key]
