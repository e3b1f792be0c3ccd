"""One source object's way through the house."""

from collections.abc import Callable
from concurrent.futures import Executor, wait
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from handlers.byte_budget import Budget
from handlers.object_store import NothingToDoError, OlderOutputError, Storage
from handlers.stopwatch import Stopwatch
from handlers.temporary_folder import scratch_folder
from handlers.time_budget import Deadline
from handlers.worker_pool import WorkerPool
from processing.commit_marker import Marker
from processing.outcomes import Outcome, SourceObject
from processing.output_formats import content_type
from processing.output_keys import document_key, output_keys
from processing.settings import RenderSettings
from processing.worker.protocol import RenderRequest


@dataclass(frozen=True)
class Delivered:
    """What a delivery stored: output keys, the commit marker last, and the sizes of source and outputs."""

    outputs: tuple[str, ...]
    bytes_in: int
    bytes_out: int


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """Takes source objects from the input bucket to the output bucket.

    Attributes:
        storage: where from and where to.
        workers: who decodes and encodes.
        disk: how many bytes of sources may lie on the temporary disk.
        uploads: threads that upload the outputs of a photo side by side.
        settings: what is to come out.
    """

    storage: Storage
    workers: WorkerPool
    disk: Budget
    uploads: Executor
    settings: RenderSettings

    def deliver(self, source: SourceObject, deadline: Deadline, stopwatch: Stopwatch) -> Delivered:
        """Makes and stores every output of one source object.

        Raises:
            NothingToDoError: duplicate, superseded or gone.
            DarkroomError: it failed; the code says how.
        """
        keys = output_keys(source.key, self.settings.renditions)
        marker = Marker.of(source, self.settings.fingerprint)
        with stopwatch.measure("download"):
            is_new = self._find_new(source, marker)
        with self.disk.reserve(source.size_bytes, deadline), scratch_folder() as folder:
            original, outputs = folder / "source", folder / "outputs"
            outputs.mkdir()
            with stopwatch.measure("download"):
                bytes_in = self.storage.fetch(source, original, self.settings.limits.max_bytes, deadline)
            request = RenderRequest(original, outputs, self.settings)
            try:
                self._make(keys, request if is_new else replace(request, mark=marker.mark), marker, deadline, stopwatch)
            except OlderOutputError:  # it came since we asked
                self._make(keys, replace(request, mark=marker.mark), marker, deadline, stopwatch)
            bytes_out = sum(file.stat().st_size for file in outputs.iterdir())
        return Delivered(keys, bytes_in, bytes_out)

    def _find_new(self, source: SourceObject, marker: Marker) -> bool:
        """Answers whether the photo has no outputs yet.

        Raises:
            NothingToDoError: it has the ones that this event asks for, or later ones.
        """
        there = self.storage.head(document_key(source.key))
        if there is None:
            return True
        if there.marker.is_repeated_by(marker):
            raise NothingToDoError(Outcome.DUPLICATE)
        if marker.is_older_than(there.marker):
            raise NothingToDoError(Outcome.SUPERSEDED)
        return False

    def _make(
        self, keys: tuple[str, ...], request: RenderRequest, marker: Marker, deadline: Deadline, stopwatch: Stopwatch
    ) -> None:
        """Makes and stores the outputs.

        Those of a new photo depend on nothing but its bytes and the settings. Those that may replace others carry a
        mark that says for which version they do.

        Raises:
            OlderOutputError: there is something to replace, and the request has no mark.
        """
        self.workers.render(request, deadline, stopwatch)
        store = partial(
            self._store, outputs=request.into, marker=marker, may_replace=bool(request.mark), deadline=deadline
        )
        with stopwatch.measure("upload"):
            self._store_all(keys, store)

    def _store_all(self, keys: tuple[str, ...], store: Callable[[str], None]) -> None:
        """Stores the renditions side by side, then the commit marker: it is never there before the rest."""
        *renditions, document = keys
        stored = [self.uploads.submit(store, key) for key in renditions]
        wait(stored)  # all of them, even if one failed: the files must stay until the last is read
        for future in stored:
            future.result()
        store(document)

    def _store(self, key: str, *, outputs: Path, marker: Marker, may_replace: bool, deadline: Deadline) -> None:
        # After it the message was given back, and its source may be gone by now.
        deadline.require(0, "storing the outputs")
        file = outputs / key.rpartition("/")[2]
        self.storage.store(key, file, content_type(file.name), marker, may_replace=may_replace)
