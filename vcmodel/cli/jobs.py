"""``vcmodel batch``: a job file run, its end told."""

from __future__ import annotations

from pathlib import Path

from vcmodel.cli.ending import visible


def run(job: Path, out: Path, executor: str, workers: int | None, scheduler: str | None, log_json: bool, retry_failed: bool) -> int:
    """The exit code of a batch, after its summary has been printed."""
    from vcmodel.batch import load_job, run_job

    summary = run_job(
        load_job(job),
        out,
        executor={"process": "local"}.get(executor, executor),
        workers=workers,
        scheduler=scheduler,
        log_json="-" if log_json else None,
        retry_failed=retry_failed,
    )
    print(visible(str(summary)))
    return summary.exit_code
