import pandas as pd
import pytest
from batch.small import folder, trial

import vcmodel as vc
from vcmodel.batch import load_results, run_job
from vcmodel.batch.result import pack, rows, unpack
from vcmodel.batch.tables import TABLES, TableWriter


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    base = tmp_path_factory.mktemp("tables")
    run_job(folder(base / "job", files=3), base / "out", executor="serial")
    return base / "out"


def test_every_table_names_file_model_and_traits(out):
    for name in ("fits", "varcomp", "correlations", "fixed", "random", "timings"):
        table = pd.read_csv(out / f"{name}.csv")
        assert list(table.columns) == list(TABLES[name])
        assert list(table.columns[:3]) == ["file", "model", "traits"]
        assert set(table["traits"]) == {"a+b"}


def test_tables_join(out):
    fits, random = pd.read_csv(out / "fits.csv"), pd.read_csv(out / "random.csv")
    joined = random.merge(fits, on=["file", "model", "traits"])
    assert len(joined) == len(random) == 2 * 12 * 2
    assert joined["converged"].all()


def test_parquet_holds_the_same(out):
    pytest.importorskip("pyarrow")
    for name in ("fits", "varcomp", "random"):
        text = pd.read_csv(out / f"{name}.csv")
        typed = pd.read_parquet(out / f"{name}.parquet")
        assert list(typed.columns) == list(text.columns)
        for column, kind in TABLES[name].items():
            if kind == "number":
                assert typed[column].tolist() == pytest.approx(text[column].tolist(), rel=1e-15, nan_ok=True)
                assert str(typed[column].dtype) == "float64"
            if kind == "text":
                assert typed[column].dropna().tolist() == text[column].dropna().tolist()


def test_without_pyarrow_there_is_csv_only(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    summary = run_job(folder(tmp_path / "job", files=1, broken=False), tmp_path / "out", executor="serial")
    assert {path.suffix for path in summary.tables} == {".csv"}


def test_an_unfinished_table_does_not_take_its_place(tmp_path):
    (tmp_path / "fixed.csv").write_text("old", encoding="utf-8")
    writer = TableWriter(tmp_path, "fixed")
    writer.write([("f", "m", "a", "x", "a", 1.0, None, None)])
    writer.abandon()
    assert [path.name for path in tmp_path.iterdir()] == ["fixed.csv"]
    assert (tmp_path / "fixed.csv").read_text(encoding="utf-8") == "old"
    writer = TableWriter(tmp_path, "fixed")
    writer.write([("f", "m", "a", 'x"y, z\nw', "a", 0.1, None, 1e-300)])
    writer.finish()
    writer.place()
    assert (tmp_path / "fixed.csv").read_text(encoding="utf-8").splitlines()[1:] == ['f,m,a,"x""y, z', 'w",a,0.1,,1e-300']


def test_text_is_no_formula_for_a_spreadsheet(tmp_path):
    writer = TableWriter(tmp_path, "fixed")
    writer.write([("=f", "-m", "+1", "@x", "a", -1.5, None, None)])
    writer.finish()
    writer.place()
    assert (tmp_path / "fixed.csv").read_text(encoding="utf-8").splitlines()[1] == "'=f,'-m,+1,'@x,a,-1.5,,"


def test_large_tables_are_written_in_groups(tmp_path, monkeypatch):
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr("vcmodel.batch.tables._BATCH", 10)
    writer = TableWriter(tmp_path, "timings")
    for number in range(7):
        writer.write([("f", "m", "a", str(number), 0.5, 1)] * 4)
    writer.finish()
    writer.place()
    assert parquet.ParquetFile(tmp_path / "timings.parquet").num_row_groups == 3
    assert len(pd.read_parquet(tmp_path / "timings.parquet")) == 28


def test_the_traits_of_coefficients_and_of_variance_parameters():
    data = trial(1, traits=("a", "ab")).assign(x=lambda d: range(len(d)), site=["s1", "s2"] * 18)
    model = vc.Model("a + ab ~ trait + at(trait, 'ab'):x + block", "corgh(trait):line + diag(site):line", "units:us(trait)")
    (result,) = vc.fit_many(model, {"t": data}, executor="serial")
    fixed = result.tables["fixed"].set_index("name")["trait"].fillna("")
    assert fixed.to_dict() == {"trait_a": "a", "trait_ab": "ab", "at(trait, 'ab'):x": "ab", "block[T.B1]": "", "block[T.B2]": ""}
    rows = result.tables["varcomp"].set_index("row")[["trait", "trait2"]].fillna("")
    assert rows.loc["trait:line!trait_ab:a.cor"].tolist() == ["ab", "a"]
    assert rows.loc["trait:line!trait_ab"].tolist() == ["ab", "ab"]
    assert rows.loc["units:trait!trait_ab:a"].tolist() == ["ab", "a"]
    assert rows.loc["site:line!site_s1"].tolist() == ["", ""]


def test_levels_inside_a_term():
    data = pd.concat([trial(1).assign(site="s1"), trial(2).assign(site="s2")])
    (result,) = vc.fit_many(vc.Model("a ~ site", "diag(site):line", "dsum(~ units | site)"), {"t": data}, executor="serial")
    table = result.tables["random"]
    assert table.loc[0, ["term", "level", "inner", "trait"]].tolist() == ["site:line", "L00", "s1", "a"]
    assert len(rows(result)["random"]) == 24


def test_packing():
    record = {"x": [1.5, None, "é\0"], "y": True}
    assert unpack(pack(record)) == record
    assert pack(record) == pack(dict(record))
    assert unpack(None) is None
    with pytest.raises(ValueError, match="Out of range"):
        pack({"x": float("nan")})


def test_results_can_be_read_while_a_batch_holds_the_ledger(out):
    from vcmodel.batch.ledger import Ledger

    with Ledger(out):
        assert [result.status for result in load_results(out)] == ["converged", "failed", "converged"]
