"""The options of reading a file, the same for every command that reads one."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from vcmodel.errors import VcmodelError
from vcmodel.tables.options import TYPES, ReadOptions

PANEL: dict[str, Any] = {
    "missing": Annotated[
        list[str] | None,
        typer.Option(
            "--missing",
            "-m",
            metavar="[COLUMN=]CODE",
            help="A code for a missing value beside empty, NA, . and *, e.g. -9, or yield=0 for one column. Repeatable.",
            show_default=False,
        ),
    ],
    "column": Annotated[
        list[str] | None,
        typer.Option(
            "--column", metavar="COLUMN=TYPE", help=f"A column is {', '.join(TYPES[:-1])} or {TYPES[-1]}. Repeatable.", show_default=False
        ),
    ],
    "separator": Annotated[str | None, typer.Option(help="Separator of the file: , ; | tab or blank.", show_default="recognised")],
    "decimal": Annotated[str | None, typer.Option(help="Decimal mark of the file: . or ,", show_default="recognised")],
    "thousands": Annotated[
        str | None, typer.Option(help="Mark between groups of three digits: , . blank or apostrophe.", show_default="recognised")
    ],
    "encoding": Annotated[str | None, typer.Option(help="Encoding of the file, e.g. latin-1.", show_default="recognised")],
    "skip": Annotated[
        int | None, typer.Option(metavar="N", help="Leave out the first N lines; 0: nothing is left out.", show_default="recognised")
    ],
    "skip_line": Annotated[
        list[int] | None,
        typer.Option(metavar="N", help="Leave out line N of the file: a row of units, a footer. Repeatable.", show_default=False),
    ],
    "comment": Annotated[
        str | None, typer.Option(metavar="MARK", help="Leave out lines that begin with it; '': there are none.", show_default="#")
    ],
}


def with_read_options(command: Callable[..., int]) -> Callable[..., int]:
    """The command with these options in place of its parameter `read`, which gets them as ReadOptions."""
    signature = inspect.signature(command, eval_str=True)
    parameters: list[inspect.Parameter] = []
    for name, parameter in signature.parameters.items():
        if name == "read":
            kind = inspect.Parameter.KEYWORD_ONLY
            parameters += [inspect.Parameter(option, kind, default=None, annotation=form) for option, form in PANEL.items()]
        else:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    @functools.wraps(command)
    def wrapped(**values: Any) -> int:
        given = {name: values.pop(name) for name in PANEL}
        return command(read=_options(**given), **values)

    del wrapped.__wrapped__  # type: ignore[attr-defined]
    wrapped.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return wrapped


def _options(
    missing: list[str] | None, column: list[str] | None, skip: int | None, skip_line: list[int] | None, **others: str | None
) -> ReadOptions:
    codes: dict[str, list[str]] = {}
    for entry in missing or ():
        name, _, code = entry.rpartition("=")
        if name.strip() and not code.strip():
            raise VcmodelError(f"--missing {entry!r} must be written CODE or COLUMN=CODE; an empty field is missing everywhere")
        codes.setdefault(name.strip(), []).append(code if name.strip() else entry)
    types = {}
    for entry in column or ():
        name, sign, kind = entry.rpartition("=")
        if not sign or not name.strip():
            raise VcmodelError(f"--column {entry!r} must be written COLUMN=TYPE; the types are {', '.join(TYPES)}")
        types[name.strip()] = kind.strip()
    if skip is not None and skip_line:
        raise VcmodelError("--skip and --skip-line are two ways to leave lines out: name every line with --skip-line")
    return ReadOptions(missing=codes, types=types, skip=skip if skip is not None else skip_line or None, **others)  # type: ignore[arg-type]
