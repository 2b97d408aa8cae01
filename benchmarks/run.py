"""Run the jobs one after another, each in a process of its own, and gather what they say and what the system says about them."""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.cases import Case
from benchmarks.clock import MARK
from benchmarks.peers import Peer
from benchmarks.threads import ONE_THREAD, one_thread

ROOT = Path(__file__).resolve().parents[1]
POLL = 0.02  # seconds between two looks at a running job


@dataclass(frozen=True)
class Outcome:
    """What became of one process.

    Attributes
    ----------
    message : str
        Why there is no result; empty when the process ended well.
    output : str
        What it printed.
    peak : float
        Peak resident memory in MiB.
    cpu : float
        CPU seconds of the whole process, its start and reading of data included.
    """

    message: str
    output: str
    peak: float
    cpu: float


@dataclass(frozen=True)
class Settings:
    """How the jobs are run."""

    folder: Path
    repeats: int
    limit: float
    keep: bool
    profile: bool


def execute(command: Sequence[str], folder: Path, limit: float) -> Outcome:
    """Run a command with one thread, at most `limit` seconds."""
    environment = one_thread()
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [environment.get("PYTHONPATH")])])
    out, err = folder / "stdout.txt", folder / "stderr.txt"
    with out.open("w") as stdout, err.open("w") as stderr:
        process = subprocess.Popen(command, stdout=stdout, stderr=stderr, env=environment, cwd=folder, start_new_session=True)
        deadline, late, pid = time.monotonic() + limit, False, 0
        try:
            while True:
                # wait4 tells the memory of this one process; the subprocess module does not
                pid, code, used = os.wait4(process.pid, os.WNOHANG)
                if pid:
                    break
                if not late and time.monotonic() > deadline:
                    late = True
                    os.killpg(process.pid, signal.SIGKILL)
                time.sleep(POLL)
        finally:
            if not pid:  # interrupted: the job must not go on alone
                os.killpg(process.pid, signal.SIGKILL)
    process.returncode = os.waitstatus_to_exitcode(code)
    text = out.read_text(errors="replace")
    message = ""
    if late:
        message = f"no answer within {limit:g} s"
    elif process.returncode:
        lines = [line for line in err.read_text(errors="replace").splitlines() if any(map(str.isalnum, line))]
        message = f"exit {process.returncode}: {' '.join(' '.join(lines[-2:]).split())[-300:]}"
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return Outcome(message, text, used.ru_maxrss / unit, used.ru_utime + used.ru_stime)


def row_of(case: Case, program: str, outcome: Outcome, shape: dict[str, int]) -> dict[str, Any]:
    """The record of one job."""
    row: dict[str, Any] = {"case": case.key, "family": case.family, "variant": case.variant, "size": case.size, **shape, "program": program}
    results = [json.loads(line.removeprefix(MARK)) for line in outcome.output.splitlines() if line.startswith(MARK)]
    if results:
        row |= results[-1]
    elif not outcome.message:
        outcome = Outcome("no result printed", outcome.output, outcome.peak, outcome.cpu)
    return row | {"message": outcome.message, "peak_mib": outcome.peak, "process_cpu": outcome.cpu, "load": os.getloadavg()[0]}


def run_case(case: Case, peers: Sequence[Peer], settings: Settings, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Generate the data of a case and fit it by every program; one record each."""
    folder = settings.folder / "data" / case.key
    folder.mkdir(parents=True, exist_ok=True)
    made = execute([sys.executable, "-m", "benchmarks.generate", case.key, str(folder)], folder, 600.0)
    if made.message:
        raise RuntimeError(f"{case.key}: the data could not be generated: {made.message}")
    shape = json.loads((folder / "shape.json").read_text())
    budget = settings.limit / 2
    jobs = {"vcmodel": [sys.executable, "-m", "benchmarks.ours", case.key, str(folder), str(settings.repeats + 1), str(budget)]}
    if settings.profile:
        jobs["vcmodel"] += ["--profile", str(settings.folder / f"profile-{case.key}.txt")]
    rows = []
    for peer in peers:
        if peer.name in case.peers and peer.available:
            jobs[peer.name] = peer.command(case.key, folder, settings.repeats, budget)
        elif peer.name in case.peers:
            rows.append(row_of(case, peer.name, Outcome(f"not run: {peer.reason}", "", float("nan"), float("nan")), shape))
    for program, command in jobs.items():
        row = row_of(case, program, execute(command, folder, settings.limit), shape)
        rows.append(row)
        say(f"{case.key:18s} {program:12s} " + (row["message"] or f"{min(row['cpu']):9.3f} s CPU  logL {row['loglik_full']}"))
    if not settings.keep:
        shutil.rmtree(folder)
    return rows


def machine() -> dict[str, Any]:
    """Where the numbers come from."""
    model = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0] if names else model
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "threads": ONE_THREAD,
        "load_at_start": os.getloadavg(),
        "date": time.strftime("%Y-%m-%d"),
    }


def settings_record(settings: Settings) -> dict[str, Any]:
    """The settings that matter to a reader of the results."""
    return {name: value for name, value in asdict(settings).items() if name in {"repeats", "limit"}}
