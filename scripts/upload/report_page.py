"""Writes the contact sheet of an upload: its own photos, whatever else is in the stage."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from processing.outcomes import RecordResult
from processing.wording import count_of
from scripts.aws.parallel import map_in_threads
from scripts.aws.stage import MAX_CONNECTIONS, Stage
from scripts.cli.output import Screen, key_text
from scripts.contact_sheet.collection import open_collection
from scripts.contact_sheet.page import Heading, write_contact_sheet
from scripts.contact_sheet.photo import SheetPhoto
from scripts.contact_sheet.stage_links import stage_links
from scripts.contact_sheet.stage_photos import StagePhotos
from scripts.photo_job.progress import JobProgress


@dataclass(kw_only=True)
class ReportPage:
    """The contact sheet that `--report` asks for.

    Attributes:
        file: the first page.
        expires: as given, see `stage_links`.
        base_url: as given.
        keys: the photos that have an outcome.
    """

    stage: Stage
    file: Path
    expires: timedelta | None
    base_url: str | None
    keys: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        stage_links(self.stage, self.expires, self.base_url)  # fails before the upload, not after it

    def note(self, key: str, _: RecordResult | None) -> None:
        """Note that a photo has an outcome; for `JobProgress.on_settled`."""
        self.keys.append(key)

    def write(self, progress: JobProgress, title: str, screen: Screen) -> list[str]:
        """Write the pages from what is in the buckets now; return the notes about it and the first page's path."""
        links = stage_links(self.stage, self.expires, self.base_url)
        waiting = f"{count_of(progress.waiting, 'photo')} had no outcome yet when this page was made."
        heading = Heading(
            title=key_text(title),
            after_failures="Your originals are untouched.",
            notices=[*([waiting] if progress.waiting else []), *links.notes],
            failed=progress.failed,
            not_done=progress.waiting,
        )
        failed = {failure.key for failure in progress.failures}
        with open_collection() as collection, screen.progress("contact sheet", len(self.keys)) as show:
            for failure in progress.failures:
                collection.add_failure(failure)
            for done, photo in enumerate(self._photos(failed), start=1):
                show(done, "")
                if photo:
                    collection.add_photo(photo)
            pages = write_contact_sheet(collection, self.file, heading, links)
        return [*links.notes, "The contact sheet, to open in a browser:", str(pages[0].resolve())]

    def _photos(self, failed: set[str]) -> Iterator[SheetPhoto | None]:
        photos, keys = StagePhotos.of(self.stage), (key for key in self.keys if key not in failed)
        with closing(map_in_threads(photos.named, keys, MAX_CONNECTIONS)) as results:
            yield from results
