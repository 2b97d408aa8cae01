"""Lines around a table and columns that might shift: read as the clean table, or refused with the way out."""

import pytest

import vcmodel as vc
from vcmodel.errors import DataError
from vcmodel.tables.reading import read

CLEAN = ["env,rep,gen,yield", "E1,1,G01,5957.5", "E1,2,G02,7260.5", "E2,1,G01,6644.5", "E2,2,G02,6111.5"]
ROWS = [("E1", 1, "G01", 5957.5), ("E1", 2, "G02", 7260.5), ("E2", 1, "G01", 6644.5), ("E2", 2, "G02", 6111.5)]


@pytest.fixture
def write(tmp_path):
    def put(text, name="trial.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return put


def table(top=(), after=(), middle=(), end=()):
    return "\n".join([*top, CLEAN[0], *after, *CLEAN[1:3], *middle, *CLEAN[3:], *end]) + "\n"


READ = {
    "comments": ({"top": ["# exported", "# X, Y"], "middle": ["  # checked"], "end": ["#"]}, "4 lines beginning with # left out"),
    "titles": ({"top": ["Trial: X", "Location: Y", ""]}, "2 lines above the column names left out: 'Trial: X', 'Location: Y'"),
    "padded titles": ({"top": ["Trial,X,,", ",,,"]}, "2 lines above the column names left out"),
    "marked titles": ({"top": ["% exported", "! by X"]}, "2 lines above the column names left out"),
    "units": ({"after": [",,,kg/ha"]}, "line 2 left out as a row of units: yield in kg/ha"),
    "units everywhere": ({"after": ["-,(no),-,(kg/ha)"]}, "line 2 left out as a row of units: rep in (no), yield in (kg/ha)"),
    "footer": ({"end": ["", "Source: X, Y"]}, "1 line below the rows left out: 'Source: X Y'"),
    "footer at once": ({"end": ["(4 rows affected)"]}, "1 line below the rows left out"),
    "padded footer": ({"end": ["", "Source: X,,,"]}, "1 line below the rows left out: 'Source: X'"),
    "empty rows": ({"end": [",,,", ",,,"]}, "2 lines below the rows left out"),
    "names again": ({"middle": [CLEAN[0]]}, "column names repeated in line 4 left out"),
}


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize(("around", "remark"), READ.values(), ids=list(READ))
def test_lines_around_are_left_out(write, around, remark, separator):
    text = table(**around)
    if separator != ",":
        text = text.replace(",", separator)
        remark = remark.split(":")[0] if "Source" in remark else remark
    reading = read(write(text))
    assert list(reading.table.itertuples(index=False, name=None)) == ROWS
    assert any(remark in item for item in reading.remarks), reading.remarks


REFUSED = {
    "a row that is commented out": ({"middle": ["#E1,1,G03,5"]}, "line 4 begins with #", {"comment": "#"}, 4),
    "another comment mark": ({"middle": ["% note"]}, r"skip=\[4\]", {"comment": "%"}, 4),
    "mean": ({"end": ["Mean,,,6493.5"]}, r"begins with 'Mean' and seems to sum up .*skip=\[6\]", {"skip": [6]}, 4),
    "coefficient of variation": ({"end": ["CV%,,,12.5"]}, "seems to sum up", {"skip": 0}, 5),
    "a title of three fields": ({"top": ["Trial X, Y, Z"]}, "skip= ", {"skip": 1}, 4),
    "a truncated row": ({"end": ["E2,2,G0"]}, r"line 6: 3 fields, fewer than the 4 .*skip=\[6\]", {"skip": [6]}, 4),
}


@pytest.mark.parametrize(("around", "message", "options", "n"), REFUSED.values(), ids=list(REFUSED))
def test_what_is_not_certain_is_refused_with_the_option_that_reads_it(write, around, message, options, n):
    path = write(table(**around))
    with pytest.raises(DataError, match=message):
        read(path)
    assert len(read(path, **options).table) == n


def test_units_in_words_make_no_number_silently(write):
    path = write(table(after=["code,no,code,kg/ha"]))
    with pytest.raises(DataError, match=r"response 'yield' is not numeric: text because of 'kg/ha' in row 1 \(line 2\).*skip=\[2\]"):
        vc.fit("yield ~ env", data=path)
    assert len(read(path, skip=[2]).table) == 4
    with pytest.raises(DataError, match=r"no column 'yield' .*if line 2 of the file has the names, skip=1 \(--skip 1\)"):
        vc.fit("yield ~ 1", data=write(table(top=["a,b,c,d"])))


SHIFTED = {
    "unique names": "gen,y\nG1,2,5\nG2,3,25\n",
    "plots 1 ... n": "plot,y\n1,2,5\n2,3,25\n3,4,5\n",
    "quoted names": '"gen","y"\n"G1",2,5\n"G2",3,25\n',
    "two numbers": "gen,y,z\nG1,2,5,3,5\nG1,3,25,1,1\n",
    "some whole": "gen,y\nG1,2,5\nG2,3\n",
    "one column": "y\n2,5\n3,25\n",
    "a separator at the end": "gen,y,\nG1,2,5\nG2,3,25\n",
    "thousands": "gen,y\nG1,1,250\nG2,2,310\n",
    "a separator at the beginning": "a,b\n,1,2\n,3,4\n",
    "row names that are none": "a\tb\n5\t2\t3\n9\t3\t4\n",
}


@pytest.mark.parametrize("text", SHIFTED.values(), ids=list(SHIFTED))
def test_columns_never_shift(write, text):
    with pytest.raises(DataError, match=r"decimal comma|row names|no column name|every column a name"):
        read(write(text))


@pytest.mark.parametrize(
    "text",
    ["a,b\n1,2,\n3,4,\n", "a;b;;\n1;2;;\n3;4;;\n", "a\tb\n1\t2\t\n3\t4\n", 'a,b\n1,2,""\n3,4,""\n', "a|b|\n1|2\n3|4\n"],
)
def test_separators_at_the_end_make_no_column(write, text):
    found = read(write(text)).table
    assert found.to_dict("list") == {"a": [1, 3], "b": [2, 4]}


def test_row_names_as_r_writes_them(write):
    for text in (
        '"a","b"\n"1",2,3\n"2",3,4\n',
        "a b\n1 2 3\n2 3 4\n",
        '"a"\t"b"\n"r1"\t2\t3\n"r2"\t3\t4\n',
        '"","a","b"\n"1",2,3\n"2",3,4\n',
    ):
        found = read(write(text)).table
        assert found[["a", "b"]].to_dict("list") == {"a": [2, 3], "b": [3, 4]}
