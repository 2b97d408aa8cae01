"""The commands and their options."""

from __future__ import annotations

import platform
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vcmodel.cli.exit import Commands, complain, visible
from vcmodel.cli.reading import with_read_options
from vcmodel.design.missing import choice as unknown_levels
from vcmodel.errors import VcmodelError
from vcmodel.exit_codes import ExitCode
from vcmodel.tables.options import ReadOptions

if TYPE_CHECKING:
    from vcmodel.api import Model
    from vcmodel.control import Control

app = typer.Typer(
    cls=Commands,
    name="vcmodel",
    help="Variance-component models by REML: one trial, or a batch of them.",
    epilog="Exit codes: 0 all fits converged, 2 some did not, 3 usage or input error.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Data = Annotated[Path, typer.Argument(metavar="DATA", help="CSV, TSV or other separated text, also .gz, or Parquet.", show_default=False)]
Fixed = Annotated[
    str,
    typer.Option(
        "--fixed", "-f", metavar="FORMULA", help="Responses and fixed terms, 'y ~ site' or 'y1 + y2 ~ trait'.", show_default=False
    ),
]
Random = Annotated[
    str | None, typer.Option("--random", "-r", metavar="FORMULA", help="Random terms, 'us(trait):Family + Block'.", show_default=False)
]
Residual = Annotated[
    str | None, typer.Option("--residual", "-R", metavar="FORMULA", help="Residual, 'units:us(trait)'.", show_default=False)
]
Known = Annotated[
    list[str] | None,
    typer.Option(
        "--known",
        "-k",
        metavar="NAME=FILE:KIND",
        help="Relationship of vm(factor, NAME); KIND is pedigree[:id,sire,dam], covariance, precision, "
        "triplets[:labels,inverse] or markers[:ploidy]. Repeatable.",
        show_default=False,
    ),
]
Weights = Annotated[
    str | None, typer.Option("--weights", "-w", metavar="COLUMN", help="Column; residual variances are divided by it.", show_default=False)
]
MissingLevels = Annotated[
    str,
    typer.Option(
        "--missing-levels",
        metavar="drop|zero",
        help="Records whose level of a random term is unknown: left out, or kept without an effect from that term.",
    ),
]
Start = Annotated[list[str] | None, typer.Option(metavar="ROW=VALUE", help="Starting value. Repeatable.", show_default=False)]
Bound = Annotated[
    list[str] | None, typer.Option(metavar="ROW=CODE", help="'ROW=F' holds a parameter at its start. Repeatable.", show_default=False)
]
Iterations = Annotated[int | None, typer.Option("--max-iterations", help="Limit of accepted steps.", show_default="200")]
Threads = Annotated[int | None, typer.Option(help="Threads of the factorisation.", show_default="1")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]

EXAMPLES = """
Examples:

\b
  vcmodel fit oats_yates.csv --fixed "yield ~ gen * C(nitro)" --random "block + block:gen"
  vcmodel fit trial.csv --fixed "bden + veloc ~ trait" --random "us(trait):Block + us(trait):Family" \\
      --residual "units:us(trait)" --out results
  vcmodel fit gryphon.csv --fixed "bwt ~ sex" --random "vm(animal, A)" --known A=pedigree.csv:pedigree:animal,father,mother
"""


@app.command(help=f"Fit a model to a file and print its summary.\n{EXAMPLES}")
@with_read_options
def fit(
    data: Data,
    fixed: Fixed,
    random: Random = None,
    residual: Residual = None,
    known: Known = None,
    weights: Weights = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FOLDER", help="Folder for fit.json, CSV tables and report.html.", show_default=False),
    ] = None,
    missing_levels: MissingLevels = "drop",
    read: ReadOptions | None = None,
    start: Start = None,
    bound: Bound = None,
    max_iterations: Iterations = None,
    threads: Threads = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    debug: Debug = False,
) -> int:
    """Fit a model to a file."""
    from vcmodel.cli.output import prepared_folder, write_fit
    from vcmodel.tables.reading import read as read_data

    model = _model(fixed, random, residual)
    folder = None if out is None else prepared_folder(out)
    reading = read_data(data, read)
    relationships = _known(known, read)
    values = {row: _number(row, value) for row, value in _pairs(start, "--start").items()}
    bounds = _pairs(bound, "--bound")
    control = _control(max_iterations, threads)
    found = model.fit(
        reading,
        known=relationships,
        weights=weights,
        start=values or None,
        bounds=bounds or None,
        missing=unknown_levels(missing_levels),
        control=control,
    )
    if not quiet:
        print(visible(found.summary()))
    if folder is not None:
        written = write_fit(found, folder)
        if not quiet:
            print(f"\nwritten to {folder}: {', '.join(path.name for path in written)}")
    if not found.converged:
        complain(found.status.value, head="not converged: ")
    return ExitCode.CONVERGED if found.converged else ExitCode.NOT_CONVERGED


