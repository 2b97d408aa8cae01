"""Files as text: compression and encoding recognised, everything that is not text refused."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from pathlib import Path

from vcmodel.errors import DataError
from vcmodel.memory import available_memory, readable

# a table takes about this many times the size of its text while it is read
EXPANSION = 8
# control characters that no text has; tab, line feed, form feed, carriage return and 0x1a (the old end mark) pass
CONTROL = re.compile("[\x01-\x08\x0b\x0e-\x19\x1b-\x1f\x7f]")
# what begins with one of these is not a table as text
SIGNATURES = {
    b"PK\x03\x04": "a ZIP archive or an Excel or LibreOffice workbook: save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: save the sheet as CSV",
    b"%PDF": "a PDF: export the table as CSV",
    b"SQLite format 3": "an SQLite database: export the table as CSV",
    b"\x89HDF": "an HDF5 file: export the table as CSV or Parquet",
    b"ARROW1": "an Arrow file: save it as Parquet or CSV",
    b"BZh": "compressed with bzip2: decompress it, or use gzip",
    b"\xfd7zXZ": "compressed with xz: decompress it, or use gzip",
    b"\x28\xb5\x2f\xfd": "compressed with zstd: decompress it, or use gzip",
}
BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
NAMES = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8 with byte-order mark", "utf-16": "UTF-16", "latin-1": "Latin-1", "cp1252": "Windows-1252"}


def existing_file(path: Path, what: str = "data") -> Path:
    """The path, if a regular file stands there.

    Raises
    ------
    DataError
        None, or something that is not a file.
    """
    try:
        if path.is_file():
            return path
        exists = path.exists()
    except (OSError, ValueError) as problem:
        # a NUL byte or a name beyond the system's length
        raise DataError(f"{what}: {str(path)!r} cannot be the name of a file ({problem})") from None
    if not exists:
        raise DataError(f"{what}: there is no file {str(path)!r}")
    raise DataError(f"{what}: {str(path)!r} is {_kind(path)}: give a file")


def _kind(path: Path) -> str:
    """What stands there instead of a file; it is not opened, as a device or a pipe may have no end."""
    kinds = {Path.is_dir: "a folder", Path.is_fifo: "a named pipe, not a regular file", Path.is_socket: "a socket, not a regular file"}
    device = "a device, not a regular file" if path.is_char_device() or path.is_block_device() else "not a regular file"
    return next((name for test, name in kinds.items() if test(path)), device)


def spelled(text: str) -> str:
    """Text that UTF-8 and SQLite can hold: undecodable bytes of a file name, and NUL, spelled out."""
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")


def file_bytes(path: Path) -> tuple[bytes, bool]:
    """The content of a file and whether it was compressed with gzip, which is told by its first bytes and not by its name.

    Raises
    ------
    DataError
        A file that cannot be read, is damaged, or does not fit into memory as a table.
    """
    limit = available_memory() // EXPANSION
    where = repr(str(path))
    try:
        size = path.stat().st_size
        if size > limit:
            raise DataError(
                f"data: {where} has {readable(size)}, as a table about {readable(size * EXPANSION)}; "
                f"{readable(limit * EXPANSION)} of memory are available: split the file or use a larger machine"
            )
        content = path.read_bytes()
        if not content.startswith(b"\x1f\x8b"):
            return content, False
        with gzip.open(path) as stream:
            # one byte more than allowed, so that a small archive of endless zeros ends here
            content = stream.read(limit + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise DataError(f"data: {where} is a damaged or truncated gzip file: copy or compress it again") from None
    except OSError as problem:
        raise DataError(f"data: {where} cannot be read: {problem.strerror or problem}") from None
    if len(content) > limit:
        raise DataError(f"data: {where} decompresses to more than {readable(limit)}, beyond the memory available: split the file")
    return content, True


def decoded(content: bytes, where: str, encoding: str | None = None) -> tuple[str, str]:
    """The text of a file and the name of its encoding.

    A byte-order mark decides; else UTF-8 if every byte fits it; else Latin-1 (Windows-1252 where bytes 0x80-0x9f occur), unless some
    lines are UTF-8 and others are not.

    Raises
    ------
    DataError
        An empty or binary file, NUL bytes, mixed encodings; the message names the line.
    """
    if not content.strip():
        raise DataError(f"data: {where} is empty: it needs a line of column names and the rows")
    for signature, what in SIGNATURES.items():
        if content.startswith(signature):
            raise DataError(f"data: {where} is not a text table but {what}")
    found = encoding or next((name for mark, name in BOMS.items() if content.startswith(mark)), None)
    if found is None:
        _refuse_nul(content, where)
        found = _without_mark(content, where)
    try:
        text = content.decode(found)
    except (UnicodeError, LookupError) as problem:
        raise DataError(f"data: {where} cannot be read as {NAMES.get(found, found)} ({problem}); save it as UTF-8") from None
    if "\x00" in text:
        raise DataError(f"data: {where} has a NUL character in line {text.count(chr(10), 0, text.index(chr(0))) + 1}: {_NUL_REMEDY}")
    stray = CONTROL.search(text)
    if stray:
        line = text.count("\n", 0, stray.start()) + 1
        raise DataError(
            f"data: {where} has the control character 0x{ord(stray[0]):02x} in line {line}: it is not a text table, or it is damaged; "
            "save it as CSV"
        )
    return text.rstrip("\x1a"), NAMES.get(found, found)


_NUL_REMEDY = "the file is binary or damaged; export it again as CSV (UTF-8)"


def _refuse_nul(content: bytes, where: str) -> None:
    place = content.find(b"\x00")
    if place < 0:
        return
    head = content[:4096]
    # every second byte of western text in UTF-16 is zero
    if head.count(b"\x00") > len(head) // 3:
        raise DataError(f"data: {where} looks like UTF-16 without a byte-order mark, or is binary: save it as CSV in UTF-8")
    line = content.count(b"\n", 0, place) + 1
    raise DataError(f"data: {where} has a NUL byte in line {line}: {_NUL_REMEDY}")


def _without_mark(content: bytes, where: str) -> str:
    """UTF-8 or a single-byte encoding."""
    try:
        content.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError as problem:
        broken = content.count(b"\n", 0, problem.start) + 1
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            continue
        raise DataError(
            f"data: {where} mixes encodings: line {number} is UTF-8, line {broken} is not; the file was put together from two: "
            "convert the parts to UTF-8 first"
        )
    if any(0x80 <= byte <= 0x9F for byte in set(content)):
        try:
            content.decode("cp1252")
            return "cp1252"
        except UnicodeDecodeError:
            raise DataError(
                f"data: {where} is neither UTF-8 nor Latin-1 (line {broken}): it is binary or in another encoding; save it as UTF-8"
            ) from None
    return "latin-1"
