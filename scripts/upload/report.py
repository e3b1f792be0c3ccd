"""What an upload would do and what it did, for people and for machines."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from processing.wording import count_of, human_bytes
from scripts.cli.command_line import EXIT_OK, EXIT_SOME_FAILED, EXIT_STOPPED
from scripts.cli.failures import failure_table
from scripts.cli.output import Report, Table, key_text
from scripts.cli.units import human_duration
from scripts.start.progress import NO_OUTCOME
from scripts.upload.compare import Action, Why
from scripts.upload.folder import Unreadable
from scripts.upload.job import Job

MAX_SHOWN = 20
DRY_RUN = "Dry run: nothing was uploaded. Add --execute to act."


@dataclass
class Preview:
    """The actions, counted as they stream by; the first few are kept to be shown."""

    counts: Counter[Why] = field(default_factory=Counter)
    bytes_up: int = 0
    shown: list[Action] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)

    def add(self, action: Action | Unreadable) -> None:
        if isinstance(action, Unreadable):
            self.unreadable.append(action)
            return
        self.counts[action.why] += 1
        if action.why is not Why.UNCHANGED:
            self.bytes_up += action.file.size_bytes
            if len(self.shown) < MAX_SHOWN:
                self.shown.append(action)

    @property
    def to_upload(self) -> int:
        return self.counts[Why.NEW] + self.counts[Why.CHANGED]


def preview_report(preview: Preview, bucket: str) -> Report:
    """The plan for people."""
    files = count_of(preview.to_upload, "file")
    changed = f", {preview.counts[Why.CHANGED]:,} of them changed" if preview.counts[Why.CHANGED] else ""
    report: list[str | Table] = [f"To upload: {files} ({human_bytes(preview.bytes_up)}) to {bucket}{changed}."]
    if preview.shown:
        rows = [(a.why.value, human_bytes(a.file.size_bytes), key_text(a.file.key)) for a in preview.shown]
        report += ["", Table(("why", "size", "key"), rows)]
        more = preview.to_upload - len(preview.shown)
        report += [f"... and {more:,} more", ""] if more else [""]
    if preview.counts[Why.UNCHANGED]:
        report.append(f"{preview.counts[Why.UNCHANGED]:,} unchanged: left out.")
    return [*report, *_unreadable(preview.unreadable)]


def preview_document(preview: Preview, bucket: str) -> dict[str, Any]:
    """The plan for machines."""
    return {
        "executed": False,
        "bucket": bucket,
        "new": preview.counts[Why.NEW],
        "changed": preview.counts[Why.CHANGED],
        "unchanged": preview.counts[Why.UNCHANGED],
        "bytes": preview.bytes_up,
        "unreadable": [{"name": u.name, "reason": u.reason} for u in preview.unreadable],
    }


def job_report(job: Job, bucket: str) -> Report:
    """The result for people."""
    rate = f"{human_bytes(round(job.bytes_up / max(job.upload_seconds, 0.001)))}/s"
    took = f"in {human_duration(timedelta(seconds=job.upload_seconds))} ({rate})"
    report: list[str | Table] = [
        f"Uploaded {count_of(job.uploaded, 'file')} ({human_bytes(job.bytes_up)}) to {bucket} {took}."
    ]
    if job.unchanged:
        report.append(f"{job.unchanged:,} unchanged: left out.")
    if job.outcomes:
        counts = sorted(job.outcomes.items(), key=lambda item: (-item[1], item[0]))
        report += ["", Table(("outcome", "photos"), counts)]
    if job.failed:
        report += ["", f"{count_of(job.failed, 'failure')}:", failure_table(job.failures)]
    if job.failed > len(job.failures):
        report.append(f"Only the first {len(job.failures):,} were kept for this table.")
    return report


def job_code(job: Job) -> int:
    """The exit code."""
    if job.outcomes[NO_OUTCOME] or job.waiting:
        return EXIT_STOPPED
    return EXIT_SOME_FAILED if job.failed else EXIT_OK


def _unreadable(unreadable: list[Unreadable]) -> list[str | Table]:
    if not unreadable:
        return []
    rows = [(key_text(u.name), u.reason) for u in unreadable[:MAX_SHOWN]]
    more = len(unreadable) - len(rows)
    lines: list[str | Table] = [f"{len(unreadable):,} cannot be read:", Table(("name", "why"), rows)]
    return lines + ([f"... and {more:,} more"] if more else [])
