"""The dry run of an upload: what it would upload."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from processing.wording import count_of, human_bytes
from scripts.cli.output import Report, Table, key_text
from scripts.photo_job.photo_folder import Unreadable
from scripts.upload.compare import UploadAction, Why

MAX_SHOWN = 20
DRY_RUN = "Dry run: nothing was uploaded. Add --execute to act."


@dataclass
class Preview:
    """Counts of the planned uploads, with the first few of them."""

    counts: Counter[Why] = field(default_factory=Counter)
    bytes_in: int = 0
    shown: list[UploadAction] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)

    def add(self, action: UploadAction | Unreadable) -> None:
        """Count an action."""
        if isinstance(action, Unreadable):
            self.unreadable.append(action)
            return
        self.counts[action.why] += 1
        if action.why is not Why.UNCHANGED:
            self.bytes_in += action.file.size_bytes
            if len(self.shown) < MAX_SHOWN:
                self.shown.append(action)


def preview_report(preview: Preview, bucket: str) -> Report:
    """Describe the planned uploads for people."""
    total = preview.counts[Why.NEW] + preview.counts[Why.CHANGED]
    files = f"{count_of(total, 'file')} ({human_bytes(preview.bytes_in)})"
    changed = f", {preview.counts[Why.CHANGED]:,} of them changed" if preview.counts[Why.CHANGED] else ""
    report: list[str | Table] = [DRY_RUN, f"To upload: {files} to {bucket}{changed}."]
    if preview.shown:
        rows = [(a.why.value, human_bytes(a.file.size_bytes), key_text(a.file.key)) for a in preview.shown]
        report += ["", Table(("why", "size", "key"), rows), *_more(total - len(rows)), ""]
    if preview.counts[Why.UNCHANGED]:
        report.append(f"{preview.counts[Why.UNCHANGED]:,} unchanged: left out.")
    if preview.unreadable:
        reasons = [(key_text(u.name), u.reason) for u in preview.unreadable[:MAX_SHOWN]]
        more = _more(len(preview.unreadable) - len(reasons))
        report += [f"{len(preview.unreadable):,} cannot be read:", Table(("name", "why"), reasons), *more]
    return report


def preview_document(preview: Preview, bucket: str) -> dict[str, Any]:
    """Describe the planned uploads as JSON."""
    return {
        "executed": False,
        "bucket": bucket,
        "new": preview.counts[Why.NEW],
        "changed": preview.counts[Why.CHANGED],
        "unchanged": preview.counts[Why.UNCHANGED],
        "bytes": preview.bytes_in,
        "unreadable": [{"name": u.name, "reason": u.reason} for u in preview.unreadable],
    }


def _more(count: int) -> list[str]:
    return [f"... and {count:,} more"] if count else []