@app.command(
    help="Show what a fit would cost.\n\nAlso how the file is read and the model understood; nothing is fitted.\n\n"
    'Example:\n\n\b\n  vcmodel plan trial.csv --fixed "yield ~ site" --random "vm(line, K)" --known K=kinship.csv:covariance'
)
@with_read_options
def plan(
    data: Data,
    fixed: Fixed,
    random: Random = None,
    residual: Residual = None,
    known: Known = None,
    weights: Weights = None,
    missing_levels: MissingLevels = "drop",
    read: ReadOptions | None = None,
    threads: Threads = None,
    debug: Debug = False,
) -> int:
    """Show what a fit would cost."""
    from vcmodel.tables.reading import read as read_data

    model = _model(fixed, random, residual)
    reading = read_data(data, read)
    print(visible(f"{reading.describe()}\n\n{model}\n"))
    missing_choice = unknown_levels(missing_levels)
    found = model.plan(reading, known=_known(known, read), weights=weights, missing=missing_choice, control=_control(None, threads))
    print(visible(str(found)))
    return ExitCode.CONVERGED


@app.command(help="List the covariance structures that formulas may call.")
def structures() -> int:
    """List the structures."""
    from vcmodel.structures.registry import menu

    rows = [(", ".join(row.names), row.parameters, row.summary) for row in menu()]
    heads = ("structure", "parameters (w levels)", "covariance matrix")
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(2)]
    for names, count, summary in [heads, *rows]:
        print(f"{names:<{widths[0]}}  {count:<{widths[1]}}  {summary}")
    return ExitCode.CONVERGED


@app.command(help="Print the versions of vcmodel and of what it computes with.")
def version() -> int:
    """Print the versions."""
    print(f"vcmodel {version_of('vcmodel')}")
    parts = ("numpy", "scipy", "pandas", "formulaic")
    print(f"Python {platform.python_version()}, " + ", ".join(f"{name} {version_of(name)}" for name in parts))
    return ExitCode.CONVERGED


@app.command(
    help="Fit many files by a job file.\n\nStarted again, it goes on where it ended.\n\nExample:\n\n\b\n"
    "  vcmodel batch job.toml --out results --workers 4\n\n"
    'The smallest job:\n\n\b\n  files = "trials/*.csv"\n  [model]\n  fixed = "yield ~ rep"\n  random = "line"'
)
def batch(
    job: Annotated[Path, typer.Argument(metavar="JOB", help="Job file in TOML.", show_default=False)],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FOLDER", help="Folder for the ledger, tables and reports.", show_default=False)
    ],
    executor: Annotated[str, typer.Option(help="process (or local): processes of this machine; serial: this process; dask.")] = "local",
    workers: Annotated[int | None, typer.Option("--workers", "-j", help="Processes.", show_default="one a core, as memory allows")] = None,
    scheduler: Annotated[str | None, typer.Option(help="Address of a Dask scheduler.", show_default=False)] = None,
    log_json: Annotated[bool, typer.Option("--log-json", help="Events as JSON lines on the error stream, no progress bar.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Run fits again that ended without a result.")] = False,
    pages: Annotated[
        str,
        typer.Option(
            help="Fits that get a page of their own beside index.html: all, flagged (what needs a look), none.", show_default=False
        ),
    ] = "",
    debug: Debug = False,
) -> int:
    """Fit many files."""
    from vcmodel.cli.batch import run

    return run(job, out, executor, workers, scheduler, log_json, retry_failed, pages)


def _model(fixed: str, random: str | None, residual: str | None) -> Model:
    from vcmodel.api import Model

    return Model(fixed, random, residual)


def _known(entries: list[str] | None, read: ReadOptions | None) -> dict[str, object] | None:
    from vcmodel.cli.known import load_known

    return dict(load_known(entries, read.codes("") if read else ())) if entries else None


def _pairs(entries: list[str] | None, option: str) -> dict[str, str]:
    """``ROW=VALUE`` entries; a row name may hold ``=``, a value does not."""
    found: dict[str, str] = {}
    for entry in entries or ():
        row, sign, value = entry.rpartition("=")
        if not sign or not row.strip() or not value.strip():
            raise VcmodelError(f"{option} {entry!r} must be written ROW=VALUE, with a row name of the variance parameters")
        found[row.strip()] = value.strip()
    return found


def _number(row: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise VcmodelError(f"--start {row}={value}: {value!r} is not a number") from None


def _control(max_iterations: int | None, threads: int | None) -> Control | None:
    from vcmodel.control import Control

    given = {name: value for name, value in (("max_iterations", max_iterations), ("threads", threads)) if value is not None}
    return Control(**given) if given else None  # type: ignore[arg-type]
