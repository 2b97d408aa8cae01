"""The comparison of two revisions: its verdicts, what it builds, what it prints. Nothing here is timed."""

import subprocess
import sys
from pathlib import Path

import pytest

# the benchmarks are not part of the installed package
sys.path.append(str(Path(__file__).resolve().parents[2]))

from benchmarks import base_against_head
from benchmarks.base_against_head import DEFAULT, Compared, sources, table
from benchmarks.cases import BY_KEY


def test_the_ratio_is_of_medians_and_the_limit_counts():
    found = Compared("T1", [1.0, 9.0, 1.0], [1.2, 1.2, 1.0], (-100.0, -100.0))
    assert found.ratio == pytest.approx(1.2)
    assert found.remark(1.10) == "slower than 1.1 x"
    assert found.remark(1.25) == ""


def test_another_likelihood_is_an_offence_whatever_the_speed():
    assert Compared("T1", [1.0], [0.5], (-100.0, -100.0 - 1e-6)).remark(1.10) == "another logL"
    assert Compared("T1", [1.0], [0.5], (-100.0, -100.0 - 1e-9)).remark(1.10) == ""


def test_table_has_a_row_a_case():
    lines = table([Compared("T1", [2.0], [1.0], (-1.0, -1.0)), Compared("T2", [1.0], [2.0], (-1.0, -1.0))], 1.1).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert "| T1 | 2 | 1 | 0.50 | 0.50 | 0.0e+00 |  |" in lines
    assert lines[-1].endswith("| slower than 1.1 x |")


def test_the_cases_are_there():
    assert set(DEFAULT) <= set(BY_KEY)


def test_sources_of_a_revision_and_of_the_working_tree(tmp_path, monkeypatch):
    checkout = tmp_path / "checkout"
    checkout.mkdir()

    def git(*arguments):
        subprocess.run(["git", "-C", checkout, "-c", "user.name=a", "-c", "user.email=a@b", *arguments], check=True, capture_output=True)

    git("init", "-q")
    (checkout / "kept.py").write_text("1")
    (checkout / ".gitignore").write_text("*.so\n")
    git("add", ".")
    git("commit", "-qm", "first")
    (checkout / "kept.py").write_text("2")
    (checkout / "new.py").write_text("3")
    (checkout / "built.so").write_text("4")
    monkeypatch.setattr(base_against_head, "ROOT", checkout)
    sources("HEAD", tmp_path / "base")
    sources(base_against_head.WORKING_TREE, tmp_path / "head")
    assert (tmp_path / "base" / "kept.py").read_text() == "1"
    assert (tmp_path / "head" / "kept.py").read_text() == "2"
    assert (tmp_path / "head" / "new.py").exists()
    assert not (tmp_path / "head" / "built.so").exists()
