"""Relationships written as row, column and value: every form gives the matrix, everything doubtful is refused."""

import gzip

import numpy as np
import pandas as pd
import pytest

from vcmodel.design.relationship import Relationship
from vcmodel.errors import RelationshipError

LABELS = ["b", "a", "007", "7.10", "c"]


def matrix(q=5, seed=0):
    root = np.random.default_rng(seed).normal(size=(q, 2 * q))
    return root @ root.T / q


def entries(k, names=LABELS, half="lower"):
    rows = [
        (names[i], names[j], k[i, j])
        for i in range(len(k))
        for j in range(len(k))
        if half == "full" or (i >= j) == (half == "lower") or i == j
    ]
    return pd.DataFrame(rows, columns=["row", "column", "value"])


def represented(relationship, labels=LABELS):
    k = np.linalg.inv(relationship.precision.toarray())
    order = [relationship.labels.index(str(name)) for name in labels]
    return k[np.ix_(order, order)]


@pytest.mark.parametrize("half", ["lower", "upper", "full"])
def test_triangles_in_any_order(half):
    k = matrix()
    table = entries(k, half=half).sample(frac=1.0, random_state=3)
    result = Relationship.triplets(table)
    assert sorted(result.labels) == sorted(LABELS)
    assert np.allclose(represented(result), k)
    assert result.notes == ()
    assert np.allclose(represented(Relationship.triplets(table, labels=LABELS)), k)
    assert Relationship.triplets(table, labels=LABELS).labels == tuple(LABELS)


def test_both_triangles_mixed_and_repeated_entries():
    k = matrix()
    table = entries(k)
    swap = np.arange(len(table)) % 2 == 0
    mixed = table.assign(row=np.where(swap, table.row, table.column), column=np.where(swap, table.column, table.row))
    assert np.allclose(represented(Relationship.triplets(mixed)), k)
    result = Relationship.triplets(pd.concat([table, table.iloc[[1, 4]]]))
    assert np.allclose(represented(result), k)
    assert result.notes == ("2 repeated entries counted once",)


FILES = {
    "comma": ("k.csv", lambda t: t.to_csv(index=False)),
    "headerless blanks": ("k.txt", lambda t: t.to_csv(index=False, header=False, sep=" ")),
    "headerless tabs": ("k.grm", lambda t: t.to_csv(index=False, header=False, sep="\t")),
    "decimal comma": ("k.csv", lambda t: t.to_csv(index=False, sep=";", decimal=",")),
    "headerless decimal comma": ("k.csv", lambda t: t.to_csv(index=False, header=False, sep=";", decimal=",")),
    "other names": ("k.csv", lambda t: t.set_axis(["Var1", "Var2", "Freq"], axis=1).to_csv(index=False)),
    "other order": ("k.csv", lambda t: t[["value", "column", "row"]].to_csv(index=False)),
    "markers": ("k.csv", lambda t: t.assign(n=100)[["row", "column", "n", "value"]].to_csv(index=False)),
    "numbered": ("k.csv", lambda t: t.to_csv()),
    "quoted": ("k.csv", lambda t: t.to_csv(index=False, quoting=2)),
}


@pytest.mark.parametrize("form", FILES)
@pytest.mark.parametrize("packed", [False, True])
def test_files_with_labels(tmp_path, form, packed):
    name, write = FILES[form]
    text = write(entries(matrix())).encode()
    path = tmp_path / (f"{name}.gz" if packed else name)
    path.write_bytes(gzip.compress(text) if packed else text)
    assert np.allclose(represented(Relationship.triplets(path)), matrix())


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize(
    "labels",
    [LABELS, tuple(LABELS), np.array(LABELS), pd.Series(LABELS), pd.Index(LABELS), pd.DataFrame({"x": LABELS}),
     pd.DataFrame({"f": 1, "x": LABELS})],
)  # fmt: skip
def test_positions_and_labels(labels, first):
    k = matrix()
    for table in (entries(k, range(first, first + 5)), entries(k, [float(i) for i in range(first, first + 5)])):
        result = Relationship.triplets(table, labels)
        assert result.labels == tuple(LABELS)
        assert np.allclose(represented(result), k)
        assert result.notes == (() if first else ("rows and columns are positions counted from 0",))


