"""Names that look like numbers, marks of numbers, types and codes that are declared, and labels that look alike."""

import os
import socket

import numpy as np
import pandas as pd
import pytest

import vcmodel as vc
from vcmodel.errors import DataError
from vcmodel.tables.labels import lookalikes
from vcmodel.tables.reading import read


@pytest.fixture
def column(tmp_path):
    """Reads one column beside others; `y` is a response."""

    def put(values, separator=",", **options):
        rows = [f"{value}{separator}{i % 7}{separator}x{i % 3}" for i, value in enumerate(values)]
        path = tmp_path / "trial.csv"
        path.write_text("\n".join([separator.join(["f", "y", "g"]), *rows]) + "\n", encoding="utf-8")
        return read(path, **options)

    return put


NAMES = {
    "exponents": ["1E2", "10E1", "1E3"],
    "exponents without twins": ["1E1", "1E2", "2E1"],
    "replicate and block": [f"{r}.{b}" for r in (1, 2) for b in range(1, 13)],
    "block 10 only": ["1.2", "1.3", "1.10"],
    "leading zeros": ["001", "002", "010"],
    "leading zero beside none": ["01", "1"],
    "hexadecimal": ["0x1A", "0x1B"],
    "underscore": ["1_000", "1000"],
    "beyond 2^53": ["9007199254740993", "9007199254740992"],
    "infinite": ["1e400", "1e401", "2"],
    "whole and decimal": ["1", "1.0", "2"],
    "signs": ["+5", "5"],
    "year and month": ["2020.1", "2020.2", "2020.10"],
}


@pytest.mark.parametrize("values", NAMES.values(), ids=list(NAMES))
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_names_that_look_like_numbers_stay_text(column, values, separator):
    assert column(values, separator).table["f"].tolist() == values


def test_numbers_stay_numbers(column):
    for text in ("2.50 3.25 1.00", "2.5 3.25 4.0", "1e-05 2.31E+02", "-0.0 0.0", "1.0 2.0", ".5 -.25"):
        values = text.split()
        assert column(values).table["f"].tolist() == [float(value) for value in values]


def test_a_name_is_a_number_where_only_a_number_can_be_meant(column):
    padded = column(["09", "10", "16", "18", "08", "12"])
    fit = vc.fit("f ~ 1", data=padded)
    assert fit.fixed_effects.effect.iloc[0] == pytest.approx(73 / 6)
    assert any("column 'f': read as numbers where the model can only mean numbers" in note for note in fit.notes)
    blocks = column([f"{1 + i // 12}.{1 + i % 12}" for i in range(24)] * 2)
    assert len(vc.fit("y ~ C(f)", data=blocks).fixed_effects) == len(vc.fit("y ~ f", data=blocks).fixed_effects) == 24
    wide = blocks.table.assign(y2=np.arange(48.0))
    assert vc.fit("y ~ at(f, '1.10'):y2", data=wide).n_fixed == 2
    with pytest.raises(vc.FormulaError, match=r"1\.10 is a number and equals 1\.1; write the label in quotes, '1\.10'"):
        vc.fit("y ~ at(f, 1.10):y2", data=wide)
    typed_by_hand = column(["12.5", "13", "13.0", "14.25", "12", "11"] * 3)
    with pytest.raises(DataError, match=r"column 'f' in 'f' of `fixed` may hold numbers or names, 13 and 13\.0 would be one number"):
        vc.fit("y ~ f", data=typed_by_hand)
    assert vc.fit("y ~ C(f)", data=typed_by_hand).n_fixed == 6


GROUPED = {
    "points": (["939", "1.134", "852"], ";", "points may be decimal marks or thousands", {"thousands": "."}, [939, 1134, 852]),
    "points, told the decimal mark": (["939", "1.134", "852"], ";", "may be decimal", {"decimal": "."}, [939, 1.134, 852]),
    "points everywhere": (["1.939", "1.134"], ";", "may be decimal marks or thousands", {"decimal": ","}, [1939, 1134]),
    "zero": (["0", "1.134", "2.250"], "\t", "may be decimal marks or thousands", {"thousands": "."}, [0, 1134, 2250]),
    "commas": (['"1,234"', '"939"'], ",", "commas may be decimal marks or thousands", {"thousands": ","}, [1234, 939]),
    "commas and tabs": (["1,234", "939"], "\t", "may be decimal marks or thousands", {"decimal": ","}, [1.234, 939]),
    "both": (["1,234", "1.234", "5"], ";", "may be decimal marks or thousands", {"thousands": ","}, [1234, 1.234, 5]),
}


