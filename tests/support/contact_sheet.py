"""Makes output folders and contact sheets, without the service."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from processing.failures import FailureCode
from processing.outcomes import Outcome, RecordResult, SourceObject
from scripts.cli.failures import Failure
from scripts.contact_sheet.collection import Collection, open_collection
from scripts.contact_sheet.links import relative_links
from scripts.contact_sheet.out_folder import collect
from scripts.contact_sheet.page import Heading, write_contact_sheet
from tests.support.photos import jpeg

HEADING = Heading(title="holiday", after_failures="Your originals are untouched.")
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


@contextmanager
def collection_of(out: Path, results: Sequence[RecordResult], local: Sequence[Failure] = ()) -> Iterator[Collection]:
    """Collect a job with these results and failures on this machine, as `npm start` does."""
    reported = [
        Failure(r.source.key, r.code.value, r.code.what_to_do, r.detail) for r in results if r.source and r.code
    ]
    with open_collection() as collection:
        collect(collection, out, results, [*reported, *local])
        yield collection


def page_of(out: Path, results: Sequence[RecordResult], local: Sequence[Failure] = (), **options: Any) -> str:
    """Write the contact sheet of such a job; return its first page.

    Args:
        out: where the pages go.
        results: of the job.
        local: failures on this machine.
        options: of `write_contact_sheet`.
    """
    with collection_of(out, results, local) as collection:
        pages = write_contact_sheet(collection, out / "index.html", HEADING, relative_links(), **options)
    return pages[0].read_text("utf-8")


class Elements(HTMLParser):
    """The elements of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    @property
    def tags(self) -> list[str]:
        return [tag for tag, _ in self.found]
