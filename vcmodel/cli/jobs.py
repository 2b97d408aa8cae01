"""``vcmodel batch``: a job file run, its end told."""

from __future__ import annotations

from pathlib import Path

from vcmodel.cli.ending import visible
from vcmodel.errors import VcmodelError

# fits up to which each gets a page without being asked for
MANY = 100


def run(
    job: Path, out: Path, executor: str, workers: int | None, scheduler: str | None, log_json: bool, retry_failed: bool, pages: str
) -> int:
    """The exit code of a batch, after its summary has been printed and its pages written.

    `pages` is "all", "flagged" or "none"; empty is "all" up to ``MANY`` fits and "flagged" beyond, since a page takes about a second.
    """
    from vcmodel.batch import load_job, load_results, run_job
    from vcmodel.report.write import CHOICES, write_batch

    if pages and pages not in CHOICES:
        raise VcmodelError(f"--pages must be one of {', '.join(CHOICES)}, not {pages!r}")

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
    n_fits = sum(1 for _ in load_results(out))
    index = write_batch(load_results(out), out, title=f"Batch {job.stem}", pages=pages or ("all" if n_fits <= MANY else "flagged"))
    print(f"pages in {visible(str(index.parent))}: start with {index.name}")
    return summary.exit_code