LABEL_FILES = {
    "plain": ("ids.txt", "\n".join(LABELS)),
    "header": ("ids.csv", "\n".join(["line", *LABELS, ""])),
    "GCTA": ("k.grm.id", "\n".join(f"fam\t{name}" for name in LABELS)),
    "GCTA with blanks": ("k.grm.id", "\n".join(f"fam {name}" for name in LABELS)),
    "numbered": ("ids.csv", "\n".join(["n,line", *(f'{i},"{name}"' for i, name in enumerate(LABELS, 1))])),
}


@pytest.mark.parametrize("form", LABEL_FILES)
def test_files_of_labels(tmp_path, form):
    name, text = LABEL_FILES[form]
    (tmp_path / name).write_text(text)
    table = entries(matrix(), range(1, 6)).assign(n=1234)[["row", "column", "n", "value"]]
    table.to_csv(tmp_path / "k.grm", sep="\t", header=False, index=False)
    result = Relationship.triplets(tmp_path / "k.grm", tmp_path / name)
    assert result.labels == tuple(LABELS)
    assert np.allclose(represented(result), matrix())
    assert any("numbers of markers" in note for note in result.notes)


def test_labels_with_blanks(tmp_path):
    (tmp_path / "ids.txt").write_text("Line 1\nLine 2\n")
    assert Relationship.triplets(entries(matrix(2), [1, 2]), tmp_path / "ids.txt").labels == ("Line 1", "Line 2")


