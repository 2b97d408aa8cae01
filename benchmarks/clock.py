"""Timing of repeated fits inside one process, and the line that hands the result to the runner. Standard library only."""

from __future__ import annotations

import json
from collections.abc import Callable
from time import perf_counter, process_time
from typing import Any, TypeVar

Result = TypeVar("Result")
MARK = "RESULT "


def timed(action: Callable[[], Result]) -> tuple[Result, float, float]:
    """What `action` returns, and its wall and CPU seconds."""
    wall, cpu = perf_counter(), process_time()
    result = action()
    return result, perf_counter() - wall, process_time() - cpu


def repeated(action: Callable[[], Result], repeats: int, budget: float) -> tuple[Result, dict[str, list[float]]]:
    """The last result of up to `repeats` fits and ``{"wall": [...], "cpu": [...]}``; none is started after `budget` seconds."""
    walls: list[float] = []
    cpus: list[float] = []
    while True:
        result, wall, cpu = timed(action)
        walls.append(wall)
        cpus.append(cpu)
        if len(walls) >= repeats or sum(walls) + wall > budget:
            return result, {"wall": walls, "cpu": cpus}


def report(**values: Any) -> None:
    """Print the line the runner reads."""
    print(MARK + json.dumps(values), flush=True)
