"""Tables from files: what is recognised, what is refused, and in which words."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import vcmodel as vc
from vcmodel.errors import DataError
from vcmodel.tables.missing import MISSING
from vcmodel.tables.reading import Reading, read

ROWS = [("G1", 2.5, 7), ("G2", 3.25, 8), ("G1", 1.75, 9)]


@pytest.fixture
def write(tmp_path):
    def put(content, name="trial.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return put


def text(separator: str, decimal: str = ".", end: str = "\n") -> str:
    lines = [("gen", "y", "n"), *((g, str(y).replace(".", decimal), str(n)) for g, y, n in ROWS)]
    return end.join(separator.join(line) for line in lines) + end


PLAIN = {
    "comma": (text(",").encode(), "comma-separated text, UTF-8, decimal point"),
    "semicolon, decimal comma": (text(";", ",").encode(), "semicolon-separated text, UTF-8, decimal comma"),
    "tab": (text("\t").encode(), "tab-separated text, UTF-8, decimal point"),
    "tab, decimal comma": (text("\t", ",").encode(), "tab-separated text, UTF-8, decimal comma"),
    "bar": (text("|").encode(), "bar-separated text, UTF-8, decimal point"),
    "blanks": (b"  gen   y  n\nG1 2.5 7 \n G2   3.25 8\nG1 1.75 9\n", "blank-separated text, UTF-8, decimal point"),
    "quoted decimal comma": (b'gen,y,n\nG1,"2,5",7\nG2,"3,25",8\nG1,"1,75",9\n', "comma-separated text, UTF-8, decimal comma"),
    "windows lines": (text(",", end="\r\n").encode(), "comma-separated text, UTF-8, decimal point"),
    "old mac lines": (text(",", end="\r").encode(), "comma-separated text, UTF-8, decimal point"),
    "byte-order mark": (text(",").encode("utf-8-sig"), "comma-separated text, UTF-8 with byte-order mark, decimal point"),
    "utf-16": (text(";").encode("utf-16"), "semicolon-separated text, UTF-16, decimal point"),
    "gzip": (gzip.compress(text(",").encode()), "comma-separated text in gzip, UTF-8, decimal point"),
    "sep hint": (b"sep=;\n" + text(";").encode(), "semicolon-separated text, UTF-8, decimal point"),
    "blank lines": (b"\n\n" + text(",").replace("\n", "\n\n").encode(), "comma-separated text, UTF-8, decimal point"),
    "all quoted": (b'"gen","y","n"\n"G1","2.5","7"\n"G2","3.25","8"\n"G1","1.75","9"\n', "comma-separated text, UTF-8, decimal point"),
}


@pytest.mark.parametrize(("content", "form"), PLAIN.values(), ids=list(PLAIN))
def test_one_table_in_many_forms(write, content, form):
    reading = read(write(content))
    assert reading.form == form
    assert list(reading.table.itertuples(index=False, name=None)) == ROWS
    assert [column.kind for column in reading.columns] == ["text, 2 different", "numbers", "whole numbers"]


def test_parquet(tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / "trial.parquet"
    pd.DataFrame(ROWS, columns=["gen", "y", "n"]).to_parquet(path)
    reading = read(path)
    assert reading.form == "Parquet"
    assert list(reading.table.itertuples(index=False, name=None)) == ROWS
    path.write_bytes(b"PAR1" + bytes(60))
    with pytest.raises(DataError, match="is a damaged Parquet file"):
        read(path)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-8", "utf-8-sig", "utf-16"])
def test_encodings(write, encoding):
    labels = ["Österreich", "Ñandú", "Œuvre" if encoding != "latin-1" else "Øre"]
    found = read(write("\n".join(["site,y", *(f"{label},{i}" for i, label in enumerate(labels))]).encode(encoding)))
    assert found.table["site"].tolist() == labels
    named = read(write("\n".join(["site,y", "é,1"]).encode("latin-1")), encoding="latin-1")
    assert named.table["site"].tolist() == ["é"]


def test_missing_values_are_counted_by_code(write):
    reading = read(write("y,x,s\n1,NA,a\n.,2, NA \n*,,*\n4,nan,\n5,1.5,b\n"))
    assert reading.missing == {".": 1, "*": 2, "NA": 2, "": 2, "nan": 1}
    assert reading.table["y"].isna().tolist() == [False, True, True, False, False]
    assert reading.table["x"].tolist()[1::3] == [2.0, 1.5]
    assert reading.table["s"].isna().tolist() == [False, True, True, True, False]
    assert "missing values: . (1), * (2), NA (2), empty (2), nan (1)" in reading.headline()
    assert set(reading.missing) <= set(MISSING)


def test_minus_nine_is_missing_on_request_only(write):
    path = write("y,z\n1.5,-9\n-9,-1\n3,2\n")
    plain = read(path)
    assert plain.table["y"].tolist() == [1.5, -9.0, 3.0]
    # z has other negative values: nothing to warn of
    assert [bool(column.remarks) for column in plain.columns] == [True, False]
    assert "-9 stands 1 time beside values that are not negative" in plain.columns[0].remarks[0]
    asked = read(path, missing=["-9"])
    assert asked.missing == {"-9": 2}
    assert asked.table.isna().to_numpy().tolist() == [[False, True], [True, False], [False, False]]
    with pytest.raises(DataError, match=r"missing takes a list of codes: missing=\['-9'\]"):
        read(path, missing="-9")


def test_names_in_digits_stay_text(write):
    reading = read(write("plot,id,big,y\n007,1,12345678901234567,1.0\n7,2,12345678901234568,0.5\n010,NA,,2\n"))
    assert reading.table["plot"].tolist() == ["007", "7", "010"]
    assert reading.table["big"].tolist()[:2] == ["12345678901234567", "12345678901234568"]
    assert reading.table["id"].tolist()[:2] == [1.0, 2.0]
    assert "numbers kept as text: they look like names, leading zeros (007)" in reading.columns[0].notes()[0]
    assert "names, more than 15 digits (12345678901234567); types={'big': 'number'} (--column big=number)" in reading.columns[2].notes()[0]
    assert "numbers that look like names (007, 1E2, more than 15 digits, 1.1 beside 1.10) are kept as text" in reading.describe()
    # 0.5, 1e-05 and a bare 0 are numbers
    assert read(write("a,b\n0,1e-05\n0.5,2\n")).table.dtypes.tolist() == [np.float64, np.float64]


def test_types_and_what_may_not_be_meant(write):
    reading = read(write("y,t,e,s,h\n1,TRUE,,A ,ab\n2,FALSE,,A,ab\n3,NA,,B,a\u200bb\n4,TRUE,,B,x\n5,TRUE,,B,x\n6x,TRUE,,B,x\n"))
    kinds = {column.name: column for column in reading.columns}
    assert kinds["t"].kind == "true/false"
    assert kinds["e"].kind == "empty"
    assert reading.table["s"].unique().tolist() == ["A", "B"]
    assert kinds["s"].remarks == ("blanks at the ends of 1 value removed",)
    assert kinds["y"].reason == (
        "text because of '6x' in row 6 (line 7); all else are numbers: skip=[7] (--skip-line) leaves it out, "
        "missing={'y': ['6x']} (--missing y=6x) reads it as missing"
    )
    assert kinds["h"].remarks == ("invisible characters in 1 label, e.g. 'a\\u200bb'",)
    twins = read(write("s,y\ncaf\u00e9,1\ncafe\u0301,2\n"))
    assert twins.table["s"].nunique() == 2
    assert "look alike: 'caf\u00e9', 'cafe\u0301' differ only in characters that look the same" in twins.describe()


def test_commas_that_may_be_thousands_are_not_guessed(write):
    path = write('id,y\n1,"1,234"\n2,"12,345"\n')
    reading = read(path)
    assert reading.table["y"].tolist() == ["1,234", "12,345"]
    assert "may be decimal marks or thousands: say decimal=',' or thousands=','" in reading.columns[1].remarks[0]
    assert read(path, decimal=",").table["y"].tolist() == [1.234, 12.345]
    mixed = read(write("x;y\n1.5;1,5\n2.5;2\n"))
    assert mixed.table["y"].tolist() == [1.5, 2.0]
    assert mixed.table["x"].tolist() == ["1.5", "2.5"]
    assert "decimal points (1.5), and the decimal mark of the file is the comma, as in column 'y' (1,5)" in mixed.columns[0].reason


def test_row_names_without_a_header(write):
    reading = read(write('"a" "b"\n"1" 2 3\n"2" 3 4\n'))
    assert reading.table.columns.tolist() == ["Unnamed: 0", "a", "b"]
    assert reading.remarks == ("the first column has no name in the header and is called 'Unnamed: 0'",)
    trailing = read(write("a,b,\n1,2,\n3,4,\n"))
    assert trailing.table.columns.tolist() == ["a", "b"]


def test_a_text_of_several_lines_is_one(write):
    table = read(write('y,remark\n1,"wet\nand, later, dry"\n2,"see 3\nto, below"\n')).table
    assert table.remark.tolist() == ["wet\nand, later, dry", "see 3\nto, below"]


def test_names_are_cleaned(write):
    reading = read(write('" a ","Plot\nheight",cafe\u0301\n1,2,3\n'))
    assert reading.table.columns.tolist() == ["a", "Plot height", "caf\u00e9"]
    assert reading.remarks == ("the line break in the name of column 2 became a blank: 'Plot height'",)


REFUSED = {
    "empty": (b"", "is empty: it needs a line of column names and the rows"),
    "blank": (b" \n \n", "is empty"),
    "header only": (b"a,b\n", "has column names in line 1 and no rows below them"),
    "no names": (b",,\n1,2,3\n", "line 1: there are no column names"),
    "duplicate names": (b"\na,b,a\n1,2,3\n", "line 2: column 'a' occurs more than once (columns 1 and 3): rename one of them"),
    "too long": (b"a,b\n1,2\n1,2,3\n", "line 3: 3 fields, more than the 2 column names (separated by comma)"),
    "too short": (b"a,b,c\n1,2,3\n1,2\n", "line 3: 2 fields, fewer than the 3 column names"),
    "open quote": (b'a,b\n1,"2\n3,4\n', "a quote that is opened in the file is never closed"),
    "rows in quotes": (
        b'y,g\n1,a\n2,"b\n3,a\n4,b"\n5,a\n',
        "line 3: a quoted text that begins here and ends in line 5 has whole rows in it",
    ),
    "rows in quotes, first column": (b'g,y\n"a,2\nc,3\nd",3\n', "line 2: a quoted text that begins here and ends in line 4"),
    "bad quote": (b'a,b\n1,"2"x\n', "line 2: a closing quote is followed by other characters"),
    "long field": (b'a,b\n1,"' + b"x" * 140_000 + b'"\n', "line 2: a field of more than 131,072 characters"),
    "nul": (b"a,b\n1,2\n1,\x002\n", "has a NUL byte in line 3: the file is binary or damaged"),
    "nul in utf-16": ("a,b\n1,\x00\n".encode("utf-16"), "has a NUL character in line 2"),
    "utf-16 without mark": ("a,b\n1,2\n".encode("utf-16-le"), "looks like UTF-16 without a byte-order mark"),
    "control character": (b"a,b\n1,\x1b[2J\n", "has the control character 0x1b in line 2"),
    "mixed encodings": ("s,é\n".encode() + b"\n\xc4,1\n", "mixes encodings: line 1 is UTF-8, line 3 is not"),
    "other encoding": (b"s,y\n\x81\x8d,1\n", "is neither UTF-8 nor Latin-1 (line 2)"),
    "invisible name": ("a,b\u202e\n1,2\n".encode(), "the name of column 2, 'b\\u202e', has an invisible character (U+202E)"),
    "zip": (b"PK\x03\x04" + bytes(30), "is not a text table but a ZIP archive or an Excel or LibreOffice workbook: save the sheet as CSV"),
    "pdf": (b"%PDF-1.7", "is not a text table but a PDF"),
    "truncated gzip": (gzip.compress(b"a,b\n1,2\n" * 1000)[:40], "is a damaged or truncated gzip file"),
}


@pytest.mark.parametrize(("content", "message"), REFUSED.values(), ids=list(REFUSED))
def test_refused(write, content, message):
    with pytest.raises(DataError) as caught:
        read(write(content))
    assert message in str(caught.value)
    assert "trial.csv" in str(caught.value)


def test_no_file(tmp_path):
    for path, message in {
        tmp_path / "nothing.csv": "data: there is no file",
        tmp_path: "is a folder: give a file",
        Path("/dev/zero"): "not a regular file",
        "a\x00b": "there is no file",
        "x" * 300: "cannot be the name of a file",
    }.items():
        with pytest.raises(DataError, match=message):
            read(path)


def test_wrong_options(write):
    path = write("a,b\n1,2\n")
    with pytest.raises(DataError, match="the separators are"):
        read(path, separator="/")
    with pytest.raises(DataError, match=r"the decimals are: '\.', ','"):
        read(path, decimal=";")
    with pytest.raises(DataError, match="cannot be read as no-such-code"):
        read(path, encoding="no-such-code")
    with pytest.raises(DataError, match="separator, skip: for files of separated text; of a DataFrame only missing and types can be told"):
        read(pd.DataFrame({"a": [1]}), separator=";", skip=2)
    with pytest.raises(DataError, match="the data were read already"):
        read(read(path), missing=["-9"])


def test_more_than_the_memory_holds(write, monkeypatch):
    path = write(gzip.compress(b"a,b\n" + b"1,2\n" * 100_000))
    monkeypatch.setattr("vcmodel.tables.decoding.available_memory", lambda: 80_000)
    with pytest.raises(DataError, match="decompresses to more than 10 kB"):
        read(path)
    with pytest.raises(DataError, match="split the file or use a larger machine"):
        read(write(b"a,b\n" + b"1,2\n" * 10_000))


def test_a_reading_is_data(write):
    path = write("g;y\n" + "".join(f"g{i % 4};{i % 4 + (i % 7) / 10:.1f}\n".replace(".", ",") for i in range(28)))
    reading = vc.read(path)
    assert isinstance(reading, Reading)
    fit = vc.fit("y ~ 1", random="g", data=reading)
    assert fit.loglik == vc.fit("y ~ 1", random="g", data=path).loglik == vc.fit("y ~ 1", random="g", data=reading.table).loglik
    note = "data: trial.csv read as semicolon-separated text, UTF-8, decimal comma: 28 rows, 2 columns; missing values: none"
    assert note in fit.notes
    assert not any(item.startswith("data:") for item in vc.fit("y ~ 1", random="g", data=reading.table).notes)