@pytest.mark.parametrize(("values", "separator", "message", "options", "right"), GROUPED.values(), ids=list(GROUPED))
def test_thousands_are_never_read_by_halves(column, values, separator, message, options, right):
    with pytest.raises(DataError, match=message):
        vc.fit("f ~ 1", data=column(values, separator))
    assert column(values, separator, **options).table["f"].tolist() == right


def test_labels_keep_their_marks(column):
    plots = column(["1.101", "1.102", "2.101", "2.102"] * 3, ";", decimal=",")
    assert plots.table["f"].tolist()[:2] == [1101, 1102]
    assert vc.fit("y ~ 1", random="f", data=plots).random_effects("f").index.tolist() == ["1.101", "1.102", "2.101", "2.102"]


def test_thousands_that_are_certain(column):
    for values, separator, right in (
        (['"1,234.5"', '"939.0"'], ",", [1234.5, 939.0]),
        (["1.234,5", "939,25"], ";", [1234.5, 939.25]),
        (["1.234.567", "939"], ";", [1234567, 939]),
        (["1 234", "939"], ",", [1234, 939]),
        (["1\u00a0234,5", "939"], ";", [1234.5, 939]),
        (["1'234.5", "939"], ",", [1234.5, 939]),
        (["1.134", "1200", "7"], ";", [1.134, 1200, 7]),
    ):
        assert column(values, separator).table["f"].tolist() == right


def test_the_reason_of_the_decimal_mark(column):
    plots = column(["1.1", "1.2", "2.1"], ";", types={})
    assert plots.table["f"].tolist() == [1.1, 1.2, 2.1]
    with_commas = read_text(plots.path, "plot;y\n1.1;51,33\n1.2;46,28\n2.1;50\n")
    assert with_commas.table["y"].tolist() == [51.33, 46.28, 50.0]
    assert with_commas.table["plot"].tolist() == ["1.1", "1.2", "2.1"]
    with pytest.raises(
        DataError, match=r"decimal points \(1\.1\), and the decimal mark of the file is the comma, as in column 'y' \(51,33\)"
    ):
        vc.fit("plot ~ 1", data=with_commas)


def read_text(path, text):
    path.write_text(text, encoding="utf-8")
    return read(path)


def test_a_dash_beside_numbers_is_missing(column):
    for code in ("-", "--", "\u2013", "?", "n/a", "NULL", "#DIV/0!"):
        found = column(["5.5", code, "6.5"])
        assert found.table["f"].isna().tolist() == [False, True, False]
        assert found.missing == {code: 1}
    kept = column(["a", "-", "b"])
    assert kept.table["f"].tolist() == ["a", "-", "b"]
    assert "'-' is a label; if it means missing, ask for it" in kept.columns[0].remarks[0]


def test_declared_types_and_codes(column):
    values = ["1", "2", "0", "3"]
    assert column(values, types={"f": "text"}).table["f"].tolist() == values
    factor = column(values, types={"f": "factor"})
    assert isinstance(factor.table["f"].dtype, pd.CategoricalDtype)
    assert vc.fit("y ~ f", data=column(values * 3, types={"f": "factor"})).n_fixed == 4
    assert column(["001", "1E2"], types={"f": "number"}).table["f"].tolist() == [1.0, 100.0]
    assert column(["1.10", "1.1"], types={"f": "factor"}).table["f"].tolist() == ["1.10", "1.1"]
    with pytest.raises(DataError, match="column 'f' was declared a number, but 'x' in row 2 is no number"):
        column(["1", "x"], types={"f": "number"})
    gaps = column(values, missing={"f": ["0"]})
    assert gaps.table["f"].isna().tolist() == [False, False, True, False]
    assert not gaps.table["y"].isna().any()
    with pytest.raises(DataError, match="types: no column 'ff' in the data; did you mean 'f'"):
        column(values, types={"ff": "text"})
    frame = pd.DataFrame({"f": [1, 2, 0, 3] * 3, "y": np.arange(12.0), "t": ["1.10", "-9", "1.1", "2"] * 3})
    assert vc.fit("y ~ f", data=frame, read={"types": {"f": "factor"}, "missing": {"f": [0]}}).n_fixed == 3
    assert read(frame, types={"t": "number"}, missing={"t": [-9]}).table["t"].tolist()[:2] == [1.1, pytest.approx(np.nan, nan_ok=True)]
    assert read(frame, types={"f": "text"}).table["f"].tolist()[:3] == ["1", "2", "0"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"thousands": ",", "decimal": ","}, "decimal and thousands are both ','"),
        ({"skip": -1}, "skip must be a number of lines or a list of line numbers"),
        ({"skip": [1, 99]}, "there is no line 99"),
        ({"types": {"f": "integer"}}, "types: 'f' as 'integer'"),
        ({"missing": {"f": "-9"}}, "missing takes a list of codes for a column"),
        ({"nonsense": 1}, "'nonsense' is no option of reading"),
        ({"comment": " #"}, "give the mark without blanks"),
    ],
)
def test_an_option_is_obeyed_or_refused(column, options, message):
    with pytest.raises(DataError, match=message):
        column(["1", "2"], **options)


