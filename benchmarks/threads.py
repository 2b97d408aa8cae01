"""One thread everywhere: the environment every measured process is started with."""

from __future__ import annotations

import os

# CHOLMOD of some distributions has its number of threads compiled in: only OMP_THREAD_LIMIT reaches it
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OMP_THREAD_LIMIT": "1"}


def one_thread() -> dict[str, str]:
    """The environment of this process with all thread counts at one; to be given to a process before it loads NumPy."""
    return {**os.environ, **ONE_THREAD}


def require_one_thread() -> None:
    """Refuse to measure in a process that was started otherwise.

    Raises
    ------
    RuntimeError
        A thread count is not one.
    """
    wrong = {name: os.environ.get(name) for name, wanted in ONE_THREAD.items() if os.environ.get(name) != wanted}
    if wrong:
        raise RuntimeError(f"thread counts must be set before the process starts: {wrong} should be {ONE_THREAD}")
