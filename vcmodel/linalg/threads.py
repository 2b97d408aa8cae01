"""Threads of the dense kernels underneath."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock

from threadpoolctl import ThreadpoolController


class _BlasThreads:
    """The number of BLAS threads, which belongs to the process and not to the thread that sets it.

    While several fits run side by side the lowest limit among theirs holds; when the last of them has ended, the numbers are what they
    were before the first.
    """

    def __init__(self) -> None:
        # finding the loaded libraries takes milliseconds: once per process
        self._libraries = ThreadpoolController().select(user_api="blas").lib_controllers
        self._lock = Lock()
        self._limits: list[int] = []  # of the contexts that are open
        self._before: list[int] = []

    @contextmanager
    def at_most(self, threads: int) -> Iterator[None]:
        with self._lock:
            if not self._limits:
                self._before = [library.get_num_threads() for library in self._libraries]
            self._change(self._limits.append, threads)
        try:
            yield
        finally:
            with self._lock:
                self._change(self._limits.remove, threads)

    def _change(self, step: Callable[[int], None], threads: int) -> None:
        lowest = min(self._limits, default=None)
        step(threads)
        if min(self._limits, default=None) == lowest:
            return
        wanted = [min(self._limits)] * len(self._libraries) if self._limits else self._before
        for library, number in zip(self._libraries, wanted, strict=True):
            library.set_num_threads(number)


_blas_threads = cache(_BlasThreads)


def limited_threads(threads: int):  # type: ignore[no-untyped-def]
    """A context in which BLAS uses at most `threads` threads, in the whole process.

    The fronts of a sparse factorisation are small: two BLAS threads wait for one another and made small fits ten times slower.
    """
    return _blas_threads().at_most(threads)
