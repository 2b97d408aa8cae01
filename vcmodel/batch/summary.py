"""How a batch ended: counts, and the exit code."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vcmodel.exit_codes import ExitCode


@dataclass(frozen=True)
class Summary:
    """How a batch ended.

    Attributes
    ----------
    out : Path
    total : int
        Fits of the job.
    converged, not_converged, failed, left_out : int
        Of those finished, in this run or before; `left_out` of the ladder for a field, as the file has no rows or columns for them.
    reused : int
        Finished before this run.
    interrupted : bool
        Whether Ctrl-C or SIGTERM ended it; the same command goes on where it stopped.
    seconds : float
        Until the tables were written.
    tables : tuple of Path
        What was written.
    index : Path or None
        The page of the batch, where pages were asked for.
    """

    out: Path
    total: int
    converged: int
    not_converged: int
    failed: int
    reused: int
    interrupted: bool
    seconds: float
    left_out: int = 0
    tables: tuple[Path, ...] = ()
    index: Path | None = None

    @property
    def remaining(self) -> int:
        """Fits not finished."""
        return self.total - self.converged - self.not_converged - self.failed - self.left_out

    @property
    def exit_code(self) -> int:
        """0 all converged but those left out, 2 some did not or failed, 130 interrupted."""
        if self.interrupted:
            return ExitCode.INTERRUPTED
        return ExitCode.CONVERGED if self.converged + self.left_out == self.total else ExitCode.NOT_CONVERGED

    def counts(self) -> dict[str, int]:
        """The numbers of fits by name."""
        names = ("total", "converged", "not_converged", "failed", *(("left_out",) if self.left_out else ()), "reused", "remaining")
        return {name: getattr(self, name) for name in names}

    def __str__(self) -> str:
        fresh = self.total - self.remaining - self.reused
        lines = [
            f"{self.total} fits: {self.converged} converged, {self.not_converged} not converged, {self.failed} failed"
            + (f", {self.left_out} left out" if self.left_out else "")
            + (f", {self.remaining} not done" if self.remaining else ""),
            f"{fresh} done in {self.seconds:.1f} s" + (f", {self.reused} taken from an earlier run" if self.reused else ""),
        ]
        if self.tables:
            lines.append(f"tables in {self.out}: {', '.join(path.name for path in self.tables if path.suffix == '.csv')}")
        if self.index is not None:
            lines.append(f"pages in {self.index.parent}: start with {self.index.name}")
        if self.interrupted:
            lines.append("interrupted; finished fits are kept: run the same command again to go on")
        return "\n".join(lines)
