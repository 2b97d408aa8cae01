"""Fit T7 with GEMMA: the null model of a scan with a single marker. Timed as a whole process, reading the relationship included."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
from math import floor, log, log10
from pathlib import Path
from time import perf_counter

from benchmarks.cases import BY_KEY
from benchmarks.clock import report

key, where, count, most = sys.argv[1:5]
case, folder = BY_KEY[key], Path(where)
files = ["-g", "marker.txt", "-p", "phenotypes.txt", "-k", "relationship.txt"]
traits = [str(j + 1) for j in range(len(case.responses))]
command = ["gemma", *files, "-lmm", "1", "-n", *traits, "-notsnp", "-outdir", "gemma", "-o", "out"]


def children() -> float:
    """CPU seconds of the finished child processes."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


wall: list[float] = []
cpu: list[float] = []
while len(wall) < int(count) and sum(wall) + max(wall, default=0.0) <= float(most):
    before, start = children(), perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    wall.append(perf_counter() - start)
    cpu.append(children() - before)
    if done.returncode:
        sys.exit(f"gemma ended with code {done.returncode}: {(done.stderr or done.stdout)[-400:]}")

written = (folder / "gemma" / "out.log.txt").read_text()
found = re.search(r"REMLE? log-likelihood in the null model\s*=\s*(\S+)", written)
version = re.search(r"GEMMA Version\s*=\s*(\S+)", written)
parts = re.findall(r"##\s*(time on [^=]+|total computation time)\s*=\s*(\S+) min", written)
loglik = resolution = None
if found:
    # GEMMA's restricted likelihood holds + 1/2 log|X'X| for each trait, X the intercept; it is printed with six digits
    loglik = float(found[1]) - 0.5 * len(traits) * log(json.loads((folder / "shape.json").read_text())["rows"])
    resolution = 0.5 * 10.0 ** (floor(log10(abs(float(found[1])))) - 5)  # a zero at the end is not printed
report(
    program="gemma",
    version=version[1] if version else "",
    wall=wall,
    cpu=cpu,
    iterations=None,
    loglik_full=loglik,
    resolution=resolution,
    converged=found is not None,
    status="; ".join(f"{name.strip()} {60 * float(minutes):.3g} s" for name, minutes in parts),
)
