"""The command line: output, files, exit codes, and errors without tracebacks."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from example_fits import oats

import vcmodel as vc
from vcmodel.cli import app
from vcmodel.results.csv_text import guarded, unguarded

SPLIT = ("--fixed", "yield ~ gen * C(nitro)", "--random", "block + block:gen")
TABLES = ["correlations.csv", "fit.json", "fixed.csv", "random.csv", "report.html", "varcomp.csv"]


@cache
def split_plot() -> vc.Fit:
    return vc.fit(SPLIT[1], random=SPLIT[3], data=oats())


@pytest.fixture
def command(capsys):
    """Run a command in this process: its exit code, output and errors."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = app([str(item) for item in arguments], standalone_mode=False)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def trial(tmp_path) -> Path:
    path = tmp_path / "oats.csv"
    oats().to_csv(path, index=False)
    return path


def test_fit_prints_the_summary(command, trial):
    code, out, err = command("fit", trial, *SPLIT)
    assert (code, err) == (0, "")
    assert out.startswith(split_plot().summary().split("\n\nNotes")[0])
    assert "oats.csv read as comma-separated text, UTF-8, decimal point: 72 rows" in " ".join(out.split())


def test_what_a_fit_warns_of_is_printed_once_and_without_a_source_line(trial):
    program = [sys.executable, "-m", "vcmodel", "fit", str(trial), *SPLIT, "--max-iterations", "1"]
    done = subprocess.run(program, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("not converged: ")
    assert done.stderr.count("iteration limit") == 1
    assert "Warning" not in done.stderr


def test_fit_writes_its_folder(command, trial, tmp_path):
    folder = tmp_path / "deep" / "results"
    code, out, _ = command("fit", trial, *SPLIT, "--out", folder)
    assert code == 0
    assert sorted(path.name for path in folder.iterdir()) == TABLES
    assert out.rstrip().endswith("varcomp.csv, correlations.csv, fixed.csv, random.csv, report.html")
    fit = split_plot()
    assert json.loads((folder / "fit.json").read_text())["loglik"] == pytest.approx(fit.loglik, abs=1e-9)
    varcomp = pd.read_csv(folder / "varcomp.csv", index_col="row")
    np.testing.assert_allclose(varcomp["component"], fit.varcomp["component"], rtol=1e-9)
    random = pd.read_csv(folder / "random.csv")
    assert random.groupby("term").size().to_dict() == {"block": 6, "block:gen": 18}
    np.testing.assert_allclose(random["effect"][:6], fit.random_effects("block")["effect"], rtol=1e-7)
    assert pd.read_csv(folder / "fixed.csv")["name"].tolist() == fit.fixed_effects.index.tolist()
    page = (folder / "report.html").read_text()
    assert page.lstrip().lower().startswith("<!doctype html")
    # again: the same files, replaced
    assert command("fit", trial, *SPLIT, "--out", folder, "--quiet")[:2] == (0, "")
    assert sorted(path.name for path in folder.iterdir()) == TABLES


def test_levels_of_a_matrix_stand_beside_the_level(command, tmp_path):
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"f": np.repeat(np.arange(20), 5), "a": rng.normal(size=100), "b": rng.normal(size=100)})
    data["a"] += rng.normal(size=20)[data["f"]]
    data["b"] += data["a"]
    data.to_csv(tmp_path / "two.csv", index=False)
    arguments = ("--fixed", "a + b ~ trait", "--random", "us(trait):f", "--residual", "units:us(trait)", "-q", "-o", tmp_path / "out")
    assert command("fit", tmp_path / "two.csv", *arguments)[0] == 0
    table = pd.read_csv(tmp_path / "out" / "random.csv")
    assert table["inner"].unique().tolist() == ["a", "b"]
    assert len(table) == 40
    assert len(pd.read_csv(tmp_path / "out" / "correlations.csv")) == 2


def test_a_fit_that_does_not_converge_ends_with_2(command, trial, tmp_path):
    code, out, err = command("fit", trial, *SPLIT, "--max-iterations", 1, "--out", tmp_path / "out")
    assert code == 2
    assert "the iteration limit was reached" in out
    assert err.startswith("not converged: ")
    assert json.loads((tmp_path / "out" / "fit.json").read_text())["converged"] is False


def test_records_of_unknown_levels(command, trial):
    data = oats()
    data["block"] = data.block.mask(data.index < 4)
    data.to_csv(trial, index=False)
    code, out, err = command("fit", trial, *SPLIT, "--missing-levels", "zero")
    assert (code, err) == (0, "") and "block: 4 rows with an unknown block kept" in " ".join(out.split())
    assert command("plan", trial, *SPLIT, "--missing-levels", "zero")[0] == 0
    code, out, _ = command("fit", trial, *SPLIT)
    assert code == 0 and "--missing-levels zero" in " ".join(out.split())


def test_starts_and_bounds(command, trial):
    code, out, _ = command("fit", trial, *SPLIT, "--start", "units!R=150", "--bound", "units!R=F")
    assert code == 0
    row = next(line for line in out.splitlines() if line.startswith("units!R")).split()
    assert (row[1], row[2]) == ("150", "F")