@pytest.mark.parametrize("name", ["k.giv", "K.GIV", "k.giv.gz", "k.txt"])
def test_the_inverse(tmp_path, name):
    k = matrix()
    text = entries(np.linalg.inv(k)).to_csv(index=False, header=False, sep=" ").encode()
    (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    result = Relationship.triplets(tmp_path / name, inverse=name == "k.txt")
    assert np.allclose(represented(result), k)
    assert result.logdet == pytest.approx(np.linalg.slogdet(k)[1])


def test_a_sparse_inverse_of_many_levels_stays_sparse():
    n = 30_000
    i = np.arange(1, n)
    table = pd.DataFrame({"row": [*range(n), *i], "column": [*range(n), *(i - 1)], "value": [2.5] * n + [-1.0] * (n - 1)})
    result = Relationship.triplets(table, labels=range(100, n + 100), inverse=True)
    assert result.precision.nnz == 3 * n - 2
    assert result.labels[0] == "100"


def test_numbers_that_are_labels():
    k = matrix(3)
    assert Relationship.triplets(entries(k, [11, 12, 13])).labels == ("11", "12", "13")
    assert Relationship.triplets(entries(k, [3, 1, 2]), labels=[1, 2, 3]).labels == ("1", "2", "3")
    assert np.allclose(represented(Relationship.triplets(entries(k, [13.0, 11.0, 12.0]), labels=["11", "12", 13]), [13, 11, 12]), k)


def test_positions_beside_labels_that_are_numbers_are_said():
    k = matrix(3)
    (note,) = Relationship.triplets(entries(k, [1, 2, 3]), labels=[3, 2, 1]).notes
    assert note == (
        "the labels are numbers too: row '1' was taken for position 1, which is the label '3'; "
        "if rows and columns hold the labels, give these in ascending order"
    )
    assert Relationship.triplets(entries(k, [1, 2, 3]), labels=[1, 2, 3]).notes == ()
    assert Relationship.triplets(entries(k, [1, 2, 3]), labels=[11, 13, 12]).notes == ()


def test_single_precision():
    k = matrix()
    table = entries(k, half="full")
    table.loc[(table.row == "b") & (table.column == "c"), "value"] += 1e-7
    result = Relationship.triplets(table)
    assert "not symmetric to the last digit" in result.notes[0]
    assert np.allclose(represented(result), k, atol=1e-6)


def changed(**changes):
    table = entries(matrix(), half=changes.pop("half", "lower")).astype({"value": object})
    for row, value in changes.items():
        table.loc[int(row[1:]), "value"] = value
    return table


@pytest.mark.parametrize(
    ("table", "labels", "message"),
    [
        (entries(matrix(), range(1, 6)), None, r"numbered 1 ... 5, which are positions: give the labels in that order, labels=\[...\]"),
        (entries(matrix(), range(5)), None, r"numbered 0 ... 4, which are positions.*if the levels are called so, labels=range\(0, 5\)"),
        (entries(matrix(), range(1, 6)), LABELS[:4], "position 5 beyond the 4 labels"),
        (entries(matrix(), range(1, 6)), [*LABELS, "z"], "no diagonal entry .* for 'z'"),
        (entries(matrix(), range(1, 6)), [*LABELS[:4], "b"], "label 'b' occurs more than once"),
        (entries(matrix(), range(1, 6)), [*LABELS[:4], None], "a label is missing"),
        (entries(matrix(), range(1, 6)), [[name] for name in LABELS], "labels"),
        (entries(matrix(), range(1, 6)), 5, "labels must be a list"),
        (entries(matrix(), range(1, 6)), "nowhere.txt", "there is no file 'nowhere.txt'"),
        (entries(matrix()), LABELS[:4], "'c' is not among the 4 labels"),
        (entries(matrix()).drop(index=2), None, "no diagonal entry .* for 'a'; complete the table"),
        (changed(r1=np.nan), None, "row 2: the value is nan; every entry needs a finite number"),
        (changed(r1=np.inf), None, "row 2: the value is inf"),
        (changed(r1="x"), None, "row 2: the value is 'x'|not numbers"),
        (changed(r1=1j), None, "complex numbers"),
        (entries(matrix() * 1j), None, "complex numbers"),
        (entries(matrix()).assign(row=None), None, "the row or the column is missing"),
        (entries(matrix()).assign(row=[[1]] * 15), None, "is a list; identifiers"),
        (pd.concat([changed(), changed(r1=5.0)]), None, r"row 'a', column 'b' has the values .* \(row 2 of the table\) and 5 \(row 17\)"),
        (changed(half="full", r1=5.0), None, "not symmetric, 'b' with 'a' is 5 and 'a' with 'b' is|'a' with 'b'"),
        (entries(matrix(), half="full").drop(index=1), None, "'a', column 'b' is given and .* is not, while most entries stand in both"),
        (entries(matrix()).iloc[:, :2], None, "2 columns"),
        (entries(matrix()).assign(x=0.5), None, "4 columns .* they must be row, column and value"),
        (entries(matrix()).iloc[:0], None, "no rows"),
        (entries(matrix() - 9 * np.eye(5)), None, "negative eigenvalue"),
        (entries(matrix() * 0), None, "every entry is zero"),
        (3, None, "triplets: data must be a DataFrame"),
    ],
)  # fmt: skip
def test_what_is_refused(table, labels, message):
    with pytest.raises(RelationshipError, match=message):
        Relationship.triplets(table, labels)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\nb\n", "2 lines of labels for a matrix of 5 rows"),
        ("\n".join("x,y,z" for _ in range(5)), "must have one column, or two"),
        ("\n".join("x,y" for _ in range(5)), "'y' occurs more than once"),
    ],
)
def test_files_of_labels_refused(tmp_path, text, message):
    (tmp_path / "ids.txt").write_text(text)
    with pytest.raises(RelationshipError, match=message):
        Relationship.triplets(entries(matrix(), range(1, 6)), tmp_path / "ids.txt")


@pytest.mark.filterwarnings("error")
def test_complex_labels_are_labels() -> None:
    frame = pd.DataFrame({"row": [3, 1j], "column": [3, 1j], "value": [3.0, 3.0]}, dtype=object)
    assert Relationship.triplets(frame).labels == ("3", "1j")
