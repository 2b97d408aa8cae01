"""The exit codes of the program."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended."""

    CONVERGED = 0  # every fit
    INTERNAL_ERROR = 1
    NOT_CONVERGED = 2  # at least one fit, or it failed in a batch
    WRONG_INPUT = 3
    INTERRUPTED = 130