def test_a_pedigree_from_a_file(command, tmp_path):
    data, pedigree = (vc.datasets.load(name) for name in ("gryphon", "gryphon_ped"))
    names = dict(zip(pedigree.columns[:3], ("animal", "father", "mother"), strict=True))
    pedigree.rename(columns=names).to_csv(tmp_path / "ped:2.csv", index=False, sep=";", na_rep="NA")
    data.to_csv(tmp_path / "gryphon.tsv", index=False, sep="\t", na_rep=".")
    known = f"A={tmp_path / 'ped:2.csv'}:pedigree:animal,father,mother"
    arguments = (tmp_path / "gryphon.tsv", "-f", "bwt ~ sex", "-r", "vm(animal, A)", "-k", known)
    code, out, _ = command("fit", *arguments)
    assert code == 0
    # published: -1165.093, 3.060441, 2.938412; there sex is a factor, with two levels the same model
    assert "logL     -1165.093" in out
    assert "3.06044" in out


@pytest.mark.parametrize("kind", ["covariance", "precision", "markers", "markers:2"])
def test_matrices_from_files(command, tmp_path, kind):
    rng = np.random.default_rng(5)
    lines = [f"{i:02d}" for i in range(15)]
    counts = pd.DataFrame(rng.integers(0, 3, (15, 60)), index=lines, columns=[f"m{j}" for j in range(60)])
    root = rng.normal(size=(15, 30))
    matrix = pd.DataFrame(root @ root.T / 30, index=lines, columns=lines)
    (counts if kind.startswith("markers") else matrix).to_csv(tmp_path / "k.csv")
    pd.DataFrame({"line": np.repeat(lines, 4), "y": rng.normal(size=60)}).to_csv(tmp_path / "y.csv", index=False)
    code, out, err = command("fit", tmp_path / "y.csv", "-f", "y ~ 1", "-r", "vm(line, K)", "-k", f"K={tmp_path / 'k.csv'}:{kind}")
    assert (code, err) == (0, "")
    assert "vm(line, K)" in out


def test_plan(command, trial):
    code, out, _ = command("plan", trial, *SPLIT)
    assert code == 0
    for words in ("72 rows", "rule: numbers are covariates in `fixed`", "responses   yield", "per iteration", "available"):
        assert words in out
    assert "Variance parameters" not in out


def test_structures_and_version(command):
    code, out, _ = command("structures")
    assert code == 0
    assert "us         w (w + 1) / 2" in out
    code, out, _ = command("version")
    assert out.startswith(f"vcmodel {vc.__version__}\nPython ")


def test_help_has_examples(command):
    for name in ("fit", "plan", "batch"):
        code, out, _ = command(name, "--help")
        assert code == 0
        assert f"vcmodel {name} " in out.split("Options:")[0].split("Example")[1]
    assert "Exit codes: 0 all fits converged, 2 some did not, 3 usage or input error." in command("--help")[1]


def test_input_options(command, tmp_path):
    path = tmp_path / "odd.txt"
    rows = [f"{'äöü'[i % 3]}|{i % 3 + i / 10}|{-9 if i == 4 else i}" for i in range(12)]
    path.write_bytes("\n".join(["g|y|x", *rows]).encode("latin-1"))
    options = ("--separator", "bar", "--decimal", ".", "--encoding", "latin-1", "--missing", "-9")
    code, out, _ = command("plan", path, "-f", "y ~ x", "-r", "g", *options)
    assert code == 0
    assert "missing values: -9 (1)" in out
    assert "1 row" in command("fit", path, "-f", "y ~ x", "-r", "g", *options)[1]