def test_the_command_line_and_the_job_have_the_same_options(tmp_path, capsys, monkeypatch):
    from vcmodel.batch.job import parse_job
    from vcmodel.cli import app

    monkeypatch.chdir(tmp_path)
    rows = [f"{1 + i % 3}.{1 + i % 4}0;{1 + i % 5}.{i % 10}00;{i % 2}" for i in range(12)]
    (tmp_path / "t.csv").write_text("\n".join(["% made", "f;y;g", "x;kg;x", *rows, "-;-;-"]) + "\n", encoding="utf-8")
    flags = ("--skip-line", "3", "--skip-line", "16", "--comment", "%", "--column", "f=text", "--thousands", ".", "--missing", "y=2.100")
    code = app(["plan", "t.csv", "-f", "y ~ 1", "-r", "f", *flags], standalone_mode=False)
    said = capsys.readouterr()
    assert (code, said.err) == (0, "")
    assert "points between thousands: 12 rows, 3 columns; missing values: 2.100 (2)" in said.out
    table = {"skip": [3, 16], "comment": "%", "types": {"f": "text"}, "thousands": ".", "missing": {"y": ["2.100"]}}
    job = parse_job({"files": "t.csv", "model": {"fixed": "y ~ 1"}, "read": table}, tmp_path)
    assert job.read == vc.ReadOptions(**table)
    assert app(["fit", "t.csv", "-f", "y ~ 1", "--skip", "1", "--skip-line", "3"], standalone_mode=False) == 3
    assert "--skip and --skip-line are two ways" in capsys.readouterr().err


LOOKALIKES = {
    "case": (["G01", "g01", "G02"], "case"),
    "blanks": (["G 01", "G  01", "G02"], "blanks"),
    "no-break blank": (["G 01", "G\u00a001"], "blanks"),
    "Cyrillic": (["A1", "\u04101"], "characters that look the same"),
    "full width": (["G1", "G\uff11"], "characters that look the same"),
    "accents": (["caf\u00e9", "cafe\u0301"], "characters that look the same"),
    "dashes": (["G-1", "G\u20131"], "characters that look the same"),
    "letter O": (["G01", "GO1"], "characters that look the same"),
    "invisible": (["G1", "G\u200b1"], "characters that look the same"),
    "leading zeros": (["01", "1", "2", "10"], "zeros"),
    "a whole number with a fraction": (["1.0", "1", "2", "x"], "zeros"),
}


@pytest.mark.parametrize(("labels", "what"), LOOKALIKES.values(), ids=list(LOOKALIKES))
def test_labels_that_look_alike_are_noted(labels, what):
    ((group, found),) = lookalikes(labels)
    assert (set(group) <= set(labels), found) == (True, what)
    data = pd.DataFrame({"y": np.arange(12.0) % 5, "g": (labels * 12)[:12]})
    notes = [note for note in vc.fit("y ~ 1", random="g", data=data).notes if "look alike" in note]
    assert len(notes) == 1
    assert f"differ only in {what}" in notes[0]


def test_labels_that_do_not(column):
    assert lookalikes(["G1", "G01", "G10", "1.1", "1.10", "a b", "a-b", "\u00e9", "e"]) == []


def test_what_is_no_file_is_refused_at_once(tmp_path, monkeypatch):
    # names of sockets are short
    monkeypatch.chdir(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        for name, what in (("pipe", "a named pipe"), ("socket", "a socket"), ("", "a folder"), ("gone", "there is no file")):
            with pytest.raises(DataError, match=what):
                vc.fit("y ~ 1", data=tmp_path / name)
    with pytest.raises(DataError, match="a device"):
        vc.fit("y ~ 1", data="/dev/zero")


def test_a_file_name_that_is_not_text(tmp_path):
    path = os.path.join(os.fsencode(tmp_path), b"b\xff.csv")
    with open(path, "wb") as stream:
        stream.write(b"y,g\n" + b"".join(b"%d,g%d\n" % (i % 5, i % 3) for i in range(12)))
    fit = vc.fit("y ~ 1", random="g", data=os.fsdecode(path))
    assert any("b\\udcff.csv read as" in note for note in fit.notes)
    fit.to_json().encode("utf-8")
