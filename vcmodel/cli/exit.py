"""How a command ends: exit codes, and errors as messages instead of tracebacks."""

from __future__ import annotations

import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from vcmodel.errors import CostWarning, VcmodelError, VcmodelWarning
from vcmodel.exit_codes import ExitCode


class Commands(TyperGroup):
    """The commands, with the exit codes of this program."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command and leave with its code; also usage errors that typer finds, for which it has another code, end with 3."""
        given = list(sys.argv[1:] if args is None else args)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", VcmodelWarning)  # the notes that are printed say the same
                if not {"--quiet", "-q"} & set(given):
                    _say_costs_at_once()
                code = super().main(given, prog_name or "vcmodel", complete_var, False, windows_expand_args, **extra)
        except Exception as problem:
            code = report(problem, debug="--debug" in given)
        except KeyboardInterrupt:
            complain("interrupted")
            code = ExitCode.INTERRUPTED
        code = code if isinstance(code, int) else ExitCode.CONVERGED
        if standalone_mode:
            sys.exit(code)
        return code


def _say_costs_at_once() -> None:
    """Print warnings of the cost when they come: the notes are printed when the fit is over. Undone by ``catch_warnings``."""
    otherwise = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if issubclass(category, CostWarning):
            complain(str(message), head="note: ")
        else:
            otherwise(message, category, *where, **more)

    warnings.simplefilter("always", CostWarning)
    warnings.showwarning = show


def report(problem: Exception, debug: bool) -> int:
    """The exit code of an exception, after its message has been printed."""
    if debug:
        traceback.print_exception(problem)
    if isinstance(problem, typer.Abort):
        complain("interrupted")
        return ExitCode.INTERRUPTED
    if isinstance(problem, VcmodelError):
        complain(str(problem))
        return ExitCode.WRONG_INPUT
    # click's usage errors; typer carries its own copy of click, so they are told by what they can do
    if hasattr(problem, "format_message"):
        context = getattr(problem, "ctx", None)
        if type(problem).__name__ == "NoArgsIsHelpError":
            complain(problem.format_message(), head="")
            return ExitCode.WRONG_INPUT
        complain(problem.format_message())
        if context is not None:
            complain(f"{context.get_usage()}\nTry '{context.command_path} --help'.", head="")
        return ExitCode.WRONG_INPUT
    if isinstance(problem, BrokenPipeError):
        # the reader, e.g. head, has seen enough; standard output must not be flushed again at exit
        sys.stdout = None  # type: ignore[assignment]
        return ExitCode.CONVERGED
    if isinstance(problem, MemoryError):
        complain("the memory is exhausted; `vcmodel plan` tells what a model needs")
        return ExitCode.WRONG_INPUT
    if isinstance(problem, OSError):
        complain(f"{problem.strerror or problem}: {problem.filename!r}" if problem.filename else str(problem))
        return ExitCode.WRONG_INPUT
    complain(f"an error of vcmodel itself, {type(problem).__name__}: {problem}. Please report it with the output of --debug")
    return ExitCode.INTERNAL_ERROR


def complain(message: str, head: str = "error: ") -> None:
    """Print to the error stream, control characters made visible: messages quote names and values of the user's files."""
    print(f"{head}{visible(message)}", file=sys.stderr)


def visible(text: str) -> str:
    r"""The text without characters that steer a terminal or reverse the direction of writing.

    >>> visible("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    return "".join(c if c == "\n" or c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