WRONG = {
    "no command": ((), "Usage: vcmodel"),
    "unknown command": (("fitt",), "No such command 'fitt'"),
    "unknown option": (("fit", "{trial}", "--fixed", "y ~ 1", "--foo"), "No such option"),
    "no data": (("fit", "--fixed", "y ~ 1"), "Missing argument 'DATA'"),
    "no formula": (("fit", "{trial}"), "Missing option '--fixed'"),
    "not a number": (("fit", "{trial}", "-f", "yield ~ 1", "--max-iterations", "x"), "Invalid value"),
    "no file": (("fit", "nowhere.csv", "-f", "y ~ 1"), "error: data: there is no file 'nowhere.csv'"),
    "no column": (("fit", "{trial}", "-f", "yeild ~ 1"), "did you mean 'yield'?"),
    "formula": (("fit", "{trial}", "-f", "yield ~ (1"), "^"),
    "known form": (("fit", "{trial}", "-f", "yield ~ 1", "-k", "A"), "--known 'A' cannot be read: write NAME=FILE:KIND"),
    "known kind": (("fit", "{trial}", "-f", "yield ~ 1", "-k", "A=x.csv:pedigre"), "did you mean 'pedigree'?"),
    "known twice": (
        ("fit", "{trial}", "-f", "yield ~ 1", "-k", "K={k}:covariance", "-k", "K={k}:covariance"),
        "the name 'K' is given twice",
    ),
    "known options": (("fit", "{trial}", "-f", "yield ~ 1", "-k", "K={k}:covariance:3"), "covariance takes no options"),
    "known columns": (("fit", "{trial}", "-f", "yield ~ 1", "-k", "K={k}:pedigree:a,b,c,d"), "a pedigree takes three columns"),
    "known ploidy": (("fit", "{trial}", "-f", "yield ~ 1", "-k", "K={k}:markers:two"), "markers take the ploidy as a number"),
    "known narrow": (("fit", "{trial}", "-f", "yield ~ 1", "-k", "K={one}:covariance"), "has one column: the first must hold the labels"),
    "known file": (("fit", "{trial}", "-f", "yield ~ 1", "-k", "K=no.csv:covariance"), "--known K: data: there is no file 'no.csv'"),
    "start": (("fit", "{trial}", "-f", "yield ~ 1", "--start", "units!R"), "must be written ROW=VALUE"),
    "start value": (("fit", "{trial}", "-f", "yield ~ 1", "--start", "units!R=big"), "'big' is not a number"),
    "out is a file": (("fit", "{trial}", "-f", "yield ~ 1", "-o", "{trial}"), "cannot be a folder for the results"),
    "job": (("batch", "nowhere.toml", "-o", "{folder}"), "nowhere.toml"),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=list(WRONG))
def test_wrong_input_ends_with_3(command, trial, tmp_path, arguments, message):
    (tmp_path / "k.csv").write_text("id,a,b\na,1,0\nb,0,1\n")
    (tmp_path / "one.csv").write_text("id\na\n")
    places = {"trial": trial, "k": tmp_path / "k.csv", "one": tmp_path / "one.csv", "folder": tmp_path / "out"}
    code, out, err = command(*(item.format(**places) for item in arguments))
    assert code == 3
    assert out == ""
    assert message in err
    assert "Traceback" not in err


def test_debug_shows_the_traceback(command):
    code, _, err = command("fit", "nowhere.csv", "-f", "y ~ 1", "--debug")
    assert code == 3
    assert "Traceback" in err
    assert err.rstrip().endswith("error: data: there is no file 'nowhere.csv'")


def test_an_error_of_the_program_ends_with_1(command, trial, monkeypatch):
    def broken(*_args, **_options):
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("vcmodel.reml.estimate.estimate", broken)
    code, _, err = command("fit", trial, *SPLIT)
    assert code == 1
    assert err == "error: an error of vcmodel itself, ZeroDivisionError: oh. Please report it with the output of --debug\n"


@pytest.mark.parametrize(("problem", "expected"), [(KeyboardInterrupt(), 130), (MemoryError(), 3), (OSError(28, "No space left", "x"), 3)])
def test_other_ends(command, trial, monkeypatch, problem, expected):
    def broken(*_args, **_options):
        raise problem

    monkeypatch.setattr("vcmodel.reml.estimate.estimate", broken)
    code, _, err = command("fit", trial, *SPLIT)
    assert code == expected
    assert "Traceback" not in err
    # Ctrl-C needs no explanation
    assert err == "" or err.startswith(("error: the memory is exhausted", "error: No space left: 'x'"))


def test_a_batch(command, tmp_path):
    for i in range(2):
        table = oats()
        table["yield"] += i
        table.to_csv(tmp_path / f"t{i}.csv", index=False)
    (tmp_path / "job.toml").write_text('files = "t*.csv"\n[model]\nfixed = "yield ~ gen"\nrandom = "block"\n')
    code, out, _ = command("batch", tmp_path / "job.toml", "--out", tmp_path / "out", "--executor", "serial")
    assert code == 0
    assert "2 converged" in out
    assert len(pd.read_csv(tmp_path / "out" / "fits.csv")) == 2
    index = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    pages = sorted((tmp_path / "out" / "pages").iterdir())
    assert len(pages) == 2
    assert all(f"pages/{page.name}" in index for page in pages)
    code, _, err = command("batch", tmp_path / "job.toml", "--out", tmp_path / "other", "--pages", "some")
    assert code == 3
    assert "--pages must be one of all, flagged, none" in err


def test_as_a_program(trial):
    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "vcmodel", *map(str, arguments)], capture_output=True, text=True)

    done = run("fit", trial, *SPLIT, "-q")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = run("fit", trial)
    assert done.returncode == 3
    assert "Usage: vcmodel fit" in done.stderr
    done = run("structures")
    assert done.returncode == 0


CELLS = ["=1+1", "+a", "-x", "@sum", "\tx", "\rx", "'=1", "''=1", "plain", "-1.5", "+2e-3", "'quoted", "", "a=b", "-", "+/+"]


def test_cells_are_guarded_and_can_be_taken_back():
    for text in CELLS:
        cell = guarded(text)
        assert unguarded(cell) == text
        assert cell == text or not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert [guarded(text) == text for text in CELLS[-8:]] == [True, True, True, True, True, True, False, False]
