"""The pre-flight: what it says, that it is true, and what it refuses."""

import time

import numpy as np
import pandas as pd
import pytest
from example_fits import oats

import vcmodel as vc
from vcmodel.api import model_design
from vcmodel.control import Control
from vcmodel.design.size import parameter_count
from vcmodel.equations.memory_need import memory_need
from vcmodel.equations.mixed_model import MixedModelEquations
from vcmodel.memory import available_memory, readable, require_memory
from vcmodel.options import FitOptions
from vcmodel.structures import registry

SPLIT = vc.Model("yield ~ gen", random="block + block:gen")
RNG = np.random.default_rng(7)


def lines(n: int, traits: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    factor = RNG.normal(size=(n, n + 5))
    names = [f"L{i}" for i in range(n)]
    table = pd.DataFrame({"line": names, **{f"y{t}": RNG.normal(size=n) for t in range(traits)}})
    return table, pd.DataFrame(factor @ factor.T / n, index=names, columns=names)


def test_counts_are_those_of_the_fit():
    plan = SPLIT.plan(oats(), control=Control(reductions="off"))
    fit = SPLIT.fit(oats(), control=Control(reductions="off"))
    equations = fit.estimate.equations
    assert isinstance(equations, MixedModelEquations)
    assert (plan.n_observations, plan.n_fixed, plan.n_parameters) == (fit.n_observations, fit.n_fixed, len(fit.varcomp))
    assert plan.n_equations == equations.layout.n_equations
    assert (plan.nonzeros, plan.fill, plan.flops) == (equations.layout.pattern.nnz, equations.factor.fill, equations.factor.flops)
    assert plan.method == fit.estimate.method
    assert 0.0 < plan.memory < plan.available_memory


def test_the_bound_on_nonzeros_holds_and_is_near():
    data = oats()
    for model in (SPLIT, vc.Model("yield + grain ~ trait", random="us(trait):block + us(trait):block:gen", residual="units:us(trait)")):
        design, _ = model_design(model, data, FitOptions())
        bound, exact = memory_need(design), MixedModelEquations(design).layout.pattern.nnz
        both = 2 * exact - bound.equations
        assert both <= bound.products + bound.relationships <= 4 * both


def test_it_prints():
    text = str(SPLIT.plan(oats()))
    for word in (
        "method",
        "72 observations, 3 fixed coefficients, 3 variance parameters",
        "equations",
        "block:gen",
        "memory",
        "per iteration",
    ):
        assert word in text


def test_genotypes_over_a_field_are_told_before_anything_heavy(monkeypatch):
    def never(*_args, **_options):
        raise AssertionError("the plan factorised")

    monkeypatch.setattr(MixedModelEquations, "update", never)
    row, column = (axis.ravel() for axis in np.indices((60, 60)))
    gen = RNG.permutation(np.arange(3600) % 900)
    field = pd.DataFrame({"row": row, "column": column, "gen": [f"g{i}" for i in gen], "y": RNG.normal(size=3600)}).drop(index=[7, 1800])
    plan = vc.Model("y ~ 1", random="gen", residual="ar1(row):ar1(column)").plan(field)
    assert plan.n_equations == 1 + 2 + 900
    assert "plots the data lack                2" in str(plan)
    # most genotypes are one dense block, whatever the order
    assert 0.5 < plan.flops / (900**3 / 3) < 1.2
    assert plan.front.endswith("of them of gen")


def test_spectral_form_is_planned_without_decomposing(monkeypatch):
    def never(*_args, **_options):
        raise AssertionError("the plan decomposed the relationship")

    data, k = lines(60, traits=2)
    model = vc.Model("y0 + y1 ~ trait", random="us(trait):vm(line, K)", residual="units:us(trait)")
    monkeypatch.setattr("vcmodel.equations.spectral.SpectralSystems.__init__", never)
    plan = model.plan(data, known={"K": k}, control=Control(reductions="spectral"))
    assert plan.method.startswith("spectral form: one eigendecomposition of 60 levels")
    assert plan.seconds_before > 0.0
    assert plan.fill == 0
    canonical = model.plan(data, known={"K": k}, control=Control(reductions="canonical"))
    assert canonical.method.startswith("canonical transformation: 2 single-trait systems")
    assert canonical.n_equations == 122


def test_arguments_are_checked_as_in_fit():
    with pytest.raises(vc.DataError, match="no data: pass data="):
        SPLIT.plan()
    with pytest.raises(vc.VcmodelError, match=r"control must be a vcmodel\.Control"):
        SPLIT.plan(oats(), control={})
    with pytest.raises(vc.VcmodelError, match="does not apply"):
        SPLIT.plan(oats(), control=Control(reductions="spectral"))


def many(n: int = 6000) -> pd.DataFrame:
    return pd.DataFrame(
        {"y": RNG.normal(size=n), "g": np.arange(n) // 2, "h": [f"h{i % (n // 2)}" for i in range(n)], "k": [f"k{i}" for i in range(n)]}
    )


TOO_LARGE = {
    "us": (
        "y ~ 1",
        "us(g)",
        r"'us\(g\)' has a 3,000 x 3,000 matrix with 4,501,500 parameters \(us\(g\): 3,000 levels\) and would need 972 TB",
    ),
    "diag": ("y ~ 1", "diag(k):h", "write the factor of many levels without a structure"),
    "dense pattern": ("y ~ 1", "cor(g):h", "the mixed-model equations, .* nonzeros, would need .* TB of memory"),
    "interaction in fixed": ("y ~ h:k", None, r"'h:k' has 18,000,000 columns \(3,000 x 6,000 levels\)"),
}


@pytest.mark.parametrize(("fixed", "random", "message"), TOO_LARGE.values(), ids=list(TOO_LARGE))
def test_what_cannot_fit_is_refused_at_once(fixed, random, message, monkeypatch):
    # the same refusal on machines of any size
    monkeypatch.setattr("vcmodel.memory.available_memory", lambda: 16_000_000_000)
    monkeypatch.setattr("vcmodel.equations.memory_need.available_memory", lambda: 16_000_000_000)
    data, model = many(), vc.Model(fixed, random)
    for run in (model.plan, model.fit):
        start = time.perf_counter()
        with pytest.raises(vc.VcmodelError, match=message):
            run(data)
        assert time.perf_counter() - start < 20.0


def test_a_dense_relationship_repeated_is_refused(monkeypatch):
    data, k = lines(30)
    k = pd.DataFrame(np.ones((30, 30)), index=k.index, columns=k.columns)
    data = pd.concat([data.assign(site=f"s{i}") for i in range(50)])
    monkeypatch.setattr("vcmodel.memory.available_memory", lambda: 100_000)
    monkeypatch.setattr("vcmodel.memory.SMALL", 0)
    with pytest.raises(vc.VcmodelError, match="a dense or singular relationship over 50 independent combinations"):
        vc.Model("y0 ~ 1", random="site:vm(line, K)").plan(data, known={"K": k})


def test_the_factor_is_refused_before_it_is_allocated(monkeypatch):
    from scipy import sparse

    from vcmodel.linalg.cholesky import SparseCholesky

    monkeypatch.setattr("vcmodel.memory.available_memory", lambda: 1000)
    monkeypatch.setattr("vcmodel.memory.SMALL", 0)
    with pytest.raises(vc.VcmodelError, match="the factor of 50 equations, with 1,275 nonzeros, would need"):
        SparseCholesky(sparse.csc_matrix(np.tril(np.ones((50, 50)))))


def test_many_levels_are_valid_where_they_fit():
    n = 200_000
    data = pd.DataFrame({"y": RNG.normal(size=n), "g": np.arange(n) // 2})
    plan = vc.Model("y ~ 1", random="g").plan(data)
    assert plan.n_equations == n // 2 + 1
    assert plan.memory < 2e9


@pytest.mark.parametrize("name", [name for name in registry.names() if name not in ("id", "idv")])
def test_parameters_counted_without_building(name):
    levels = 60
    found = registry.structure_class(name)
    columns = ("f", "h")[: next(iter(found.metric), 1)]
    item = vc.Model("y ~ 1", random=f"{name}({', '.join((*columns, *map(str, found.examples[0])))}):g").spec.random[0].factors[0]
    places = {"positions": tuple((float(i),) * len(columns) for i in range(levels))} if found.metric else {}
    built = registry.build(item.structure, "f", tuple(map(str, range(levels))), *item.arguments, **places)
    assert parameter_count(item, levels) == len(built.parameters)


def test_memory():
    assert 1e6 < available_memory() < 1e15
    assert [readable(size) for size in (12, 2500, 3.21e9, 2.5e14)] == ["12 B", "2.5 kB", "3.2 GB", "250 TB"]
    require_memory(1000, "nothing", "")
    with pytest.raises(vc.VcmodelError, match=r"a thing would need 1e\+06 TB|a thing would need 1000000 TB"):
        require_memory(1e18, "a thing", "go away")


def test_a_control_group_limits_the_memory(tmp_path, monkeypatch):
    limit, use = tmp_path / "memory.max", tmp_path / "memory.current"
    monkeypatch.setattr("vcmodel.memory._group_files", lambda: [(limit, use)])
    free = available_memory()
    limit.write_text("max\n")
    use.write_text("5000\n")
    assert available_memory() > free / 2
    limit.write_text("12000\n")
    assert available_memory() == 7000
