"""Files written beside their place and moved there when complete, so that nobody ever finds half of one."""

from __future__ import annotations

import os
from pathlib import Path


def beside(path: Path, mark: str = "part") -> Path:
    """The name under which a file is written before it takes its place: hidden, in the same folder.

    >>> beside(Path("fits.csv")).name
    '.fits.csv.part'
    """
    return path.with_name(f".{path.name}.{mark}")


def write_whole(path: Path, text: str, errors: str = "strict") -> Path:
    """Write a file as UTF-8 in one step; what stands there, a link included, is replaced and not followed.

    Parameters
    ----------
    errors : str
        What becomes of lone surrogates, as for :meth:`str.encode`.

    Raises
    ------
    OSError
        The file cannot be written; what stood there stands there still.
    """
    content = text.encode("utf-8", errors)
    part = beside(path, str(os.getpid()))
    try:
        part.unlink(missing_ok=True)
        # "x" follows no link that somebody has put there
        with part.open("xb") as stream:
            stream.write(content)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return path
