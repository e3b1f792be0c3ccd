"""Remember in the output folder which photos are done, so that a second run skips them.

A line of JSON for each photo whose outputs were copied: the eTag of the bytes that were processed, the fingerprint of
the settings, and the sizes of the outputs. A photo is skipped only if all of these are still so.
"""

import hashlib
import json
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from processing.outcomes import Outcome, RecordResult, SourceObject
from scripts.photo_job.out_folder import OutsideFolderError, output_path
from scripts.photo_job.photo_folder import LocalFile
from scripts.photo_job.uploader import PART_BYTES

FILE_NAME = ".darkroom-done.jsonl"


@dataclass(frozen=True)
class DonePhotos:
    """The photos whose outputs are in an output folder.

    Attributes:
        out: the output folder.
        fingerprint: of the settings that outputs should be made with.
    """

    out: Path
    fingerprint: str
    _by_key: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def read(cls, out: Path, fingerprint: str) -> "DonePhotos":
        """Read what earlier runs noted; ignore lines that a kill cut off."""
        done = cls(out, fingerprint)
        try:
            lines = (out / FILE_NAME).read_text("utf-8").splitlines()
        except (OSError, ValueError):
            return done
        for line in lines:
            try:
                entry = json.loads(line)
                done._by_key[entry["key"]] = entry
            except (ValueError, KeyError, TypeError):
                continue
        return done

    def note(self, result: RecordResult) -> None:
        """Note a photo whose outputs were copied.

        Raises:
            OSError: the file cannot be written.
        """
        source = result.source
        if source is None or not source.etag:
            return
        outputs = {output: output_path(self.out, output).stat().st_size for output in result.outputs}
        entry = {"key": source.key, "etag": source.etag, "settings": self.fingerprint, "outputs": outputs}
        line = json.dumps(entry)  # ASCII
        with self._lock, (self.out / FILE_NAME).open("a", encoding="ascii") as file:
            file.write(f"\n{line}" if file.tell() else line)  # a line that a kill cut off stays alone

    def find(self, file: LocalFile) -> RecordResult | None:
        """Return the result of a photo that is done and unchanged, as an earlier run received it.

        Raises:
            OSError: the photo cannot be read.
        """
        entry = self._by_key.get(file.key)
        if not entry or entry.get("settings") != self.fingerprint or not self._has_outputs(entry):
            return None
        if entry.get("etag") != file_etag(file.path):
            return None
        return RecordResult(
            message_id="",
            source=SourceObject(bucket="", key=file.key, size_bytes=file.size_bytes, etag=entry["etag"]),
            outcome=Outcome.PROCESSED,
            outputs=tuple(entry["outputs"]),
            bytes_in=file.size_bytes,
            bytes_out=sum(entry["outputs"].values()),
        )

    def _has_outputs(self, entry: dict[str, Any]) -> bool:
        try:
            sizes = entry["outputs"].items()
            return bool(sizes) and all(output_path(self.out, name).stat().st_size == size for name, size in sizes)
        except (OSError, OutsideFolderError, KeyError, AttributeError, ValueError):
            return False


def file_etag(path: Path, part_bytes: int = PART_BYTES) -> str:
    """Return the eTag that a file has after its upload: an MD5, or for a multipart upload that of its parts' MD5s."""
    parts = []
    with path.open("rb") as file:
        while part := file.read(part_bytes):
            parts.append(hashlib.md5(part, usedforsecurity=False).digest())
    if len(parts) > 1:
        return f"{hashlib.md5(b''.join(parts), usedforsecurity=False).hexdigest()}-{len(parts)}"
    return parts[0].hex() if parts else hashlib.md5(b"", usedforsecurity=False).hexdigest()
