"""Relationships from files: the kinds, their options as the command line and jobs give them, and what reaches the files."""

import numpy as np
import pandas as pd
import pytest

from vcmodel.batch.job import JobError, parse_job
from vcmodel.cli.known import load_known as load_entries
from vcmodel.design.known import KnownFile, load_known
from vcmodel.errors import RelationshipError

K = pd.DataFrame([[1.0, 0.5, 0.25], [0.5, 2.0, 0.0], [0.25, 0.0, 1.5]], index=["1.10", "001", "b"], columns=["1.10", "001", "b"])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    K.to_csv("k.csv")
    pd.DataFrame(np.linalg.inv(K), K.index, K.columns).to_csv("inverse.csv")
    rows = [(i + 1, j + 1, K.iat[i, j]) for i in range(3) for j in range(i + 1)]
    pd.DataFrame(rows).to_csv("k.txt", sep=" ", header=False, index=False)
    inverse = np.linalg.inv(K)
    pd.DataFrame([(i + 1, j + 1, inverse[i, j]) for i, j, _ in np.array(rows, dtype=int) - 1]).to_csv(
        "k.giv", sep=" ", header=False, index=False
    )
    (tmp_path / "labels.txt").write_text("\n".join(K.index))
    (tmp_path / "ped.csv").write_text("tree,mother,father\n1,7777,-5\n2,7777,1\n3,2,1\n")
    (tmp_path / "markers.csv").write_text("line,m1,m2,m3\n001,0,1,-5\n1.10,2,-5.0,1\nNA,1,0,2\nb,0,2,1\n")
    return tmp_path


def as_job(folder, entry, read=None):
    job = parse_job({"files": "*.csv", "model": {"fixed": "y ~ 1"}, "known": {"K": entry}, "read": read or {}}, folder)
    return load_known(job.known, (read or {}).get("missing", ()), "[known.{}]")["K"]


def represented(relationship):
    k = np.linalg.inv(relationship.precision.toarray())
    order = [relationship.labels.index(name) for name in K.index]
    return k[np.ix_(order, order)]


@pytest.mark.parametrize(
    ("entry", "table"),
    [
        ("K=k.csv:covariance", {"covariance": "k.csv"}),
        ("K=inverse.csv:precision", {"precision": "inverse.csv"}),
        ("K=k.txt:triplets:labels.txt", {"triplets": "k.txt", "labels": "labels.txt"}),
        ("K=k.txt:triplets:labels.txt", {"triplets": "k.txt", "labels": list(K.index)}),
        ("K=k.giv:triplets:labels.txt", {"triplets": "k.giv", "labels": "labels.txt"}),
        ("K=k.giv:triplets:inverse,labels.txt", {"triplets": "k.giv", "labels": "labels.txt", "inverse": True}),
    ],
)
def test_matrices(folder, entry, table):
    for relationship in (load_entries([entry])["K"], as_job(folder, table)):
        assert np.allclose(represented(relationship), K)


@pytest.mark.parametrize(
    ("entry", "table"),
    [
        ("K=ped.csv:pedigree:tree,mother", {"pedigree": "ped.csv", "id": "tree", "sire": "", "dam": "mother"}),
        ("K=ped.csv:pedigree:tree,,mother", {"pedigree": "ped.csv", "id": "tree", "sire": "mother", "dam": ""}),
    ],
)
def test_a_pedigree_with_one_parent_and_a_code_of_its_own(folder, entry, table):
    for relationship in (load_entries([entry], ["7777", "-5"])["K"], as_job(folder, table, {"missing": ["7777", "-5"]})):
        assert relationship.labels == ("1", "2", "3")
        assert relationship.notes == ("unknown parents: '7777' (2)",)
        assert relationship.precision.nnz == 5


def test_codes_reach_markers_and_labels_stay_as_written(folder):
    for relationship in (
        load_entries(["K=markers.csv:markers:2"], ["-5"])["K"],
        as_job(folder, {"markers": "markers.csv"}, {"missing": [-5]}),
    ):
        assert relationship.labels == ("001", "1.10", "NA", "b")
        assert relationship.notes[0].startswith("2 missing marker counts")
    with pytest.raises(RelationshipError, match=r"--known K: .*if -5 means missing, say so: missing=\[-5\], --missing -5"):
        load_entries(["K=markers.csv:markers"])


@pytest.mark.parametrize("kind", ["covariance", "precision"])
def test_triplets_given_as_a_matrix_are_recognised(folder, kind):
    with pytest.raises(RelationshipError, match=r"looks like triplets .*, which the kind triplets reads"):
        load_entries([f"K=k.txt:{kind}"])
    K.stack().to_csv("long.csv")
    with pytest.raises(RelationshipError, match="triplets"):
        load_entries([f"K=long.csv:{kind}"])


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("K=k.txt:triplets", "--known K: .*positions: give the labels in that order"),
        ("K=k.txt:triplets:labels.txt,more.txt", "triplets take a file of labels and the word inverse"),
        ("K=ped.csv:pedigree:tree,,", "neither sire nor dam is given"),
        ("K=ped.csv:pedigree:a,b,c,d", "a pedigree takes three columns"),
        ("K=k.txt:triplet", "did you mean 'triplets'"),
    ],
)
def test_entries_refused(folder, entry, message):
    with pytest.raises(RelationshipError, match=message):
        load_entries([entry])


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"covariance": "k.csv", "inverse": True}, "inverse in .known.K. has no meaning for covariance"),
        ({"triplets": "k.txt", "inverse": 1}, "inverse in .known.K. must be true or false"),
        ({"triplets": "k.txt", "labels": 3}, "labels in .known.K. must be text or a list"),
    ],
)
def test_tables_refused(folder, table, message):
    with pytest.raises(JobError, match=message):
        as_job(folder, table)


def test_a_file_by_itself(folder):
    assert KnownFile("K", "triplets", folder / "k.txt", labels=("x", "y", "z")).load().labels == ("x", "y", "z")
