"""Upload the probes of a run, follow them to the end, compare, and delete everything again."""

import io
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from PIL import Image

from processing.outcomes import Outcome, RecordResult, SourceObject
from processing.output_keys import output_names
from scripts.aws.digest_subscription import subscribe_to_digests
from scripts.aws.dlq_reader import read_dlq
from scripts.aws.parallel import chunks, map_in_threads
from scripts.aws.photo_state import PhotoStates
from scripts.aws.stage import Stage
from scripts.cli.output import Screen
from scripts.prove.probes import Probe

THREADS = 16
POLL_SECONDS = 2
_MAX_KEYS = 1000  # S3's limit of DeleteObjects


@dataclass
class ProbeResult:
    """A probe and its outcome.

    Attributes:
        records: what the function reported, one for each event.
        seconds: from the end of the upload to the last digest.
        problems: what is not as it must be; empty when all is.
    """

    probe: Probe
    uploaded_at: float = 0.0
    records: list[RecordResult] = field(default_factory=list)
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    @property
    def is_pending(self) -> bool:
        return len(self.records) < self.probe.events

    @property
    def result(self) -> RecordResult | None:
        """The record that was processed, or the last one; None without any."""
        processed = [record for record in self.records if record.outcome == Outcome.PROCESSED]
        return next(iter([*processed, *reversed(self.records)]), None)


class ProofRun:
    """A run of the probes on one stage.

    Args:
        stage: the deployed stage.
        probes: what to upload.
        prefix: of every object of this run.
        screen: for the progress.
    """

    def __init__(self, stage: Stage, probes: Iterable[Probe], prefix: str, screen: Screen) -> None:
        self._stage = stage
        self._prefix = prefix
        self._screen = screen
        self._results = {probe.key: ProbeResult(probe) for probe in probes}
        self._codes: dict[str, str] = {}
        self._photos = PhotoStates.of(stage)
        self._renditions = stage.read_settings().renditions

    @property
    def results(self) -> Sequence[ProbeResult]:
        return list(self._results.values())

    def run(self, wait_seconds: float) -> None:
        """Upload, follow and compare; give up after so long without news."""
        with subscribe_to_digests(self._stage) as digests, self._screen.progress("proving", len(self._results)) as show:
            self._upload()
            last_news = time.monotonic()
            while self._pending and time.monotonic() - last_news < wait_seconds:
                for digest in digests.receive(POLL_SECONDS):
                    for result in digest.results:
                        self._add(result)
                        last_news = time.monotonic()
                show(len(self._results) - len(self._pending), "")
        self._compare()

    def clean_up(self) -> list[str]:
        """Delete the objects of this run and their dead letters; return what could not be deleted."""
        outputs = self._stage.outputs
        left = [key for bucket in (outputs.input_bucket, outputs.output_bucket) for key in self._delete(bucket)]
        return [*left, *self._delete_dead_letters()]

    @property
    def _pending(self) -> list[ProbeResult]:
        return [each for each in self._results.values() if each.is_pending]

    def _upload(self) -> None:
        def put(each: ProbeResult) -> None:
            each.probe.put(self._stage.s3, self._stage.outputs.input_bucket, each.probe.key)
            each.uploaded_at = time.monotonic()

        for _ in map_in_threads(put, self.results, THREADS):
            pass

    def _add(self, result: RecordResult) -> None:
        found = self._results.get(result.source.key) if result.source else None
        if found is None or not result.outcome.is_final:
            return
        found.records.append(result)
        found.seconds = time.monotonic() - found.uploaded_at

    def _compare(self) -> None:
        self._codes = self._read_codes()
        for _ in map_in_threads(self._compare_one, self.results, THREADS):
            pass

    def _compare_one(self, each: ProbeResult) -> None:
        result, probe = each.result, each.probe
        if result is None or each.is_pending:
            each.problems.append("no outcome was reported in time")
            return
        if result.outcome not in probe.expected or result.code != probe.code:
            each.problems.append(f"came out as {result.outcome}{f', {result.code}' if result.code else ''}")
        elif probe.code and self._codes.get(probe.key) != probe.code:
            each.problems.append("its dead letter is not in the DLQ")
        elif not probe.code and result.outcome != Outcome.GONE:
            each.problems += self._check_outputs(probe.key)

    def _check_outputs(self, key: str) -> Iterator[str]:
        bucket, renditions = self._stage.outputs.output_bucket, self._renditions
        for name, rendition in zip(output_names(renditions), [*renditions, None], strict=True):
            try:
                body = self._stage.s3.get_object(Bucket=bucket, Key=f"{key}/{name}")["Body"].read()
            except self._stage.s3.exceptions.NoSuchKey:
                yield f"{name} is missing"
                continue
            if rendition is not None:
                yield from _check_picture(name, body, rendition.box)
        source = self._stage.s3.head_object(Bucket=self._stage.outputs.input_bucket, Key=key)
        etag = source["ETag"].strip('"')
        if not self._photos.is_done(SourceObject(bucket=self._stage.outputs.input_bucket, key=key, etag=etag)):
            yield "its outputs are not of the version that was uploaded last"

    def _read_codes(self) -> dict[str, str]:
        """Read the failure codes of this run's dead letters by key; release them all."""
        with read_dlq(self._stage.dlq, self._screen) as reader:
            letters = list(reader.dead_letters())
        return {source.key: letter.code for letter in letters for source in letter.sources if self._is_own(source.key)}

    def _delete_dead_letters(self) -> list[str]:
        with read_dlq(self._stage.dlq, self._screen) as reader:
            own = [letter for letter in reader.dead_letters() if any(self._is_own(s.key) for s in letter.sources)]
            reader.keep(own)
            failed = reader.delete(own).failed if own else {}
        return [f"a dead letter: {code}" for code in failed.values()]

    def _is_own(self, key: str) -> bool:
        return key.startswith(self._prefix)

    def _delete(self, bucket: str) -> Iterator[str]:
        pages = self._stage.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=self._prefix)
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        for chunk in chunks(keys, _MAX_KEYS):
            answer = self._stage.s3.delete_objects(
                Bucket=bucket, Delete={"Objects": [{"Key": key} for key in chunk], "Quiet": True}
            )
            yield from (f"{bucket}/{error['Key']}: {error['Code']}" for error in answer.get("Errors", []))


def _check_picture(name: str, body: bytes, box: tuple[int, int]) -> Iterator[str]:
    try:
        with closing(Image.open(io.BytesIO(body))) as image:
            size = image.size
    except OSError as error:
        yield f"{name} cannot be opened: {error}"
        return
    if size[0] > box[0] or size[1] > box[1]:
        yield f"{name} is {size[0]} x {size[1]}"


@contextmanager
def cleaned_up(run: ProofRun, say: Callable[[str], None]) -> Iterator[None]:
    """Delete everything of a run after the block, whatever happened in it."""
    try:
        yield
    finally:
        left = run.clean_up()
        say("Everything of this run is deleted." if not left else "Not deleted: " + ", ".join(left))
