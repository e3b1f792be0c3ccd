"""The photos and failures of a contact sheet, in a temporary database: memory does not grow with their number."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import astuple

from processing.wording import visible
from scripts.aws.dead_letter import CODES, explain
from scripts.cli.failures import LOCAL_MEANINGS, MAX_DETAIL_BYTES, Failure, FailureGroup, whole_note
from scripts.cli.output import key_text
from scripts.contact_sheet.photo import OutputFile, SheetPhoto

MAX_LISTED = 10_000  # failures of one code on the page
ORIGINALS = "originals"
_TABLES = """
    CREATE TABLE photos (folder TEXT, key TEXT, bytes INTEGER, files TEXT, PRIMARY KEY (folder, key)) WITHOUT ROWID;
    CREATE TABLE failures (id BLOB, code TEXT, key TEXT, advice TEXT, note TEXT);
    CREATE INDEX failures_by_id ON failures (id);
    CREATE INDEX failures_by_code ON failures (code, key);
"""


class Collection:
    """Photos and failures in any order; use `open_collection`."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.executescript(_TABLES)

    def add_photo(self, photo: SheetPhoto) -> None:
        """Add a processed photo, or replace the one of the same key."""
        files = json.dumps([astuple(file) for file in photo.files])
        row = (photo.folder, photo.key, photo.size_bytes, files)
        self._database.execute("INSERT OR REPLACE INTO photos VALUES (?, ?, ?, ?)", row)

    def add_failure(self, failure: Failure) -> None:
        """Add a failed photo; its key and its code, which a message may have from anybody, are escaped here."""
        note = visible(failure.detail, MAX_DETAIL_BYTES) if failure.detail else ""
        shown = key_text(failure.key) if failure.key else "(no name)"
        row = (_id(failure.key), key_text(failure.code), shown, failure.what_to_do, note)
        self._database.execute("INSERT INTO failures VALUES (?, ?, ?, ?, ?)", row)

    def has_failure(self, key: str) -> bool:
        return bool(self._database.execute("SELECT 1 FROM failures WHERE id = ? LIMIT 1", (_id(key),)).fetchone())

    def remove_failures(self, key: str) -> int:
        """Remove the failures of a photo; return their number."""
        return self._database.execute("DELETE FROM failures WHERE id = ?", (_id(key),)).rowcount

    @property
    def processed(self) -> int:
        return int(self._database.execute("SELECT count(*) FROM photos").fetchone()[0])

    @property
    def failed(self) -> int:
        return int(self._database.execute("SELECT count(*) FROM failures").fetchone()[0])

    def photos(self, first: int, count: int) -> Iterator[SheetPhoto]:
        """Yield photos by folder and key, the top folder first."""
        query = "SELECT key, bytes, files FROM photos ORDER BY folder, key LIMIT ? OFFSET ?"
        for key, size_bytes, files in self._database.execute(query, (count, first)):
            photo = SheetPhoto.of(key, size_bytes, [_output_file(*file) for file in json.loads(files)])
            if photo:
                yield photo

    def sizes(self) -> Counter[str]:
        """Sum the bytes of the originals and of each kind of output."""
        sizes = Counter({ORIGINALS: 0})
        for size_bytes, files in self._database.execute("SELECT bytes, files FROM photos"):
            sizes[ORIGINALS] += size_bytes
            for name, file_bytes, *_ in json.loads(files):
                sizes[name] += file_bytes
        return sizes

    def groups(self) -> tuple[FailureGroup, ...]:
        """Group the failures by code, the most frequent first."""
        query = "SELECT code, count(*) FROM failures GROUP BY code ORDER BY 2 DESC, 1"
        return tuple(self._group(code, count) for code, count in self._database.execute(query).fetchall())

    def _group(self, code: str, count: int) -> FailureGroup:
        """Say once what all failures of a code have in common; their notes say the rest."""
        advice = self._database.execute(
            "SELECT DISTINCT advice FROM failures WHERE code = ? LIMIT 2", (code,)
        ).fetchall()
        common = advice[0][0] if len(advice) == 1 else ""
        query = "SELECT key, advice, note FROM failures WHERE code = ? ORDER BY key, note LIMIT ?"
        rows = self._database.execute(query, (code, MAX_LISTED))
        photos = tuple((key, note if common else whole_note(note, what_to_do)) for key, what_to_do, note in rows)
        return FailureGroup(code=code, meaning=_meaning(code), what_to_do=common, count=count, photos=photos)


@contextmanager
def open_collection() -> Iterator[Collection]:
    """Open an empty collection; it is deleted when the block ends."""
    with closing(sqlite3.connect("")) as database:  # a temporary file
        yield Collection(database)


def _id(key: str) -> bytes:
    return key.encode(errors="surrogatepass")  # a file's name may be invalid UTF-8


def _output_file(name: str, size_bytes: int, width: int, height: int) -> OutputFile:
    return OutputFile(name=name, size_bytes=size_bytes, width=width, height=height)


def _meaning(code: str) -> str:
    return explain(code).meaning if code in CODES else LOCAL_MEANINGS.get(code, "")
