"""Whether a file is in the bucket already, unchanged: by size, then by checksum.

An upload of ours leaves the file's SHA-256 in the object's metadata. Of any other upload the eTag is the MD5, unless it
came in parts or is encrypted with a KMS key: then nothing can be compared, and the file is uploaded once more.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from scripts.upload.folder import LocalFile

SHA256 = "sha256"
_MD5_ETAG = re.compile(r"[0-9a-f]{32}")


class Why(StrEnum):
    """What is known of a file before it is uploaded."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Action:
    """A file and what is to be done with it.

    Attributes:
        file: the file.
        why: it is uploaded unless it is unchanged.
        etag: of the object that is there; empty when there is none.
    """

    file: LocalFile
    why: Why
    etag: str = ""


def decide(file: LocalFile, there: Mapping[str, Any] | None) -> Action:
    """Compares a file with the object under its key.

    Args:
        file: the file; read only if the sizes agree.
        there: HeadObject's answer; None when there is no such object.

    Raises:
        OSError: it cannot be read.
    """
    if there is None:
        return Action(file, Why.NEW)
    etag = there["ETag"].strip('"')
    is_same = there["ContentLength"] == file.size_bytes and _same_content(file.path, etag, there["Metadata"])
    return Action(file, Why.UNCHANGED if is_same else Why.CHANGED, etag)


def digest(path: Path, algorithm: str) -> str:
    """A file's checksum in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()


def _same_content(path: Path, etag: str, metadata: Mapping[str, str]) -> bool:
    if SHA256 in metadata:
        return metadata[SHA256] == digest(path, "sha256")
    return bool(_MD5_ETAG.fullmatch(etag)) and etag == digest(path, "md5")
