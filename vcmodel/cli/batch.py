"""``vcmodel batch``: a job file run, its end told."""

from __future__ import annotations

from pathlib import Path

from vcmodel.cli.exit import visible
from vcmodel.errors import VcmodelError


def run(
    job: Path, out: Path, executor: str, workers: int | None, scheduler: str | None, log_json: bool, retry_failed: bool, pages: str
) -> int:
    """The exit code of a batch, after its summary has been printed."""
    from vcmodel.batch import run_job
    from vcmodel.report.write import CHOICES

    if pages and pages not in CHOICES:
        raise VcmodelError(f"--pages must be one of {', '.join(CHOICES)}, not {pages!r}")
    summary = run_job(
        job,
        out,
        executor={"process": "local"}.get(executor, executor),
        workers=workers,
        scheduler=scheduler,
        log_json="-" if log_json else None,
        retry_failed=retry_failed,
        pages=pages or "auto",
    )
    print(visible(str(summary)))
    return summary.exit_code
