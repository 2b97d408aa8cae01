"""What a fit will cost, said before it: the time, the dense block that makes it long, the warning and the note."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import vcmodel as vc
from vcmodel.api import model_design
from vcmodel.control import Control
from vcmodel.equations import cost
from vcmodel.equations.method import General, choose
from vcmodel.equations.mixed_model import MixedModelEquations
from vcmodel.linalg.cholesky import SparseCholesky
from vcmodel.options import FitOptions

CROSSED = vc.Model("y ~ 1", random="rater + subject")


def crossed(raters=250, subjects=1000, records=10_000):
    """Raters assigned at random to subjects: whatever the order, the raters end up in one dense block."""
    draw = np.random.default_rng(3)
    rater, subject = draw.integers(raters, size=records), draw.integers(subjects, size=records)
    y = draw.normal(size=raters)[rater] + draw.normal(size=subjects)[subject] + draw.normal(size=records)
    return pd.DataFrame({"y": y, "rater": [f"r{i}" for i in rater], "subject": [f"s{i}" for i in subject]})


def designed(model, data):
    return model_design(model, data, FitOptions())[0]


def test_the_dense_block_is_named():
    data = crossed()
    design = designed(CROSSED, data)
    method = General(design, Control())
    front = method.costliest_front()
    assert front.term == "rater"
    assert 245 <= front.of_term <= 250 < front.size < 270
    assert cost.dominant_front(method, method.work()) == front
    plan = CROSSED.plan(data)
    assert plan.front == f"one dense block of {front.size} equations, {front.of_term} of {front.size} of them of rater"
    assert plan.front in str(plan)


def test_no_block_is_named_where_none_dominates():
    # animals of many small families
    n = 3000
    data = pd.DataFrame({"y": np.random.default_rng(1).normal(size=n), "g": np.arange(n) // 3})
    plan = vc.Model("y ~ 1", random="g").plan(data)
    assert plan.front == ""
    assert "dense block" not in str(plan)


def test_a_long_fit_is_announced_before_it_starts(monkeypatch):
    data = crossed(12, 40, 200)
    monkeypatch.setattr(cost, "LONG", 0.0)
    monkeypatch.setattr(cost, "LARGE", 0)

    def never(*_args, **_options):
        raise AssertionError("something was factorised before the word")

    with monkeypatch.context() as patched, warnings.catch_warnings():
        warnings.simplefilter("error", vc.CostWarning)
        patched.setattr(MixedModelEquations, "update", never)
        with pytest.raises(vc.CostWarning, match=r"this fit takes about .* per iteration .* equations, .* of rater, .* cube"):
            CROSSED.fit(data)
    with pytest.warns(vc.CostWarning, match="per iteration") as caught:
        fit = CROSSED.fit(data)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert str(caught[0].message) in fit.notes


def test_short_fits_are_not_announced():
    data = crossed(12, 40, 200)
    with warnings.catch_warnings():
        warnings.simplefilter("error", vc.CostWarning)
        fit = CROSSED.fit(data)
    assert not any("per iteration" in note for note in fit.notes)
    assert cost.cost_caution(designed(CROSSED, data), choose(designed(CROSSED, data), Control())) is None


def test_a_long_decomposition_is_announced(monkeypatch):
    n = 40
    root = np.random.default_rng(2).normal(size=(n, n + 5))
    names = [f"L{i}" for i in range(n)]
    data = pd.DataFrame({"y": root[:, 0], "line": names})
    known = {"K": pd.DataFrame(root @ root.T / n, index=names, columns=names)}
    monkeypatch.setattr(cost, "LONG", 0.0)
    with pytest.warns(vc.CostWarning, match="for an eigendecomposition"):
        vc.Model("y ~ 1", random="vm(line, K)").fit(data, known=known)


def test_the_command_says_it_at_once(monkeypatch, capsys, tmp_path):
    from vcmodel.cli import app

    crossed(12, 40, 200).to_csv(tmp_path / "d.csv", index=False)
    arguments = ["fit", str(tmp_path / "d.csv"), "--fixed", "y ~ 1", "--random", "rater + subject"]
    monkeypatch.setattr(cost, "LONG", 0.0)
    for more, said in (([], 1), (["--quiet"], 0)):
        assert app(arguments + more, standalone_mode=False) == 0
        assert capsys.readouterr().err.count("note: this fit takes about") == said
    assert cost.spoken(90.0) == "90 s"


def test_the_memory_of_a_factor_covers_what_it_is_made_in():
    dense = sparse.csc_matrix(np.tril(np.ones((300, 300))))
    # L, the front of the inverse, and the inverse at the pattern
    assert SparseCholesky(dense).memory == 8.0 * (300**2 + 300**2 + dense.nnz)
    # a long chain needs no more than a small front beside its factor
    line = sparse.csc_matrix(sparse.diags([np.full(5000, 2.0), np.full(4999, -1.0)], [0, -1]))
    factor = SparseCholesky(line)
    assert factor.memory < 8.0 * (20 * 5000)
    block = factor.costliest_front()
    assert 1 <= block.size < 50
    assert np.unique(block).size == block.size
