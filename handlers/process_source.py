"""Processes one source object: S3, worker process, S3."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from handlers.byte_budget import ByteBudget
from handlers.object_store import ObjectStore, StoreResult
from handlers.photo_files import PhotoFiles, open_photo_files, size_of
from handlers.time_budget import Deadline, Stopwatch
from handlers.worker_pool import WorkerPool
from processing.commit_marker import Commit, Marker, plan_commit
from processing.layout import Layout
from processing.outcomes import Outcome, SourceObject
from processing.output_keys import DOCUMENT_NAME, document_key, output_keys
from processing.photo_notes import describe
from processing.response_headers import own_name, response_headers
from processing.settings import RenderSettings


@dataclass(frozen=True)
class SourceResult:
    """The result of processing a source object, unless it failed.

    Attributes:
        outcome: `processed`, `duplicate`, `superseded`, `gone` or `ignored`.
        outputs: the output keys that were stored, the commit marker last.
        bytes_in: size of the source object.
        bytes_out: size of all outputs together.
        detail: the notes on the photo, for people.
        layout: of a photo that was processed.
    """

    outcome: Outcome
    outputs: tuple[str, ...] = ()
    bytes_in: int = 0
    bytes_out: int = 0
    detail: str = ""
    layout: Layout | None = None


@dataclass(frozen=True, kw_only=True)
class SourceProcessor:
    """Processes source objects from the input bucket to the output bucket."""

    objects: ObjectStore
    workers: WorkerPool
    disk: ByteBudget  # of sources in ephemeral storage
    uploads: Executor  # uploads the outputs of a photo in parallel
    settings: RenderSettings

    def process(self, source: SourceObject, deadline: Deadline, stopwatch: Stopwatch) -> SourceResult:
        """Make and store every output of one source object, unless there is nothing to process.

        Raises:
            DarkroomError: it failed; see its code.
        """
        keys = output_keys(source.key, self.settings.renditions)
        with stopwatch.measure("download"):
            stored = self.objects.head(document_key(source.key))
        commit = plan_commit(Marker.of(source, self.settings.fingerprint), stored.marker if stored else None)
        if isinstance(commit, Outcome):
            return SourceResult(commit)
        with self.disk.reserve(source.size_bytes, deadline), open_photo_files(self.settings) as photo:
            with stopwatch.measure("download"):
                obsolete = self.objects.download(source, photo.source, self.settings.limits.max_bytes, deadline)
            if obsolete:
                return SourceResult(obsolete)
            photo.seal_source()
            photo.title = own_name(source.key)
            result = self._render_and_store(source, keys, photo, commit, deadline, stopwatch)
            if result is StoreResult.EARLIER_EXISTS:  # stored by another invocation since the HEAD
                result = self._render_and_store(
                    source, keys, photo, replace(commit, replaces=True), deadline, stopwatch
                )
            if result is not StoreResult.STORED:
                return SourceResult(Outcome.SUPERSEDED)
            bytes_out = sum(size_of(output) for output in photo.outputs.values())
            notes, layout = (photo.report.notes, photo.report.layout) if photo.report else ((), None)
            return SourceResult(Outcome.PROCESSED, keys, size_of(photo.source), bytes_out, describe(notes), layout)

    def _render_and_store(
        self,
        source: SourceObject,
        keys: Sequence[str],
        photo: PhotoFiles,
        commit: Commit,
        deadline: Deadline,
        stopwatch: Stopwatch,
    ) -> StoreResult:
        """Render the outputs with the commit's mark and store them, the commit marker after all others."""
        photo.report = self.workers.render(photo, commit.mark, deadline, stopwatch)
        *renditions, document = keys
        with stopwatch.measure("upload"):
            uploads = [self.uploads.submit(self._store, source, key, photo, commit, deadline) for key in renditions]
            for upload in uploads:
                upload.exception()  # wait for all: the files must stay until the last is read
            for upload in uploads:
                if upload.result() is not StoreResult.STORED:
                    return upload.result()
            return self._store(source, document, photo, commit, deadline)

    def _store(
        self, source: SourceObject, key: str, photo: PhotoFiles, commit: Commit, deadline: Deadline
    ) -> StoreResult:
        # After the deadline the message may be released and its source deleted.
        deadline.require(0, "storing the outputs")
        name = key.rpartition("/")[2]
        headers = response_headers(source.key, name, self.settings.cache_control)
        metadata = photo.report.layout.to_metadata() if photo.report and name == DOCUMENT_NAME else {}
        return self.objects.store(source, key, photo.outputs[name], commit, headers=headers, metadata=metadata)
