"""Hostile inputs: each ends in a clear message or in the plain result, nothing of them is executed, and nothing is written elsewhere."""

import csv
import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import threadpoolctl

import vcmodel as vc
from vcmodel.cli import app
from vcmodel.results.csv_text import unguarded

threadpoolctl.threadpool_info()  # some releases start a program, once, to find the C library

RNG = np.random.default_rng(11)
SCRIPT = "<script>alert(1)</script>"
PAYLOADS = [
    SCRIPT,
    '"><img src=x onerror=alert(1)>',
    "=cmd|'/C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "../../../etc/passwd",
    "'; DROP TABLE fits; --",
    "`units!R`",
    "{{7*7}}",
    "{% include '/etc/passwd' %}",
    "${HOME}$(touch pwned)",
    'a"b',
    "a'b",
    "a`b",
    "NULL",
    "a,b;c",
    "\u0645\u0631\u062d\u0628\u0627",
]


def trial(levels, n: int = 4, name: str = "g") -> pd.DataFrame:
    codes = np.tile(np.arange(len(levels)), n)
    y = RNG.normal(size=len(levels))[codes] + RNG.normal(size=codes.size)
    return pd.DataFrame({"y": y, "x": RNG.normal(size=codes.size), name: [levels[i] for i in codes]})


