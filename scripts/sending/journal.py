"""A journal on disk of the last step of each item, so that a killed run can go on.

A SQLite file: transactions are atomic even after a kill, an index finds one item among a million, and the file lock
stops a second run.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scripts.cli.errors import OperatorError
from scripts.cli.repository import REPOSITORY

JOURNALS = REPOSITORY / ".darkroom"


@dataclass(frozen=True)
class JournalEntry:
    """The last step of one item.

    Attributes:
        item: its id, the same in every run.
        at: the time of the step, ISO 8601.
    """

    item: str
    step: str
    document: Mapping[str, Any] = field(default_factory=dict)
    at: str = ""


class Journal:
    """An open journal, locked for this process.

    Args:
        path: the file; created, with its folder, if it does not exist.

    Raises:
        OperatorError: another run holds the lock, or the file is not a journal.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)  # it holds message bodies
            self._database = sqlite3.connect(path, timeout=0.2, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise OperatorError(_explain(path, error)) from error
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._database.close()
            raise OperatorError(_explain(path, error)) from error

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def record(self, entries: Iterable[JournalEntry]) -> None:
        """Write the last step of some items atomically, and flush to the disk.

        Raises:
            OperatorError: writing failed.
        """
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        rows = [(e.item, e.step, json.dumps(e.document), e.at or now) for e in entries]
        self._write("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)", rows)

    def find(self, items: Iterable[str]) -> dict[str, JournalEntry]:
        """Return the entries of those items that have one."""
        query = "SELECT item, step, document, at FROM entries WHERE item = ?"
        rows = (self._database.execute(query, (item,)).fetchone() for item in items)
        return {row[0]: _entry(row) for row in rows if row}

    def forget(self, items: Iterable[str]) -> None:
        """Remove the entries of these items atomically.

        Raises:
            OperatorError: writing failed.
        """
        self._write("DELETE FROM entries WHERE item = ?", [(item,) for item in items])

    def at_step(self, step: str) -> Iterator[JournalEntry]:
        """Return the items whose last step this is, oldest first."""
        query = "SELECT item, step, document, at FROM entries WHERE step = ? ORDER BY at, item"
        return map(_entry, self._database.execute(query, (step,)))

    def counts(self) -> dict[str, int]:
        """Count the items at each step."""
        return dict(self._database.execute("SELECT step, count(*) FROM entries GROUP BY step ORDER BY step"))

    def _write(self, statement: str, rows: Sequence[tuple[str, ...]]) -> None:
        if not rows:
            return
        try:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany(statement, rows)
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            raise OperatorError(_explain(self.path, error)) from error

    def _prepare(self) -> None:
        # EXTRA: every commit is flushed to the disk, the removal of the rollback journal included.
        self._database.execute("PRAGMA synchronous = EXTRA")
        # EXCLUSIVE: the lock lasts until the process ends.
        self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._database.execute("BEGIN EXCLUSIVE")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS entries (item TEXT PRIMARY KEY, step TEXT NOT NULL, document TEXT NOT NULL,"
            " at TEXT NOT NULL) WITHOUT ROWID"
        )
        self._database.execute("CREATE INDEX IF NOT EXISTS steps ON entries (step)")
        self._database.execute("COMMIT")


@contextmanager
def open_journal(path: Path, *, execute: bool) -> Iterator[Journal | None]:
    """Open a journal; without `execute` only an existing one, and yield None if there is none."""
    if execute or path.exists():
        with Journal(path) as journal:
            yield journal
    else:
        yield None


def journal_path(name: str, stage: str) -> Path:
    """Return the default journal of a command and a stage."""
    return JOURNALS / f"{name}-{stage}.journal"


def _entry(row: tuple[str, str, str, str]) -> JournalEntry:
    item, step, document, at = row
    return JournalEntry(item, step, json.loads(document), at)


def _explain(path: Path, error: Exception) -> str:
    if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
        return f"another run is using the journal {path}: wait for it, or stop it"
    return f"the journal {path} cannot be used: {error}"
