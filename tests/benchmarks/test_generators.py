"""The generators of the benchmark data: reproducible and of the stated shape. Nothing here is timed."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
# the benchmarks are not part of the installed package
sys.path.append(str(ROOT))

from benchmarks import cases, clock, generate, genomic, groups, iteration, matrices, pedigrees, peers, report, run, threads, trials  # noqa: E402


def twice(function, **arguments):
    """The result of a generator, after checking that a second call gives the same and another seed does not."""
    first, second, other = (function(seed, **arguments) for seed in (5, 5, 6))
    parts = [item if isinstance(item, tuple) else (item,) for item in (first, second, other)]
    for a, b in zip(parts[0], parts[1], strict=True):
        pd.testing.assert_frame_equal(pd.DataFrame(a), pd.DataFrame(b))
    assert not pd.DataFrame(parts[0][0]).equals(pd.DataFrame(parts[2][0]))
    return first


def test_blocks_and_families():
    table = twice(trials.blocks_and_families, blocks=4, families=6, replicates=2, traits=("a", "b"), missing=0.2)
    assert table.shape == (48, 4)
    assert (table.groupby(["Block", "Family"]).size() == 2).all()
    assert len(table.groupby(["Block", "Family"])) == 24
    empty = table[["a", "b"]].isna()
    assert empty.to_numpy().any()
    assert not empty.all(axis=1).any()


def test_genotypes_in_environments():
    table = twice(trials.genotypes_in_environments, environments=3, genotypes=10, replicates=2)
    assert table.shape == (60, 3)
    assert (table.groupby(["env", "geno"]).size() == 2).all()


def test_plots_of_fields():
    table = twice(trials.plots_of_fields, rows=6, columns=5, genotypes=40, trials=3)
    assert list(table.columns) == ["trial", "row", "column", "gen", "y"]
    assert 75 < len(table) < 90
    assert not table.duplicated(["trial", "row", "column"]).any()
    assert table.groupby("trial")["gen"].nunique().max() <= 15
    whole = trials.plots_of_fields(1, rows=6, columns=5, genotypes=30, missing=0.0)
    assert whole["gen"].value_counts().tolist() == [1] * 30
    # neighbours are alike, and an independent error makes them less so
    fields = [trials.plots_of_fields(2, rows=60, columns=60, genotypes=9, missing=0.0, nugget=nugget) for nugget in (False, True)]
    alike = []
    for field in fields:
        y = (field["y"] - field.groupby("gen")["y"].transform("mean")).to_numpy().reshape(60, 60)
        alike.append(np.corrcoef(y[1:].ravel(), y[:-1].ravel())[0, 1])
    assert alike[0] == pytest.approx(0.6, abs=0.08)
    assert alike[1] == pytest.approx(0.4, abs=0.08)


@pytest.mark.parametrize("within_herd", [True, False])
def test_pedigree_of_discrete_generations(within_herd):
    generator = np.random.default_rng(1)
    parents, home, generation = pedigrees.discrete_generations(generator, animals=2700, generations=9, dams_within_herd=within_herd)
    assert np.bincount(generation).tolist() == [300] * 9
    later = generation > 0
    assert (parents[~later] == -1).all()
    assert (generation[parents[later]] == generation[later, None] - 1).all()
    assert (home[parents[later, 1]] == home[later]).all() == within_herd
    assert not set(parents[later, 0]) & set(parents[later, 1])
    for g in range(1, 9):
        assert len(set(parents[generation == g, 0])) <= pedigrees.SIRES


def test_animal_records():
    records, pedigree = twice(pedigrees.animal_records, animals=900, traits=2)
    assert list(records.columns) == ["animal", "hys", "y1", "y2"]
    assert records["animal"].tolist() == pedigree["id"].tolist()
    assert records["hys"].nunique() == 18
    assert (pedigree["sire"] == "").sum() == 100


def test_lines_with_markers():
    records, relationship = twice(genomic.lines_with_markers, lines=40, traits=2, markers=200)
    assert records.shape == (40, 3)
    assert np.array_equal(relationship, relationship.T)
    assert np.linalg.eigvalsh(relationship)[0] > 1e-3


def test_groups():
    pairs = twice(groups.pairs_in_groups, pairs=30)
    assert pairs.groupby("f").size().tolist() == [2] * 60
    assert pairs.groupby("R")["variable"].unique().map(sorted).to_dict() == {"P": ["y1", "y2"], "T": ["y3", "y4"]}
    ratings = twice(groups.ratings, n=500, students=40, lecturers=15, departments=4)
    assert len(ratings) == 500
    assert ratings[["student", "lecturer", "department"]].nunique().tolist() == [40, 15, 4]


def test_equations_are_the_sum_of_their_parts():
    made = matrices.trial(1, plots=60, genotypes=8, blocks=10, traits=2, sites=2)
    lower = made.pattern.copy()
    lower.data = made.fill @ made.coefficients
    dense = lower.toarray()
    dense += np.tril(dense, -1).T
    assert dense.shape == (40, 40)
    assert np.linalg.eigvalsh(dense)[0] > 0
    # one coefficient more moves only the entries of its part
    step = made.fill @ (made.coefficients + np.eye(len(made.coefficients))[-1]) - lower.data
    assert np.count_nonzero(step) == 8


def test_equations_of_an_animal_model_are_henderson_s():
    made = matrices.animal_model(1, animals=120, generations=4)
    lower = made.pattern.copy()
    lower.data = made.fill @ made.coefficients
    dense = lower.toarray()
    dense += np.tril(dense, -1).T
    seasons = dense.shape[0] - 120
    assert seasons == 4
    # records of an animal and of its herd-year: 1 / residual variance
    assert dense[:seasons, seasons:].sum() == pytest.approx(120 / 2.0)
    assert np.linalg.eigvalsh(dense)[0] > 0


def test_every_case_has_a_name_and_known_peers():
    assert len(cases.BY_KEY) == len(cases.CASES)
    assert {case.family for case in cases.CASES} == {"T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T9", "T10"}
    assert all(set(case.peers) <= set(peers.NAMES) for case in cases.CASES)
    assert [case.key for case in cases.chosen({"T4"}, None)] == ["T4-5k", "T4-50k", "T4-200k"]
    assert [case.key for case in cases.chosen(None, {"1M"})] == ["T4-1M"]
    with pytest.raises(ValueError, match="no family T99; there are"):
        cases.chosen({"T99"}, None)
    with pytest.raises(ValueError, match="no size 7k; there are"):
        cases.chosen(None, {"7k"})


def test_data_are_written_once_for_all_programs(tmp_path):
    case = cases.BY_KEY["T2-1200"]
    generate.write(case, tmp_path)
    data = pd.read_csv(tmp_path / "data.csv")
    shape = json.loads((tmp_path / "shape.json").read_text())
    assert shape == {"rows": 1200, "cells": int(data[["HT", "DBH"]].notna().to_numpy().sum())}
    assert shape["cells"] == pytest.approx(0.97 * 2400, rel=0.01)


def test_a_job_says_what_became_of_it(tmp_path):
    case = cases.BY_KEY["T1-1200"]
    shape = {"rows": 1200, "cells": 1200}

    def job(code, limit=20.0):
        return run.row_of(case, "x", run.execute([sys.executable, "-c", code], tmp_path, limit), shape)

    good = job("from benchmarks.clock import report; from benchmarks.threads import require_one_thread as r; r(); report(cpu=[2.0, 1.0])")
    assert (good["cpu"], good["message"]) == ([2.0, 1.0], "")
    assert good["peak_mib"] > 1
    assert job("import sys; sys.exit('it broke')")["message"] == "exit 1: it broke"
    assert job("pass")["message"] == "no result printed"
    assert job("import time; time.sleep(60)", limit=0.3)["message"] == "no answer within 0.3 s"


def test_repeats_stop_at_the_budget():
    assert len(clock.repeated(lambda: 1, 3, 60.0)[1]["cpu"]) == 3
    assert len(clock.repeated(lambda: sum(range(20_000)), 1000, 0.0)[1]["wall"]) == 1


def test_more_than_one_thread_is_refused(monkeypatch):
    for name, value in threads.ONE_THREAD.items():
        monkeypatch.setenv(name, value)
    threads.require_one_thread()
    monkeypatch.setitem(os.environ, "OMP_THREAD_LIMIT", "4")
    with pytest.raises(RuntimeError, match="OMP_THREAD_LIMIT"):
        threads.require_one_thread()


def record(program, loglik, **more):
    base = {"case": "T1-1200", "cells": 1200, "program": program, "wall": [2.0, 1.0], "cpu": [2.0, 1.0], "loglik_full": loglik}
    return {**base, "peak_mib": 10.0, "message": "", "converged": True, **more}


def test_table_tells_who_is_short_and_who_is_above():
    ours = record("vcmodel", -100.0)
    assert report.agreement(record("p", -100.0005), ours)[1] == ""
    assert report.agreement(record("p", -100.5), ours)[1] == "short of the maximum"
    assert report.agreement(record("p", -99.5), ours)[1] == "**logL above ours**"
    assert report.agreement(record("p", -100.004, resolution=0.005), ours)[1].startswith("agrees within its printed digits")
    assert "not converged (code 8)" in report.agreement(record("p", -100.0, converged=False, status="code 8"), ours)[1]
    lines = report.table([ours, record("p", -100.0, cpu=[6.0, 4.0]), {**record("q", None), "message": "no answer within 1 s"}]).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert "| 4 |" in lines[3]


def test_an_iteration_is_the_sum_of_its_parts():
    case = cases.BY_KEY["T1-1200"]
    found, seconds = iteration.fitted(case)
    best = iteration.measure(found, 2)
    assert set(best) == {*iteration.NAMES, "rest", "iteration"}
    assert all(value >= 0.0 for value in best.values())
    assert sum(best[name] for name in (*iteration.NAMES, "rest")) == pytest.approx(best["iteration"])
    # nothing is timed any longer
    assert "refactor" not in vars(found.estimate.equations.factor)
    assert iteration.line(case, found, seconds, best).count("|") == len(iteration.COLUMNS) + 1
    assert set(iteration.DEFAULT) <= set(cases.BY_KEY)
    with pytest.raises(ValueError, match="pedigree"):
        iteration.fitted(cases.BY_KEY["T4-5k"])
