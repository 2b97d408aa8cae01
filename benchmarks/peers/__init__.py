"""The other programs: which are installed, and the command that fits a case with each."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
NAMES = ("lme4", "nlme", "glmmTMB", "gemma", "statsmodels", "pyreml")
R_PACKAGES = {"lme4", "nlme", "glmmTMB"}
PYTHON_PACKAGES = {"statsmodels", "pyreml"}


@dataclass(frozen=True)
class Peer:
    """Another program.

    Attributes
    ----------
    name : str
    available : bool
    reason : str
        Why it is not run; empty when it is.
    """

    name: str
    available: bool
    reason: str
    python: str

    def command(self, case: str, folder: Path, repeats: int, budget: float) -> list[str]:
        """The command line that fits a case and prints a RESULT line."""
        last = [case, str(folder), str(repeats), str(budget)]
        if self.name in R_PACKAGES:
            return ["Rscript", "--vanilla", str(FOLDER / f"{self.name}.R"), str(FOLDER), *last]
        module = "gemma" if self.name == "gemma" else f"{self.name}_fit"
        return [self.python, "-m", f"benchmarks.peers.{module}", *last]


def find(name: str, python: str = sys.executable) -> Peer:
    """The peer of this name; `python` is the interpreter whose packages hold the Python programs."""
    runner = python if name in PYTHON_PACKAGES else sys.executable
    if name in R_PACKAGES:
        if shutil.which("Rscript") is None:
            return Peer(name, False, "no Rscript", runner)
        found = _succeeds(["Rscript", "--vanilla", "-e", f"quit(status = !requireNamespace('{name}', quietly = TRUE))"])
        return Peer(name, found, "" if found else f"R package {name} not installed", runner)
    if name == "gemma":
        found = shutil.which("gemma") is not None
        return Peer(name, found, "" if found else "no gemma", runner)
    found = _succeeds([python, "-c", f"import importlib.util as u, sys; sys.exit(u.find_spec('{name}') is None)"])
    return Peer(name, found, "" if found else f"{name} not installed for {Path(python).name} (see --peer-python)", runner)


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
