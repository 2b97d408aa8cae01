"""The record of a batch: one row per finished fit in an SQLite file, and the lock that keeps two runs apart.

Each fit is one transaction, so that a run killed at any point loses the fits in progress and nothing else. The file can be read while a
batch runs.
"""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from vcmodel.batch.result import BatchResult, unpack
from vcmodel.batch.tasks import Outcome, Task
from vcmodel.errors import LedgerError
from vcmodel.tables.decoding import spelled

try:
    import fcntl
except ImportError:  # not a POSIX system
    fcntl = None  # type: ignore[assignment]

NAME, LOCK = "ledger.sqlite", "ledger.lock"
_AT_ONCE = 100  # results read in one query
SCHEMA = 1  # of the tables below; another one is refused, not migrated

_TABLES = """
create table if not exists meta (name text primary key, value text not null);
create table if not exists plan (
    position integer primary key, id text not null unique, key text not null, file text not null, model text not null,
    traits text not null, formulas text not null, source text);
create table if not exists fits (
    id text primary key, key text not null, status text not null, message text not null, detail text not null,
    fit blob, kept blob, rows blob, seconds real not null, attempts integer not null, finished real not null);
"""


class Ledger:
    """The ledger of an output folder. Use it in a ``with`` block: the lock is held inside.

    Parameters
    ----------
    out : Path
        The folder; it is made if it does not exist.

    Raises
    ------
    LedgerError
        Another run holds the ledger, or the file is not one of this version.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        try:
            out.mkdir(parents=True, exist_ok=True)
            self._lock = _acquire(out / LOCK)
        except OSError as problem:  # also a file system without locks
            raise LedgerError(f"the output folder {str(out)!r} cannot be used: {problem.strerror or problem}; choose another") from None
        try:
            self._database = _open(out / NAME, write=True)
        except BaseException:
            os.close(self._lock)
            raise

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file and releases the lock."""
        self._database.close()
        os.close(self._lock)

    def plan(self, tasks: Sequence[Task], meta: dict[str, Any]) -> None:
        """Writes what belongs to the job now, and facts about it; rows of fits that no longer do stay, unread."""
        rows = [
            (place, t.id, t.key, t.file, t.model, json.dumps(t.traits), json.dumps(t.formulas), t.path) for place, t in enumerate(tasks)
        ]
        with _sound(self.out / NAME), self._database as database:
            database.execute("delete from plan")
            database.executemany("insert into plan values (?, ?, ?, ?, ?, ?, ?, ?)", rows)
            database.execute("insert or replace into meta values ('job', ?)", (json.dumps(meta),))

    def meta(self) -> dict[str, Any]:
        """The facts written with the plan."""
        with _legible(self.out / NAME):
            return _meta(self._database)

    def finished(self) -> dict[str, str]:
        """Status by id of the planned fits that are finished for their present files, model and version."""
        with _legible(self.out / NAME):
            return dict(self._database.execute("select plan.id, status from plan join fits on plan.id = fits.id and plan.key = fits.key"))

    def record(self, task: Task, outcome: Outcome) -> None:
        """Writes one fit; when this returns it is on the disk.

        Raises
        ------
        LedgerError
            The disk is full or gone.
        """
        row = (
            *(task.id, task.key, outcome.status, spelled(outcome.message), spelled(outcome.detail)),
            *(outcome.fit, outcome.kept, outcome.rows),
            *(outcome.seconds, outcome.attempts, time.time()),
        )
        with _sound(self.out / NAME), self._database as database:
            database.execute(f"insert or replace into fits values ({', '.join('?' * len(row))})", row)

    def results(self) -> Iterator[BatchResult]:
        """The finished fits of the plan, in its order."""
        with _legible(self.out / NAME):
            yield from _results(self._database)

    def result(self, name: str) -> BatchResult:
        """The finished fit with this id."""
        with _legible(self.out / NAME):
            return next(_results(self._database, name))


def read_results(out: Path) -> Iterator[BatchResult]:
    """The finished fits of the plan in `out`, in input order; no lock is needed.

    Raises
    ------
    LedgerError
        A folder without a ledger, or with one that is damaged.
    """
    with closing(_open(_existing(out), write=False)) as database, _legible(out / NAME):
        yield from _results(database)


def read_meta(out: Path) -> dict[str, Any]:
    """The facts about the job in `out`.

    Raises
    ------
    LedgerError
        A folder without a ledger, or with one that is damaged.
    """
    with closing(_open(_existing(out), write=False)) as database, _legible(out / NAME):
        return _meta(database)


def _existing(out: Path) -> Path:
    if not (out / NAME).exists():
        raise LedgerError(f"{str(out)!r} holds no {NAME}: it is not the output folder of a batch")
    return out / NAME


