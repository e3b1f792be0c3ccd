"""Compare local files with the bucket, by size and checksum.

Our own uploads store the file's SHA-256 in the object's metadata. The eTag of other
objects is the MD5, except after a multipart upload or with SSE-KMS: such files are uploaded again.
"""

import re
from collections import Counter
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from processing.wording import count_of, human_bytes
from scripts.aws.parallel import map_in_threads
from scripts.aws.photo_state import head_object
from scripts.cli.failures import Failure
from scripts.cli.output import Report, Table, key_text, more_lines
from scripts.photo_job.photo_folder import Files, FileState, LocalFile, error_reason, not_uploaded
from scripts.photo_job.uploader import SHA256, Uploader, file_checksum

_MD5_ETAG = re.compile(r"[0-9a-f]{32}")
MAX_SHOWN = 20
DRY_RUN = "Dry run: nothing was uploaded. Add --execute to act."


@dataclass
class Preview:
    """Counts of the files by state, with the first few to upload."""

    counts: Counter[FileState] = field(default_factory=Counter)
    bytes_in: int = 0
    shown: list[LocalFile] = field(default_factory=list)
    unreadable: list[Failure] = field(default_factory=list)

    def add(self, file: LocalFile | Failure) -> None:
        """Count a file."""
        if isinstance(file, Failure):
            self.unreadable.append(file)
            return
        self.counts[file.state] += 1
        if file.state is not FileState.UNCHANGED:
            self.bytes_in += file.size_bytes
            if len(self.shown) < MAX_SHOWN:
                self.shown.append(file)


def compare_all(uploader: Uploader, files: Files) -> Generator[LocalFile | Failure]:
    """Set the state of each file, several at once; yield in the files' order."""
    return map_in_threads(lambda file: _compare(uploader, file), files, uploader.threads)


def with_state(file: LocalFile, head: Mapping[str, Any]) -> LocalFile:
    """Compare a file with the object under its key.

    Args:
        file: the file; read only if the sizes agree.
        head: HeadObject's response.

    Raises:
        OSError: it cannot be read.
    """
    etag = head["ETag"].strip('"')
    is_same = head["ContentLength"] == file.size_bytes and _has_same_content(file.path, etag, head["Metadata"])
    return replace(file, state=FileState.UNCHANGED if is_same else FileState.CHANGED, etag=etag)


def preview_report(preview: Preview, bucket: str) -> Report:
    """Describe the planned uploads for people."""
    new, changed, unchanged = (preview.counts[state] for state in FileState)
    files = f"{count_of(new + changed, 'file')} ({human_bytes(preview.bytes_in)})"
    of_them = f", {changed:,} of them changed" if changed else ""
    report: list[str | Table] = [DRY_RUN, f"To upload: {files} to {bucket}{of_them}."]
    if preview.shown:
        rows = [(file.state.value, human_bytes(file.size_bytes), key_text(file.key)) for file in preview.shown]
        report += ["", Table(("why", "size", "key"), rows), *more_lines(new + changed - len(rows)), ""]
    if unchanged:
        report.append(f"{unchanged:,} unchanged: left out.")
    if preview.unreadable:
        reasons = [(key_text(failure.key), failure.detail) for failure in preview.unreadable[:MAX_SHOWN]]
        more = more_lines(len(preview.unreadable) - len(reasons))
        report += [f"{len(preview.unreadable):,} cannot be uploaded:", Table(("name", "why"), reasons), *more]
    return report


def preview_document(preview: Preview, bucket: str) -> dict[str, Any]:
    """Describe the planned uploads as JSON."""
    return {
        "executed": False,
        "bucket": bucket,
        **{state.value: preview.counts[state] for state in FileState},
        "bytes": preview.bytes_in,
        "unreadable": [{"name": failure.key, "reason": failure.detail} for failure in preview.unreadable],
    }


def _compare(uploader: Uploader, file: LocalFile | Failure) -> LocalFile | Failure:
    if isinstance(file, Failure):
        return file
    try:
        head = head_object(uploader.s3, uploader.bucket, file.key)
        return with_state(file, head) if head else file
    except (OSError, ClientError, BotoCoreError) as error:
        return not_uploaded(file.key, error_reason(error))


def _has_same_content(path: Path, etag: str, metadata: Mapping[str, str]) -> bool:
    if SHA256 in metadata:
        return metadata[SHA256] == file_checksum(path, SHA256)
    return bool(_MD5_ETAG.fullmatch(etag)) and etag == file_checksum(path, "md5")
