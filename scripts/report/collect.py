"""Collects the photos and failures of a stage: dead letters first, then both buckets as they are listed."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from processing.system_files import system_file
from processing.wording import count_of
from scripts.aws.bucket_listing import Pair, in_key_order, join, list_bucket, outputs_in_order, sources_in_order
from scripts.aws.dead_letter import DeadLetter, explain
from scripts.aws.dlq_reader import read_dlq
from scripts.aws.parallel import map_in_threads
from scripts.aws.stage import MAX_CONNECTIONS, Stage
from scripts.cli.failures import NO_OUTCOME, Failure
from scripts.cli.output import Screen
from scripts.contact_sheet.collection import Collection
from scripts.contact_sheet.photo import SheetPhoto
from scripts.contact_sheet.stage_photos import StagePhotos


@dataclass
class Findings:
    """The result of collecting, beside the photos and failures.

    Attributes:
        failed: dead letters that are shown.
        not_done: photos that are neither complete nor dead-lettered.
        since_done: dead letters of photos that are complete now.
        unseen: dead letters that SQS did not return.
    """

    failed: int = 0
    not_done: int = 0
    since_done: int = 0
    unseen: str = ""

    @property
    def notes(self) -> list[str]:
        """Return what the page must say beside its numbers."""
        letters = count_of(self.since_done, "dead letter")
        since = f"Not shown: {letters} of photos that were processed since; `npm run dlq` lists them."
        return [since] * bool(self.since_done) + [self.unseen] * bool(self.unseen)


def collect_stage(collection: Collection, stage: Stage, prefix: str, screen: Screen) -> Findings:
    """Collect all photos and failures of a stage whose keys begin with a prefix."""
    findings = Findings()
    with read_dlq(stage.dlq, screen) as reader:
        for letter in reader.dead_letters():
            add_dead_letter(collection, letter, prefix)
        findings.unseen = reader.shortfall
    waiting = stage.queue.depth().all
    advice = (
        f"The queue has {count_of(waiting, 'message')}: it may be waiting there. If not, "
        f"`npm run reconcile -- --stage {stage.name}` finds it and sends it again."
    )
    with screen.progress("photos", None) as show:
        for done, (pair, photo) in enumerate(_photos_of(stage, prefix), start=1):
            add_pair(collection, pair, photo, findings, advice)
            show(done, "")
    findings.failed = collection.failed - findings.not_done
    return findings


def add_dead_letter(collection: Collection, letter: DeadLetter, prefix: str) -> None:
    """Add the failures that a dead letter stands for; one without a key only if there is no prefix."""
    for key in [source.key for source in letter.sources] or [""]:
        if key.startswith(prefix):
            collection.add_failure(Failure(key, letter.code, explain(letter.code).what_to_do, letter.detail))


def add_pair(collection: Collection, pair: Pair, photo: SheetPhoto | None, findings: Findings, advice: str) -> None:
    """Add a listed photo, or a failure for a source that has no outcome.

    Args:
        collection: has the dead letters already.
        pair: as listed.
        photo: the complete photo, if it is one.
        findings: counts what is not added.
        advice: for a source without an outcome.
    """
    if photo:
        findings.since_done += collection.remove_failures(pair.key)
        collection.add_photo(photo)
    elif pair.source and not system_file(pair.key) and not collection.has_failure(pair.key):
        findings.not_done += 1
        collection.add_failure(Failure(pair.key, NO_OUTCOME, advice))


def _photos_of(stage: Stage, prefix: str) -> Iterator[tuple[Pair, SheetPhoto | None]]:
    """Yield every pair of both listings with its photo, read in threads."""
    photos, s3, outputs = StagePhotos.of(stage), stage.s3, stage.outputs
    sources = in_key_order(list_bucket(s3, outputs.input_bucket, prefix))
    stored = in_key_order(list_bucket(s3, outputs.output_bucket, prefix))
    pairs = join(sources_in_order(sources), outputs_in_order(stored, lambda _: None))
    # The listing below the prefix `2026/a` has those outputs of a source `2026`, too, whose names begin with `a`.
    inside = (pair for pair in pairs if pair.key.startswith(prefix) and outputs.key_filter.matches(pair.key))
    with closing(map_in_threads(lambda pair: (pair, photos.listed(pair)), inside, MAX_CONNECTIONS)) as results:
        yield from results