@contextmanager
def _sound(path: Path) -> Iterator[None]:
    """A context in which trouble with the file is a LedgerError with what to do."""
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise  # mistakes of this module
    except sqlite3.Error as problem:
        raise _trouble(path, problem) from None


@contextmanager
def _legible(path: Path) -> Iterator[None]:
    """The same for reading: also what is stored may be damaged."""
    with _sound(path):
        try:
            yield
        except (zlib.error, ValueError, TypeError) as problem:
            raise _damaged(path, problem) from None


def _damaged(path: Path, problem: Exception) -> LedgerError:
    return LedgerError(
        f"the ledger {str(path)!r} is damaged ({problem}): put a copy of it in its place, or move it away or choose another output folder: "
        "the fits are then done again"
    )


def _trouble(path: Path, problem: sqlite3.Error) -> LedgerError:
    """What an error of SQLite means for a ledger."""
    name = getattr(problem, "sqlite_errorname", "")
    if name == "SQLITE_NOTADB":
        return LedgerError(f"{str(path)!r} is not a ledger ({problem}): choose another output folder, or move the file away")
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC")):
        return LedgerError(
            f"the ledger {str(path)!r} cannot be written ({problem}): make room there and run again; what is recorded is kept"
        )
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return LedgerError(f"the ledger {str(path)!r} is held by another program ({problem}): close it there and run again")
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH")):
        what = "is a folder" if path.is_dir() else "cannot be opened for writing" if path.exists() else "cannot be made"
        return LedgerError(
            f"the ledger {str(path)!r} {what} ({problem}): see to its permissions, move it away, or choose another output folder"
        )
    return _damaged(path, problem)


def _meta(database: sqlite3.Connection) -> dict[str, Any]:
    found = database.execute("select value from meta where name = 'job'").fetchone()
    return {} if found is None else json.loads(found[0])


def _results(database: sqlite3.Connection, only: str | None = None) -> Iterator[BatchResult]:
    """The finished fits of the plan in its order, or one of them.

    Read some at a time: a query that is held open would keep a running batch from writing.
    """
    query = (
        "select position, plan.id, file, model, source, traits, formulas, status, message, detail, fit, kept, rows, seconds, attempts "
        "from plan join fits on plan.id = fits.id and plan.key = fits.key "
        f"where position > ?1 and (?2 is null or plan.id = ?2) order by position limit {_AT_ONCE}"
    )
    last = -1
    while found := database.execute(query, (last, only)).fetchall():
        last = found[-1][0]
        for _, name, file, model, source, traits, formulas, status, message, detail, fit, kept, rows, seconds, attempts in found:
            yield BatchResult(
                id=name,
                file=file,
                model=model,
                source=source,
                traits=tuple(json.loads(traits)),
                formulas=json.loads(formulas),
                status=status,
                message=message,
                detail=detail,
                fit=unpack(fit),
                kept=unpack(kept),
                packed_rows=rows,
                seconds=seconds,
                attempts=attempts,
            )


def _open(path: Path, write: bool) -> sqlite3.Connection:
    """The database, looked through when it is to be written: fits are not done on top of a damaged one."""
    with _sound(path):
        if path.exists() and not path.is_file():
            what = "a folder" if path.is_dir() else "not a file"
            raise LedgerError(f"{str(path)!r} is {what}: move it away, or choose another output folder")
        database = sqlite3.connect(path if write else _address(path), uri=not write, timeout=60.0)
        try:
            if write:
                _look_through(database)
                database.executescript(_TABLES)
                with database:
                    database.execute("insert or ignore into meta values ('schema', ?)", (str(SCHEMA),))
            found = database.execute("select value from meta where name = 'schema'").fetchone()
            if found is None or found[0] != str(SCHEMA):
                raise LedgerError(
                    f"{str(path)!r} was written by another version of vcmodel: choose another output folder, or move the file away"
                )
        except BaseException:
            database.close()
            raise
    return database


def _address(path: Path) -> str:
    """For reading only; for writing where a run that was killed left a transaction to roll back."""
    unfinished = path.with_name(f"{path.name}-journal").exists()
    return f"{path.absolute().as_uri()}?mode={'rw' if unfinished else 'ro'}"


def _look_through(database: sqlite3.Connection) -> None:
    """Reads every page of the file once."""
    (first,) = database.execute("pragma quick_check(1)").fetchone()
    if first != "ok":
        raise sqlite3.DatabaseError(" ".join(str(first).split()))


def _acquire(path: Path) -> int:
    """A descriptor that holds the lock; the system releases it when the process ends, however it ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    if fcntl is not None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 200).decode("utf-8", "replace").strip()
            os.close(descriptor)
            raise LedgerError(
                f"another run{f' ({holder})' if holder else ''} is writing to {str(path.parent)!r}: wait for its end, stop it, "
                "or choose another output folder"
            ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
    return descriptor
