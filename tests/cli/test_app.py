"""The command line: its commands and options, and what is wrong with them."""

import json
import subprocess
import sys

import pandas as pd
import pytest
from cli.split_plot import SPLIT, split_plot
from example_fits import oats

import vcmodel as vc


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
