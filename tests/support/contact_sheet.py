"""Makes output folders and contact sheets, without the service."""

from collections.abc import Sequence
from pathlib import Path

from processing.failures import FailureCode
from processing.outcomes import Outcome, RecordResult, SourceObject
from scripts.cli.failures import Failure
from scripts.contact_sheet.page import page_text
from scripts.contact_sheet.sheet import Sheet, build_sheet
from tests.support.photos import jpeg

RENDITIONS = {"small.jpg": (30, 20), "medium.jpg": (60, 40), "large.jpg": (120, 80)}


def processed(out: Path, key: str, size_bytes: int = 5_000) -> RecordResult:
    """Write a photo's outputs and return its record of the digest."""
    (out / key).mkdir(parents=True)
    for name, shape in RENDITIONS.items():
        (out / key / name).write_bytes(jpeg(shape))
    (out / key / "document.pdf").write_bytes(b"%PDF-1.7")
    outputs = tuple(f"{key}/{name}" for name in (*reversed(RENDITIONS), "document.pdf"))
    source = SourceObject(bucket="photos", key=key, size_bytes=size_bytes)
    return RecordResult(message_id="m", source=source, outcome=Outcome.PROCESSED, outputs=outputs, bytes_in=size_bytes)


def dead_lettered(key: str, code: FailureCode, detail: str) -> RecordResult:
    """Return the digest's record of a failed photo."""
    source = SourceObject(bucket="photos", key=key)
    return RecordResult(message_id="m", source=source, outcome=Outcome.DEAD_LETTERED, code=code, detail=detail)


def sheet_of(out: Path, results: Sequence[RecordResult], local: Sequence[Failure] = ()) -> Sheet:
    """Build the sheet of a job with these results and failures on this machine."""
    reported = [Failure(r.source.key, r.code.value, r.code.what_to_do) for r in results if r.source and r.code]
    failures = [*reported, *local]
    return build_sheet(out, "holiday", results, failures, len(failures))


def page_of(out: Path, results: Sequence[RecordResult], local: Sequence[Failure] = ()) -> str:
    """Return the page of such a job."""
    return page_text(sheet_of(out, results, local))
