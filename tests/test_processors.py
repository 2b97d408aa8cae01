"""Processors and memory as control groups grant them, and threads within them."""

import os

import pytest
from example_fits import oats

import vcmodel as vc
from vcmodel import cgroup
from vcmodel.control import Control
from vcmodel.processors import processors


@pytest.fixture
def group(tmp_path, monkeypatch):
    """Makes this process a member of the group a/b in a version of the interface: its folder."""
    monkeypatch.setattr(cgroup, "CGROUP", tmp_path)
    monkeypatch.setattr(cgroup, "OWN", tmp_path / "own")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)))

    def join(line):
        (tmp_path / "own").write_text(f"12:pids:/\n{line}\n")
        folder = tmp_path / ("" if line.startswith("0::") else "cpu") / "a" / "b"
        folder.mkdir(parents=True)
        return folder

    return join


def test_processors_of_this_machine():
    assert 1 <= processors() <= len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("quota", "count"), [("max 100000", 8), ("200000 100000", 2), ("150000 100000", 2), ("1000 100000", 1), ("broken", 8), ("", 8)]
)
def test_a_quota_of_the_unified_interface(group, quota, count):
    folder = group("0::/a/b")
    (folder / "cpu.max").write_text(quota + "\n")
    assert processors() == count


def test_the_quota_of_a_group_above_holds_too(group):
    folder = group("0::/a/b")
    (folder / "cpu.max").write_text("400000 100000\n")
    (folder.parent / "cpu.max").write_text("300000 100000\n")
    assert processors() == 3


@pytest.mark.parametrize(("quota", "count"), [("-1", 8), ("250000", 3)])
def test_a_quota_of_the_legacy_interface(group, quota, count):
    folder = group("4:cpu,cpuacct:/a/b")
    (folder / "cpu.cfs_quota_us").write_text(quota + "\n")
    (folder / "cpu.cfs_period_us").write_text("100000\n")
    assert processors() == count


def test_no_more_threads_than_processors(monkeypatch):
    monkeypatch.setattr("vcmodel.control.processors", lambda: 2)
    assert [Control(threads=n).granted_threads for n in (1, 2, 3, 10**6)] == [1, 2, 2, 2]
    fit = vc.fit("yield ~ gen", random="block", data=oats(), control=Control(threads=64))
    assert fit.notes[-1] == "threads = 64: 2 used, as many as there are processors for this process"
    fit = vc.fit("yield ~ gen", random="block", data=oats(), control=Control(threads=2))
    assert not any("threads" in note for note in fit.notes)
