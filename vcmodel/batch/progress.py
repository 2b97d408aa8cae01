"""What a batch tells while it runs: a bar on a terminal, one JSON object per line for programs."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from vcmodel.batch.result import CONVERGED, FAILED, LEFT_OUT, NOT_CONVERGED
from vcmodel.errors import VcmodelError

if TYPE_CHECKING:
    from rich.progress import Progress

    from vcmodel.batch.summary import Summary
    from vcmodel.batch.tasks import Outcome, Task


class Observer(Protocol):
    """What is told of a batch."""

    def start(self, total: int, reused: int) -> None:
        """`total` fits, of which `reused` were finished before."""

    def fit(self, task: Task, outcome: Outcome) -> None:
        """A fit has ended and is recorded."""

    def pages(self, total: int) -> None:
        """The fits are done; the pages of `total` of them are looked at."""

    def page(self, name: str, drawn: bool) -> None:
        """The page of the fit with this id is up to date; `drawn` tells whether it had to be drawn."""

    def end(self, summary: Summary) -> None:
        """The batch has ended, or was interrupted."""

    def close(self) -> None:
        """Called last, whatever happened."""


class Bar:
    """Progress bars on standard error, of the fits (done, failed, rate, remaining time) and of their pages."""

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._drawn = 0
        self._counts = dict.fromkeys((CONVERGED, NOT_CONVERGED, FAILED, LEFT_OUT), 0)
        self._begun = time.monotonic()

    def start(self, total: int, reused: int) -> None:
        """Draws the bar."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        what, state = TextColumn("{task.description:<5}"), TextColumn("{task.fields[state]}", markup=False)
        columns = (what, BarColumn(), MofNCompleteColumn(), state, TimeRemainingColumn())
        self._progress = Progress(*columns, console=Console(stderr=True))
        self._bar = self._progress.add_task("fits", total=total, completed=reused, state="")
        self._begun = time.monotonic()
        self._progress.start()

    def fit(self, task: Task, outcome: Outcome) -> None:
        """Moves the bar."""
        self._counts[outcome.status] += 1
        done = sum(self._counts.values())
        rate = done / max(time.monotonic() - self._begun, 1e-9)
        state = f"{self._counts[FAILED]} failed, {self._counts[NOT_CONVERGED]} not converged, {rate:.1f}/s"
        if self._progress is not None:
            self._progress.update(self._bar, advance=1, state=state)

    def pages(self, total: int) -> None:
        """Draws a second bar."""
        if self._progress is not None:
            self._page_bar = self._progress.add_task("pages", total=total, state="")

    def page(self, name: str, drawn: bool) -> None:
        """Moves the second bar."""
        self._drawn += drawn
        if self._progress is not None:
            self._progress.update(self._page_bar, advance=1, state=f"{self._drawn} drawn")

    def end(self, summary: Summary) -> None:
        """Nothing: the caller prints the summary."""

    def close(self) -> None:
        """Leaves the bar as it stands."""
        if self._progress is not None:
            self._progress.stop()


class JsonLines:
    """One JSON object per line: ``start``, ``fit`` for each fit, ``pages``, ``page`` for each page, ``end``.

    Parameters
    ----------
    target : str or Path
        A file, which is appended to, or ``-`` for standard error.
    """

    def __init__(self, target: str | Path) -> None:
        self._own = str(target) != "-"
        try:
            self._stream: IO[str] = open(target, "a", encoding="utf-8") if self._own else sys.stderr  # noqa: SIM115
        except OSError as problem:
            raise VcmodelError(f"the log {str(target)!r} cannot be written: {problem.strerror or problem}; give another file") from None
        self._done = self._failed = self._total = self._pages = self._looked_at = 0
        self._lost = False

    def start(self, total: int, reused: int) -> None:
        """``{"event": "start", "total": …, "reused": …}``."""
        self._total, self._done = total, reused
        self._write(event="start", total=total, reused=reused)

    def fit(self, task: Task, outcome: Outcome) -> None:
        """``{"event": "fit", "id": …, "status": …, …}``."""
        self._done += 1
        self._failed += outcome.status == FAILED
        self._write(
            event="fit",
            id=task.id,
            file=task.file,
            model=task.model,
            traits=list(task.traits),
            status=outcome.status,
            message=outcome.message,
            seconds=round(outcome.seconds, 4),
            attempts=outcome.attempts,
            done=self._done,
            failed=self._failed,
            total=self._total,
        )

    def pages(self, total: int) -> None:
        """``{"event": "pages", "total": …}``."""
        self._pages = total
        self._write(event="pages", total=total)

    def page(self, name: str, drawn: bool) -> None:
        """``{"event": "page", "id": …, "drawn": …, …}``."""
        self._looked_at += 1
        self._write(event="page", id=name, drawn=drawn, done=self._looked_at, total=self._pages)

    def end(self, summary: Summary) -> None:
        """``{"event": "end", …}`` with the counts of the summary."""
        self._write(event="end", **summary.counts(), interrupted=summary.interrupted, seconds=round(summary.seconds, 3))

    def close(self) -> None:
        """Closes the file."""
        if self._own:
            self._stream.close()

    def _write(self, **fields: Any) -> None:
        """Write one line; a log that nobody reads any more, or a full disk, ends the log and not the batch."""
        if self._lost:
            return
        try:
            self._stream.write(json.dumps({"time": round(time.time(), 3), **fields}) + "\n")
            self._stream.flush()
        except OSError:
            self._lost = True


def observers(progress: bool | None, log_json: str | Path | None) -> list[Observer]:
    """The observers asked for; without a word, a bar when standard error is a terminal."""
    found: list[Observer] = []
    if progress or (progress is None and sys.stderr.isatty() and str(log_json) != "-"):
        found.append(Bar())
    if log_json is not None:
        found.append(JsonLines(log_json))
    return found


class Broadcast:
    """Several observers as one."""

    def __init__(self, members: Sequence[Observer]) -> None:
        self._members = list(members)

    def start(self, total: int, reused: int) -> None:
        """To all."""
        for member in self._members:
            member.start(total, reused)

    def fit(self, task: Task, outcome: Outcome) -> None:
        """To all."""
        for member in self._members:
            member.fit(task, outcome)

    def pages(self, total: int) -> None:
        """To all."""
        for member in self._members:
            member.pages(total)

    def page(self, name: str, drawn: bool) -> None:
        """To all."""
        for member in self._members:
            member.page(name, drawn)

    def end(self, summary: Summary) -> None:
        """To all."""
        for member in self._members:
            member.end(summary)

    def close(self) -> None:
        """To all."""
        for member in self._members:
            member.close()
