import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import vcmodel as vc
from vcmodel.batch.naming import content_digest, fit_id, frame_digest, object_digest, shown


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/abs/x.csv", "a\0b", "<script>.csv", "-rf", "", "…", "C:\\x", "a" * 500, "\udcff.csv"]
)
def test_an_id_is_a_safe_name(name):
    found = fit_id(name, f"m/{name}", ["t/..", name])
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{1,120}", found)
    assert found == fit_id(name, f"m/{name}", ["t/..", name])


def test_ids_differ_where_the_readable_part_does_not():
    assert (
        len({fit_id("a/x.csv", "m", ["y"]), fit_id("b/x.csv", "m", ["y"]), fit_id("a/x.csv", "m?", ["y"]), fit_id("a/x.csv", "m", ["y?"])})
        == 4
    )


def test_a_file_is_named_from_the_folder_of_the_job(tmp_path):
    assert shown(tmp_path / "trials" / "x.csv", tmp_path) == "trials/x.csv"
    assert shown(Path("/elsewhere/x.csv"), tmp_path) == "/elsewhere/x.csv"
    assert shown("a\udcff.csv", tmp_path) == "a\\udcff.csv"


def test_digests_follow_the_content(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"1")
    first = content_digest(path)
    path.write_bytes(b"2")
    assert content_digest(path) != first
    assert content_digest(tmp_path / "gone") == "unreadable: No such file or directory"
    assert content_digest(Path("a\0b")) == "unreadable: embedded null byte"
    assert content_digest(Path("/dev/zero")) == "unreadable: not a regular file"
    assert content_digest(tmp_path) == "unreadable: not a regular file"


def test_the_digest_of_a_frame():
    frame = pd.DataFrame({"x": [1.0, np.nan], "s": ["a", None]})
    assert frame_digest(frame) == frame_digest(frame.copy())
    others = [frame.rename(columns={"x": "z"}), frame.assign(x=[1.0, 2.0]), frame.assign(s=["a", "b"]), frame.astype({"x": "float32"})]
    assert len({frame_digest(item) for item in [frame, *others]}) == 5
    assert frame_digest(pd.concat([frame, frame], axis=1))


def test_the_digest_of_a_relationship():
    table = pd.DataFrame({"id": [1, 2, 3], "sire": [None, None, 1], "dam": [None, None, 2]})
    one = vc.Relationship.from_pedigree(vc.Pedigree(table, id="id", sire="sire", dam="dam"))
    two = vc.Relationship.from_pedigree(vc.Pedigree(table, id="id", sire="sire", dam="dam"))
    other = vc.Relationship.from_pedigree(vc.Pedigree(table.assign(dam=[None, None, None]), id="id", sire="sire", dam="dam"))
    assert object_digest(one) == object_digest(two)
    assert object_digest(one) != object_digest(other)
    square = pd.DataFrame([[1.0, 0.5], [0.5, 1.0]], index=["a", "b"], columns=["a", "b"])
    assert object_digest(square) != object_digest(square * 2)
