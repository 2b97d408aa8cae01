"""Threads of the dense kernels underneath."""

from __future__ import annotations

from functools import cache

from threadpoolctl import ThreadpoolController


@cache
def _controller() -> ThreadpoolController:
    # finding the loaded libraries takes milliseconds: once per process
    return ThreadpoolController()


def limited_threads(threads: int):  # type: ignore[no-untyped-def]
    """A context in which BLAS uses at most `threads` threads.

    The fronts of a sparse factorisation are small: two BLAS threads wait for one another and made small fits ten times slower.
    """
    return _controller().limit(limits=threads, user_api="blas")
