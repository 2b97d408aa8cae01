"""The control groups this process is in, which may grant it less than the machine has."""

from __future__ import annotations

from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")


def limit_files(controller: str, unified: str, legacy: str) -> list[Path]:
    """The files of a limit in every group this process is in.

    Parameters
    ----------
    controller : str
        ``memory`` or ``cpu``.
    unified, legacy : str
        Name of the file in version 2 of the interface, and in version 1.
    """
    try:
        lines = OWN.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        root = CGROUP / controller if controllers else CGROUP
        # the limit of any group above applies too; inside a container the path may not exist, the root then is the own group
        folder = root / path.lstrip("/")
        found += [step / (legacy if controllers else unified) for step in (folder, *folder.parents) if step.is_relative_to(root)]
    return found
