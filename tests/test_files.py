"""Files that are never half."""

import os
import stat

import pytest

from vcmodel.files import write_whole


def test_a_file_is_written_with_the_rights_of_other_files(tmp_path):
    path = write_whole(tmp_path / "a.txt", "ä\n")
    (tmp_path / "b.txt").write_text("x", encoding="utf-8")
    assert path.read_text(encoding="utf-8") == "ä\n"
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "b.txt").stat().st_mode)
    assert sorted(os.listdir(tmp_path)) == ["a.txt", "b.txt"]


def test_a_link_is_replaced_and_not_followed(tmp_path):
    (tmp_path / "target").write_text("kept", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    write_whole(tmp_path / "link", "new")
    assert (tmp_path / "target").read_text(encoding="utf-8") == "kept"
    assert not (tmp_path / "link").is_symlink()


def test_what_cannot_be_written_leaves_what_stood_there(tmp_path):
    path = write_whole(tmp_path / "a.txt", "old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "\ud800")
    write_whole(path, "\ud800", "backslashreplace")
    assert path.read_text(encoding="utf-8") == "\\ud800"
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_whole(tmp_path / "folder", "x")
    assert sorted(os.listdir(tmp_path)) == ["a.txt", "folder"]
