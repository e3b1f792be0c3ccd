"""The contact sheet of a stage with 100,000 photos, from generated listings."""

import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from processing.output_keys import DOCUMENT_NAME
from scripts.aws.bucket_listing import Listed, join, outputs_in_order, sources_in_order
from scripts.cli.failures import Failure
from scripts.cli.repository import REPOSITORY
from scripts.contact_sheet.collection import open_collection
from scripts.contact_sheet.links import Links
from scripts.contact_sheet.page import Heading, write_contact_sheet
from scripts.contact_sheet.stage_photos import StagePhotos
from scripts.report.collect import Findings, add_pair

PHOTOS, FAILURES = 100_000, 100_000
NAMES = ("large.jpg", "medium.jpg", "small.jpg", DOCUMENT_NAME)
LINKS = Links(
    address=lambda key: f"https://b.s3.eu-west-1.amazonaws.com/{key}?X-Amz-Signature={'0' * 200}", origin="x:"
)
MAX_MB = 100


def key(number: int) -> str:
    return f"2026/{number // 1000:04}/IMG {number:07}.jpg"


def sources() -> Iterator[Listed]:
    return (Listed(key(number), "e1", 4_000_000, 1.0) for number in range(PHOTOS))


def outputs() -> Iterator[Listed]:
    names = sorted(NAMES)
    return (Listed(f"{key(number)}/{name}", "x", 40_000, 2.0) for number in range(PHOTOS) for name in names)


class AllDone:
    """S3 with a commit marker of the current version for every photo."""

    def head_object(self, **_: str) -> object:
        return {"Metadata": {"source-etag": "e1"}, "ETag": '"e1"', "ContentLength": 1}


def write_a_large_report(folder: str) -> None:
    """Measure memory in a new process, so that only this counts."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    photos, findings = StagePhotos(AllDone(), "in", "out", NAMES), Findings()  # type: ignore[arg-type]
    with open_collection() as collection:
        for number in range(FAILURES):
            collection.add_failure(Failure(f"failed/{number}.jpg", "corrupt-image", "Export it again.", "bad data"))
        for pair in join(sources_in_order(sources()), outputs_in_order(outputs(), lambda _: None)):
            add_pair(collection, pair, photos.listed(pair), findings, "")
        heading = Heading(title="prod", after_failures="")
        pages = write_contact_sheet(collection, Path(folder) / "index.html", heading, LINKS)
    growth_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    sizes = sum(page.stat().st_size for page in pages) / 1e6
    print(f"{len(pages)} pages, {sizes:.0f} MB; {growth_mb:.0f} MB of memory more")  # noqa: T201 (for a run by hand)
    assert len(pages) == PHOTOS // 5_000
    assert growth_mb < MAX_MB, f"{growth_mb:.0f} MB more for {PHOTOS:,} photos"


def test_a_report_of_100_000_photos_and_failures_fits_in_bounded_memory(tmp_path: Path) -> None:
    program = f"from {__name__} import write_a_large_report; write_a_large_report({str(tmp_path)!r})"
    subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=True, timeout=600)
