"""How much memory there is, and the refusal to start what does not fit."""

from __future__ import annotations

import os
from pathlib import Path

from vcmodel.cgroup import limit_files
from vcmodel.errors import VcmodelError

# bytes granted without looking: finding out costs a third of a millisecond, several times a fit
SMALL = 1_000_000


def available_memory() -> int:
    """Bytes this process may still use: what the machine has free, or what its control group leaves, whichever is less."""
    free = [_machine()]
    for limit, use in _group_files():
        try:
            allowed = limit.read_text(encoding="ascii").strip()
            used = int(use.read_text(encoding="ascii"))
        except (OSError, ValueError):
            continue
        if allowed.isdigit():  # version 2 writes "max" for none, version 1 a number beyond any machine
            free.append(max(0, int(allowed) - used))
    return min(free)


def _machine() -> int:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            # MemFree would leave out the page cache, which the kernel gives back on demand
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _group_files() -> list[tuple[Path, Path]]:
    """Limit and use of every control group this process is in."""
    limits = limit_files("memory", "memory.max", "memory.limit_in_bytes")
    uses = limit_files("memory", "memory.current", "memory.usage_in_bytes")
    return list(zip(limits, uses, strict=True))


def readable(size: float) -> str:
    """A number of bytes for people.

    >>> readable(900), readable(3.2e9), readable(1.1e14)
    ('900 B', '3.2 GB', '110 TB')
    """
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 999.5 or unit == "TB":
            return f"{size:.0f} {unit}" if unit == "B" or size >= 99.5 else f"{size:.2g} {unit}"
        size /= 1000.0
    raise AssertionError("unreachable")


def require_memory(size: float, what: str, remedy: str) -> None:
    """Refuse what needs more than `size` bytes when they are not there.

    Raises
    ------
    VcmodelError
        Naming `what` needs the memory, how much there is, and the `remedy`.
    """
    if size <= SMALL:
        return
    there = available_memory()
    if size > there:
        raise VcmodelError(f"{what} would need {readable(size)} of memory and {readable(there)} are available: {remedy}")
