"""How many processors there are for this process."""

from __future__ import annotations

import math
import os
from pathlib import Path

from vcmodel.cgroup import limit_files


def processors() -> int:
    """Processors this process may use: of the machine, by its affinity, and by the quotas of its control groups, whichever is least."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = [quota for file in limit_files("cpu", "cpu.max", "cpu.cfs_quota_us") if (quota := _quota(file)) is not None]
    return max(1, min([affinity, *(math.ceil(quota) for quota in quotas)]))


def _quota(file: Path) -> float | None:
    """Processors that a control group grants; None without a limit."""
    try:
        words = file.read_text(encoding="ascii").split()
        if len(words) == 1:  # version 1 has the period in a file of its own, and -1 for no limit
            words.append(file.with_name("cpu.cfs_period_us").read_text(encoding="ascii"))
        quota, period = words[0], float(words[1])
        return float(quota) / period if quota.isdigit() and period > 0 else None
    except (OSError, ValueError, IndexError):
        return None
