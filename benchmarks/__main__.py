"""``make bench``: ``python -m benchmarks`` (cases), ``... kernel`` (the factorisation alone), ``... iteration`` (one, by its parts)."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import peers
from benchmarks.cases import CASES, chosen
from benchmarks.plot import draw
from benchmarks.report import page
from benchmarks.run import ROOT, Settings, machine, run_case, settings_record
from benchmarks.threads import one_thread

# first words that measure something smaller than a fit
ALONE = ("kernel", "iteration")


def names(text: str) -> list[str]:
    """A comma-separated list."""
    return [name.strip() for name in text.split(",") if name.strip()]


def parser() -> argparse.ArgumentParser:
    """The options of a run."""
    families = list(dict.fromkeys(case.family for case in CASES))
    sizes = list(dict.fromkeys(case.size for case in CASES))
    about = (
        "vcmodel and its peers, side by side. With `kernel` or `iteration` as the first word: the factorisation, or an iteration, alone."
    )
    options = argparse.ArgumentParser("python -m benchmarks", description=about)
    options.add_argument("--families", type=names, help=f"of {','.join(families)}; default all")
    options.add_argument("--sizes", type=names, help=f"of {','.join(sizes)}; default all but 1M")
    options.add_argument("--peers", type=names, default=list(peers.NAMES), help=f"of {','.join(peers.NAMES)}; default all; '' for none")
    options.add_argument("--peer-python", default=sys.executable, help="interpreter that has statsmodels and pyreml")
    options.add_argument("--repeats", type=int, default=3, help="fits of each job (one more for vcmodel, whose first loads modules)")
    options.add_argument("--limit", type=float, default=120.0, help="seconds a job may take")
    options.add_argument("--out", type=Path, help="folder of results.json, results.md and results.png; default a new temporary one")
    options.add_argument("--keep", action="store_true", help="keep the generated data")
    options.add_argument("--profile", action="store_true", help="profile one more fit of vcmodel a case")
    return options


def is_built() -> bool:
    """Whether this Python has a vcmodel with compiled kernels."""
    command = [sys.executable, "-c", "import benchmarks, vcmodel.linalg._kernels"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0


def main() -> int:
    """Run the chosen cases; write and print the table. Exit code 1 when a vcmodel job failed or a peer found a higher logL."""
    if not is_built():
        print(f"{sys.executable} has no vcmodel with compiled kernels: use `make bench`, or install the package there", file=sys.stderr)
        return 2
    if sys.argv[1:2] and sys.argv[1] in ALONE:
        return subprocess.run([sys.executable, "-m", f"benchmarks.{sys.argv[1]}", *sys.argv[2:]], env=one_thread(), check=False).returncode
    options = parser()
    given = options.parse_args()
    unknown = set(given.peers) - set(peers.NAMES)
    if unknown:
        options.error(f"no peer {', '.join(sorted(unknown))}; there are {', '.join(peers.NAMES)}")
    try:
        cases = chosen(set(given.families) if given.families else None, set(given.sizes) if given.sizes else None)
    except ValueError as problem:
        options.error(str(problem))
    folder = given.out or Path(tempfile.mkdtemp(prefix="benchmarks-"))
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    settings = Settings(folder, given.repeats, given.limit, given.keep, given.profile)
    found = [peers.find(name, given.peer_python) for name in given.peers]
    results = {
        "machine": machine(),
        "settings": settings_record(settings),
        "absent": {peer.name: peer.reason for peer in found if not peer.available},
        "jobs": [],
    }
    for case in cases:
        results["jobs"] += run_case(case, found, settings, lambda line: print(line, flush=True))
        # written after each case: a run that is stopped keeps what it has
        (folder / "results.json").write_text(json.dumps(results, indent=1))
        (folder / "results.md").write_text(page(results))
    try:
        draw(results, folder / "results.png")
    except (ImportError, ValueError) as problem:
        print(f"no plot: {problem}")
    print("\n" + page(results) + f"\nwritten to {folder}")
    failed = any(row["program"] == "vcmodel" and "cpu" not in row for row in results["jobs"])
    return int(failed or "**logL above ours**" in page(results))


if __name__ == "__main__":
    sys.exit(main())