@pytest.fixture
def guard(tmp_path, monkeypatch):
    """Runs in an empty folder; anything executed by Python, started, or loaded from text fails the test."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    active = {"on": True}

    def hook(event: str, arguments: tuple) -> None:
        if active["on"] and event in ("os.system", "subprocess.Popen", "socket.connect", "os.exec"):
            # pytest itself may look things up in threads; what we forbid is forbidden everywhere
            raise AssertionError(f"{event} {arguments}")

    sys.addaudithook(hook)
    yield folder
    active["on"] = False
    assert not any("pwned" in name for _, folders, files in os.walk(tmp_path) for name in (*folders, *files))


@pytest.fixture
def command(capsys):
    def run(*arguments: object) -> tuple[int, str, str]:
        code = app([str(item) for item in arguments], standalone_mode=False)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


FORMULAS = {
    "import": ("y ~ I(__import__('os').system('touch pwned'))", "the character '.' has no place"),
    "import alone": ("y ~ I(__import__('os'))", "unknown function '__import__' in `fixed`"),
    "import in log": ("y ~ log(exec('1'))", "unknown function 'exec'"),
    "attribute": ("y ~ I(x.__class__.__mro__)", "cannot stand here: put a column name with a dot in backquotes"),
    "method": ("y ~ I(x.to_csv('pwned'))", "unknown function"),
    "bare attribute": ("y ~ x.__class__", "no column 'x.__class__' in the data"),
    "lambda": ("y ~ I((lambda: 1)())", "cannot be read|has no place|unknown function"),
    "comprehension": ("y ~ I([i for i in (1,)])", "only columns, numbers"),
    "walrus": ("y ~ I((x := 3))", "cannot be read|has no place|`:`|:=|only columns"),
    "star arguments": ("y ~ I(**{'a': 1})", "has no place|unpack"),
    "starred": ("y ~ I(*x)", "only columns"),
    "subscript": ("y ~ I(x[0])", "only columns"),
    "f-string": ("y ~ I(f'{x}')", "only columns|cannot be read"),
    "string multiplication": ("y ~ I('a' * 1000000000)", "only columns"),
    "conditional": ("y ~ I(x if x else 1)", "cannot be read|only columns"),
    "backquote": ("y ~ I(`x` + `__import__('os').system('touch pwned')`)", "no column"),
    "backquoted bracket": ("y ~ `x) + I(1`", "no column"),
    "statement": ("y ~ x; import os", "';' has no place"),
    "huge exponent": ("y ~ I(x ** 999999999)", "a power takes a column and a number up to 20"),
    "tower": ("y ~ I(9 ** 9 ** 9 ** 9)", "a power takes a column"),
    "huge number": (f"y ~ I(x + {'9' * 5000})", "a number of more than 40 characters"),
    "power of terms": ("y ~ (x + g) ** 1000000", "a whole number from 1 to 20 follows"),
    "nesting": (f"y ~ {'(' * 5000}x{')' * 5000}", "brackets nested more than 40 deep"),
    "nested calls": (f"y ~ {'log(' * 5000}x{')' * 5000}", "nested|deep|cannot be read"),
    "unary tower": (f"y ~ I({'-' * 100_000}x)", "cannot be read|deep|too long"),
    "unknown structure": ("y ~ eval(x)", "unknown function 'eval'|eval"),
    "nul": ("y ~ x\x00", "has no place"),
    "right to left": ("y ~ x\u202e", "has no place"),
    "newline": ("y ~ x\n\nimport os", "where"),
}


@pytest.mark.parametrize(("formula", "message"), FORMULAS.values(), ids=list(FORMULAS))
def test_formulas_are_never_executed(guard, formula, message):
    start = time.perf_counter()
    with pytest.raises(vc.VcmodelError, match=message):
        vc.fit(formula, random="g", data=trial(list("abcde")))
    assert time.perf_counter() - start < 10.0
    assert list(guard.iterdir()) == []


@pytest.mark.parametrize("part", ["random", "residual"])
@pytest.mark.parametrize(
    "text", ["__import__('os')", "us(__import__('os'))", "us(g.__class__)", "(lambda: 1)", "vm(g, open('pwned', 'w'))", "us(g)" * 3]
)
def test_random_and_residual_neither(guard, part, text):
    with pytest.raises(vc.VcmodelError):
        vc.fit("y ~ 1", data=trial(list("abcde")), **{part: text})
    assert list(guard.iterdir()) == []


def test_a_formula_of_a_million_characters(guard):
    data = trial(list("abcde"))
    for text in ("y ~ " + "x + " * 250_000 + "x", "y ~ " + "x" * 1_000_000, "y ~ " + "(" * 500_000 + "x" + ")" * 500_000):
        start = time.perf_counter()
        try:
            fit = vc.fit(text, random="g", data=data)
            # a term repeated is the term
            assert fit.n_fixed == 2
        except vc.VcmodelError as problem:
            assert len(str(problem)) < 10_000
        assert time.perf_counter() - start < 30.0


EXPRESSIONS = {
    "import": "__import__('os').system('touch pwned')",
    "attribute": "V1.__class__",
    "lambda": "(lambda: V1)()",
    "backquote": "`__import__('os')`",
    "string": "'a' * 1000000000",
    "nesting": "(" * 3000 + "V1" + ")" * 3000,
    "deep sum": "+".join(["V1"] * 100_000),
    "minus signs": "-" * 100_000 + "V1",
}


@pytest.mark.parametrize("expression", EXPRESSIONS.values(), ids=list(EXPRESSIONS))
def test_functions_of_parameters_neither(guard, expression):
    fit = vc.fit("y ~ 1", random="g", data=trial(list("abcde")))
    try:
        fit.function(expression)
    except vc.FormulaError as problem:
        assert "function:" in str(problem)
    assert list(guard.iterdir()) == []


def test_a_tower_of_powers_ends(guard):
    fit = vc.fit("y ~ 1", random="g", data=trial(list("abcde")))
    start = time.perf_counter()
    with pytest.raises(vc.FormulaError, match="has no finite value"):
        fit.function("9 ** 9 ** 9 ** 9")
    assert time.perf_counter() - start < 5.0


def test_levels_are_data(guard, command):
    """Script, template, formula, path, quote and SQL in level names: fitted, printed, and written with nothing lost."""
    data = trial(PAYLOADS)
    data.to_csv("trial.csv", index=False)
    code, _, err = command("fit", "trial.csv", "-f", "y ~ x", "-r", "g", "-o", "out")
    assert (code, err) == (0, "")
    assert sorted(path.name for path in guard.iterdir()) == ["out", "trial.csv"]
    with open("out/random.csv", newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert {unguarded(row["level"]) for row in rows} == set(PAYLOADS)
    # no cell starts a formula in a spreadsheet
    assert not [row["level"] for row in rows if row["level"].startswith(("=", "+", "-", "@"))]
    page = Path("out/report.html").read_text(encoding="utf-8")
    assert SCRIPT not in page
    assert "<img src=x" not in page
    assert "49" not in [cell.strip() for cell in page.replace("<", ">").split(">")]
    fit = vc.fit("y ~ x", random="g", data="trial.csv")
    assert set(fit.random_effects("g").index) == set(PAYLOADS)


def test_column_names_are_data(guard, command):
    name = f"={SCRIPT}'\"../x"
    trial(list("abcdef"), name=name).to_csv("trial.csv", index=False)
    code, _, err = command("fit", "trial.csv", "-f", "y ~ x", "-r", f"`{name}`", "-o", "out")
    assert (code, err) == (0, "")
    assert SCRIPT not in Path("out/report.html").read_text(encoding="utf-8")
    with open("out/varcomp.csv", newline="", encoding="utf-8") as stream:
        rows = [row["row"] for row in csv.DictReader(stream)]
    assert not rows[0].startswith("=")
    assert unguarded(rows[0]) == name
    assert json.loads(Path("out/fit.json").read_text(encoding="utf-8"))["varcomp"][0]["row"] == name
    assert sorted(path.name for path in guard.iterdir()) == ["out", "trial.csv"]


def test_levels_with_quotes_in_functions(guard):
    data = trial(list("abcdef"))
    data["s"] = np.where(np.arange(len(data)) % 2 == 0, "it's `q`", 'say "x"')
    fit = vc.fit("y ~ s", residual="dsum(~ units | s)", data=data)
    rows = fit.varcomp.index.tolist()
    assert rows == ["s_it's `q`!R", 's_say "x"!R']
    assert fit.function(f"`{rows[1]}` / V1").estimate == pytest.approx(fit.varcomp["component"].iloc[1] / fit.varcomp["component"].iloc[0])
    with pytest.raises(vc.FormulaError, match=r"V1, V2|cannot be read|no parameter|not allowed"):
        fit.function(f"`{rows[0]}` * 2")
    assert vc.fit('y ~ at(s, "it\'s `q`"):x', data=data).n_fixed == 2


def test_files_that_are_not_tables(guard, command):
    contents = {
        "nul.csv": b"y,g\n1,\x00a\n",
        "twice.csv": b"y,y\n1,2\n",
        "mixed.csv": "y,g\n1,é\n".encode() + "2,é\n".encode("latin-1"),
        "ragged.csv": b"y,g\n1,a\n1,a,b\n",
        "binary.csv": bytes(range(256)) * 10,
        "escape.csv": b"y,g\n1,\x1b]0;owned\x07\n",
        "quote.csv": b'y,g\n1,"a\n' * 3,
        "empty.csv": b"",
        "bidi.csv": "y,g\u202etxt\n1,a\n".encode(),
    }
    for name, content in contents.items():
        Path(name).write_bytes(content)
        code, out, err = command("fit", name, "-f", "y ~ 1", "-r", "g", "-o", "out")
        assert code == 3, name
        assert err.startswith(f"error: data: '{name}'")
        assert "\x1b" not in err
        assert "\u202e" not in err
        assert out == ""
    # the folder was made before the fit; nothing is in it
    assert list(Path("out").iterdir()) == []


def test_paths(guard, command, tmp_path):
    trial(list("abcdef")).to_csv("trial.csv", index=False)
    fit = ("fit", "trial.csv", "-f", "y ~ 1", "-r", "vm(g, A)")
    for known, message in {
        "../A=x.csv:covariance": "is not a name that vm(factor, name) can use",
        "A=/etc/passwd:covariance": "--known A: ",
        "A=/dev/zero:pedigree": "not a regular file",
        "A=.:markers": "is a folder",
    }.items():
        code, _, err = command(*fit, "-k", known)
        assert code == 3
        assert message in err
    assert command("fit", "trial.csv", "-f", "y ~ 1", "-o", "bad\x00name")[0] == 3
    assert command("fit", "trial.csv", "-f", "y ~ 1", "-o", "trial.csv/x")[0] == 3
    # a link that waits in the output folder is replaced, its target left alone
    target = tmp_path / "precious.txt"
    target.write_text("precious")
    Path("out").mkdir()
    Path("out/varcomp.csv").symlink_to(target)
    Path("out/report.html").symlink_to(target)
    assert command("fit", "trial.csv", "-f", "y ~ 1", "-r", "g", "-o", "out", "-q")[0] == 0
    assert target.read_text() == "precious"
    assert not Path("out/varcomp.csv").is_symlink()


def test_a_model_that_would_need_a_hundred_gigabytes(guard, command, monkeypatch):
    monkeypatch.setattr("vcmodel.memory.available_memory", lambda: 24_000_000_000)
    n = 1700
    pd.DataFrame({"y": RNG.normal(size=2 * n), "g": np.repeat(np.arange(n), 2)}).to_csv("trial.csv", index=False)
    for name in ("fit", "plan"):
        start = time.perf_counter()
        code, _, err = command(name, "trial.csv", "-f", "y ~ 1", "-r", "us(g)")
        assert code == 3
        assert "TB of memory and 24 GB are available" in err
        assert time.perf_counter() - start < 10.0


def test_a_small_archive_of_endless_zeros(guard, monkeypatch):
    import gzip

    monkeypatch.setattr("vcmodel.tables.decoding.available_memory", lambda: 8_000_000)
    Path("bomb.csv.gz").write_bytes(gzip.compress(bytes(50_000_000)))
    with pytest.raises(vc.DataError, match="decompresses to more than"):
        vc.read("bomb.csv.gz")


def test_a_web_address_is_not_fetched(guard):
    with pytest.raises(vc.DataError, match="there is no file 'https:/example"):
        vc.fit("y ~ 1", data="https://example.org/trial.csv")


def test_names_that_only_look_alike_are_kept_apart(guard):
    with pytest.raises(vc.DataError, match="no column '\ufb01' in the data"):
        # the ligature fi is another character than f and i
        vc.fit("y ~ I(\ufb01 + 1)", data=trial(list("abc")).assign(fi=1.0))
    levels = ["cafe\u0301", "caf\u00e9", "a\u200b", "a"]
    trial(levels).to_csv("trial.csv", index=False)
    fit = vc.fit("y ~ 1", random="g", data="trial.csv")
    assert set(fit.random_effects("g").index) == set(levels)
    notes = " ".join(fit.notes)
    assert "look alike" in notes
    assert "invisible characters in 1 label" in notes
