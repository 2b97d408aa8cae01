"""CPU time of two revisions of vcmodel on the same cases, their fits in turn: ``python -m benchmarks.base_against_head BASE [HEAD]``.

BASE and HEAD are git revisions; without HEAD it is the working tree, changes that are not committed included. Each is built into a folder
of its own, over the dependencies of the Python that runs this. One process a revision holds the data of a case and fits when told to, so
that both meet the same load of the machine. Exit code 1 when a case is slower than ``--limit`` times or changes its logL. A case that BASE
cannot fit is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.cases import BY_KEY
from benchmarks.clock import MARK, report, timed
from benchmarks.run import ROOT
from benchmarks.threads import one_thread, require_one_thread

DEFAULT = (
    "T1-1200", "T2-1200", "T4-50k", "T7-1-trait-1k", "T7-2-traits-1k", "T7-5-traits-1k", "T6-us-20x200x2", "T6-us-40x60x2",
    "T9-30x40", "T9-nugget-30x40", "T9-100x20x12",
)  # fmt: skip
SAME = 1e-9  # relative difference of two logL that is rounding
WORKING_TREE = ""


@dataclass(frozen=True)
class Compared:
    """What two revisions made of a case: CPU seconds of each fit, and logL."""

    case: str
    base: list[float]
    head: list[float]
    loglik: tuple[float, float]

    @property
    def ratio(self) -> float:
        """Median seconds of head over those of base."""
        return median(self.head) / median(self.base)

    @property
    def change(self) -> float:
        """Relative change of logL."""
        return abs(self.loglik[1] - self.loglik[0]) / max(1.0, abs(self.loglik[0]))

    def remark(self, limit: float) -> str:
        """What is wrong: slower than `limit` times, another logL; empty when nothing is."""
        found = [f"slower than {limit:g} x"] if self.ratio > limit else []
        return ", ".join(found + (["another logL"] if self.change > SAME else []))


def sources(revision: str, folder: Path) -> None:
    """Write the files of a revision, or of the working tree, to a folder."""
    if revision != WORKING_TREE:
        archive = subprocess.run(["git", "-C", ROOT, "archive", revision], check=True, capture_output=True).stdout
        folder.mkdir()
        subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
        return
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "-z", "--exclude-standard"], check=True, capture_output=True, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


def build(revision: str, folder: Path) -> Path:
    """A folder to put on the path of Python: the package of a revision, built, without its dependencies."""
    sources(revision, folder / "sources")
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-build-isolation", "--no-deps", "--target", folder / "site", "./sources"]
    subprocess.run(command, check=True, cwd=folder)
    return folder / "site"


@contextmanager
def fitter(site: Path, key: str, data: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has the package of `site` and the data of a case, and fits once for each line it reads."""
    environment = one_thread() | {"PYTHONPATH": os.pathsep.join([str(site), str(ROOT)])}
    command = [sys.executable, "-m", "benchmarks.base_against_head", "--serve", key, str(data), str(site)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=data)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def one_fit(process: subprocess.Popen[str]) -> tuple[float, float]:
    """CPU seconds and logL of the next fit of a `fitter`.

    Raises
    ------
    RuntimeError
        The process ended: the fit failed.
    """
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("fit\n")
    process.stdin.flush()
    for line in process.stdout:
        if line.startswith(MARK):
            said = json.loads(line.removeprefix(MARK))
            return said["cpu"], said["loglik"]
    raise RuntimeError(f"no result: {process.args} ended with {process.wait()}")


def serve(key: str, data: Path, site: Path) -> None:
    """The other end of `fitter`."""
    import vcmodel
    from benchmarks.ours import prepared

    require_one_thread()
    if not Path(vcmodel.__file__).is_relative_to(site):
        raise RuntimeError(f"{vcmodel.__file__} would be measured, not what was built in {site}")
    fit, _ = prepared(BY_KEY[key], data)
    for _ in sys.stdin:
        result, _, cpu = timed(fit)
        report(cpu=cpu, loglik=result.loglik)


def compare(key: str, sites: tuple[Path, Path], data: Path, repeats: int) -> Compared | None:
    """The fits of a case in turn, the first of each (it loads modules) left out; None when the first revision cannot fit it."""
    subprocess.run([sys.executable, "-m", "benchmarks.generate", key, data], check=True, cwd=ROOT, env=one_thread())
    seconds: tuple[list[float], list[float]] = ([], [])
    with ExitStack() as stack:
        both = [stack.enter_context(fitter(site, key, data)) for site in sites]
        try:
            before = one_fit(both[0])[1]
        except RuntimeError:
            return None
        loglik = (before, one_fit(both[1])[1])
        for turn in range(repeats):
            for side in ((0, 1), (1, 0))[turn % 2]:
                seconds[side].append(one_fit(both[side])[0])
    return Compared(key, *seconds, loglik)


def table(found: Sequence[Compared], limit: float) -> str:
    """The cases as a Markdown table."""
    lines = ["| case | base s | head s | ratio | of the minima | change of logL | remark |", "|:--|--:|--:|--:|--:|--:|:--|"]
    for item in found:
        front = f"| {item.case} | {median(item.base):.4g} | {median(item.head):.4g} | {item.ratio:.2f} "
        lines.append(front + f"| {min(item.head) / min(item.base):.2f} | {item.change:.1e} | {item.remark(limit)} |")
    return "\n".join(lines)


def parser() -> argparse.ArgumentParser:
    """The options."""
    options = argparse.ArgumentParser("python -m benchmarks.base_against_head", description="CPU time of two revisions, fits in turn.")
    options.add_argument("base", help="git revision")
    options.add_argument("head", nargs="?", default=WORKING_TREE, help="git revision; default the working tree")
    options.add_argument("--cases", type=lambda text: text.split(","), default=list(DEFAULT), help=f"default {','.join(DEFAULT)}")
    options.add_argument("--repeats", type=int, default=9, help="fits of each revision; their median counts")
    options.add_argument("--limit", type=float, default=1.10, help="ratio above which a case has become slower")
    return options


def main() -> int:
    """Build both, compare, print."""
    options = parser()
    given = options.parse_args()
    unknown = set(given.cases) - set(BY_KEY)
    if unknown:
        options.error(f"no case {', '.join(sorted(unknown))}; there are {', '.join(BY_KEY)}")
    found: list[Compared] = []
    with tempfile.TemporaryDirectory(prefix="base-against-head-") as name:
        folder = Path(name)
        sites = []
        for side, revision in (("base", given.base), ("head", given.head)):
            (folder / side).mkdir()
            sites.append(build(revision, folder / side))
        for key in given.cases:
            one = compare(key, (sites[0], sites[1]), folder / key, given.repeats)
            found += [] if one is None else [one]
            print(f"{key}: " + (f"not fitted by {given.base}" if one is None else f"{one.ratio:.2f}"), flush=True)
    print("\n" + table(found, given.limit))
    return int(any(item.remark(given.limit) for item in found))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
    else:
        sys.exit(main())
