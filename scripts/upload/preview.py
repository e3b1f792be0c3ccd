"""The dry run of an upload: what it would upload."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from processing.wording import count_of, human_bytes
from scripts.cli.failures import Failure
from scripts.cli.output import Report, Table, key_text
from scripts.photo_job.photo_folder import FileState, LocalFile

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


def preview_report(preview: Preview, bucket: str) -> Report:
    """Describe the planned uploads for people."""
    new, changed, unchanged = (preview.counts[state] for state in FileState)
    files = f"{count_of(new + changed, 'file')} ({human_bytes(preview.bytes_in)})"
    of_them = f", {changed:,} of them changed" if changed else ""
    report: list[str | Table] = [DRY_RUN, f"To upload: {files} to {bucket}{of_them}."]
    if preview.shown:
        rows = [(file.state.value, human_bytes(file.size_bytes), key_text(file.key)) for file in preview.shown]
        report += ["", Table(("why", "size", "key"), rows), *_more(new + changed - len(rows)), ""]
    if unchanged:
        report.append(f"{unchanged:,} unchanged: left out.")
    if preview.unreadable:
        reasons = [(key_text(failure.key), failure.what_to_do) for failure in preview.unreadable[:MAX_SHOWN]]
        more = _more(len(preview.unreadable) - len(reasons))
        report += [f"{len(preview.unreadable):,} cannot be read:", Table(("name", "why"), reasons), *more]
    return report


def preview_document(preview: Preview, bucket: str) -> dict[str, Any]:
    """Describe the planned uploads as JSON."""
    return {
        "executed": False,
        "bucket": bucket,
        **{state.value: preview.counts[state] for state in FileState},
        "bytes": preview.bytes_in,
        "unreadable": [{"name": failure.key, "reason": failure.what_to_do} for failure in preview.unreadable],
    }


def _more(count: int) -> list[str]:
    return [f"... and {count:,} more"] if count else []
