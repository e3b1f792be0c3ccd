"""Buckets, queues and the event source mapping around the function, in memory; and who accounts for every photo."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from unittest.mock import patch

from handlers.admission import Pace
from handlers.byte_budget import Budget
from handlers.object_store import Storage
from handlers.process_source import Delivery
from handlers.reporting import Announcer
from handlers.services import House
from handlers.settings import Settings
from handlers.source_queue import Queue
from handlers.worker_pool import WorkerPool
from processing.commit_marker import Marker, is_earlier
from processing.dead_letter import FAILURE_CODE
from processing.outcomes import SourceObject
from processing.output_keys import output_keys
from processing.s3_events import parse_message
from tests.support.events import lambda_context, s3_body, sqs_record
from tests.support.fake_s3 import FakeS3, Hook, nothing_happens
from tests.support.fake_sqs import FakeSqs, Held
from tests.support.fake_workers import CopyingWorkers, copied

BATCH_SIZE = 10


@dataclass
class FakeSns:
    """A topic that remembers what was published."""

    before: Hook = nothing_happens
    published: list[dict[str, Any]] = field(default_factory=list)

    def publish(self, **message: Any) -> None:
        self.before("Publish", "")
        self.published.append(message)


class FakeCloud:
    """The function with all that is around it.

    Args:
        environment: the function's settings.
        workers: who renders; by default copies of the source take the place of its outputs.
        pace: how long photos take; the workers' own.
    """

    def __init__(self, environment: Mapping[str, str], workers: Any = None, pace: Pace | None = None) -> None:
        self.settings = Settings.from_environment(environment)
        self.s3 = FakeS3()
        self.sqs = FakeSqs(
            self.settings.queue_url,
            self.settings.dead_letter_queue_url,
            max_receive_count=self.settings.max_receive_count,
        )
        self.sns = FakeSns()
        self.uploaded: list[SourceObject] = []
        self.bodies: dict[SourceObject, bytes] = {}
        self.house = self._build(workers or CopyingWorkers(), pace or Pace())

    def _build(self, workers: Any, pace: Pace) -> House:
        return House(
            settings=self.settings,
            workers=cast(WorkerPool, workers),
            delivery=Delivery(
                storage=Storage(cast(Any, self.s3), self.settings.output_bucket),
                workers=cast(WorkerPool, workers),
                disk=Budget(10**9, "disk space"),
                uploads=ThreadPoolExecutor(4),
                settings=self.settings.render,
            ),
            queue=Queue(
                connect=lambda: cast(Any, self.sqs),
                queue_url=self.settings.queue_url,
                dead_letter_queue_url=self.settings.dead_letter_queue_url,
                retry_base_seconds=self.settings.retry_base_seconds,
                retry_max_seconds=self.settings.retry_max_seconds,
            ),
            announcer=Announcer(
                sns=cast(Any, self.sns), topic_arn=self.settings.digest_topic_arn, stage=self.settings.stage
            ),
            pace=pace,
        )

    def upload(self, key: str, body: bytes) -> None:
        """Stores a photo and sends its event, as S3 does: whatever the weather."""
        with self._good_weather():
            self.s3.put_object(Bucket="photos", Key=key, Body=body)
            etag = self.s3.head_object(Bucket="photos", Key=key)["ETag"].strip('"')
            sequencer = f"{len(self.uploaded) + 1:016X}"
            event = s3_body(key, size=len(body), etag=etag, sequencer=sequencer)
            self.sqs.send_message(QueueUrl=self.settings.queue_url, MessageBody=event)
        (source,) = parse_message(event)
        self.uploaded.append(source)
        self.bodies[source] = body

    @contextmanager
    def _good_weather(self) -> Iterator[None]:
        fakes: tuple[FakeS3 | FakeSqs, ...] = (self.s3, self.sqs)
        hooks = [(fake.before, fake.after) for fake in fakes]
        for fake in fakes:
            fake.before, fake.after = nothing_happens, nothing_happens
        yield
        for fake, (before, after) in zip(fakes, hooks, strict=True):
            fake.before, fake.after = before, after

    def invoke(self, *, seconds_left: float = 60, is_heard: Callable[[], bool] = lambda: True) -> list[str]:
        """One turn of the event source mapping: a batch to the function, and what is done is deleted.

        Args:
            seconds_left: the function's time.
            is_heard: whether its answer arrives; if not, every message comes back.

        Returns:
            The ids that the function reported as failed.
        """
        from handlers import process_images

        batch = self.sqs.receive(BATCH_SIZE)
        records = [_record(message, self.sqs.now) for message in batch]
        if not records:
            return []
        with patch.object(process_images, "house", self.house):
            response = process_images.lambda_handler({"Records": records}, lambda_context(seconds_left))
        failed = [str(item["itemIdentifier"]) for item in response["batchItemFailures"]]
        if is_heard():
            self.sqs.acknowledge([m.message_id for m in batch if m.message_id not in failed])
        return failed

    def work_until_the_queue_is_empty(self, **options: Any) -> int:
        """Turns the event source mapping and the clock; answers how many batches it took."""
        batches = 0
        while self.sqs.waiting:
            self.sqs.let_time_pass()
            self.invoke(**options)
            batches += 1
            assert batches < 100 * (1 + len(self.uploaded)), "the queue never becomes empty"
        return batches

    def account(self) -> "Account":
        """Where each upload is: exactly what the function promises that it can tell."""
        account = Account()
        letters = [(source, letter) for letter in self.sqs.dead_letters for source in parse_message(letter.body)]
        reasons: dict[SourceObject, str] = {}
        for source, letter in letters:
            # A letter whose acknowledgement was lost is in the dead-letter queue twice: with its reason, and by SQS.
            reasons[source] = letter.attributes.get(FAILURE_CODE, "") or reasons.get(source, "")
        waiting = {source for message in self.sqs.waiting for source in parse_message(message.body)}
        newest = {source.key: source for source in self.uploaded}
        for source in self.uploaded:
            if self._is_processed(source):
                account.processed.append(source)
            elif source != newest[source.key]:
                account.superseded.append(source)
            elif source in waiting:
                account.waiting.append(source)
            elif source in reasons:
                account.dead[source] = reasons[source]
            else:
                account.lost.append(source)
        return account

    def _is_processed(self, source: SourceObject) -> bool:
        """Whether a complete set of outputs is there, of this version or of a later one."""
        outputs = [self.s3.objects.get((self.settings.output_bucket, key)) for key in self._outputs(source)]
        sequencers = [stored.metadata["source-sequencer"] for stored in outputs if stored]
        return len(sequencers) == len(outputs) and not any(is_earlier(s, source.sequencer) for s in sequencers)

    def assert_every_output_is_right(self) -> None:
        """Each output was made from the very version that its metadata name, and belongs to an upload."""
        versions = {(source.key, source.sequencer): source for source in self.uploaded}
        for key in self.s3.keys(self.settings.output_bucket):
            stored = self.s3.objects[(self.settings.output_bucket, key)]
            source = versions[key.rpartition("/")[0], stored.metadata["source-sequencer"]]
            mark = Marker.of(source, self.settings.render.fingerprint).mark
            # What replaced other outputs carries a mark; what was the first needs none.
            assert stored.body in {copied(key, self.bodies[source], carried) for carried in ("", mark)}

    def _outputs(self, source: SourceObject) -> tuple[str, ...]:
        return output_keys(source.key, self.settings.render.renditions)


@dataclass
class Account:
    """Where the uploads are."""

    processed: list[SourceObject] = field(default_factory=list)
    superseded: list[SourceObject] = field(default_factory=list)
    waiting: list[SourceObject] = field(default_factory=list)
    dead: dict[SourceObject, str] = field(default_factory=dict)
    lost: list[SourceObject] = field(default_factory=list)

    @property
    def reasons(self) -> Counter[str]:
        """How many uploads lie in the dead-letter queue, by failure code; empty for one that SQS itself moved there."""
        return Counter(self.dead.values())


def shuffled_and_doubled(messages: list[Held], seed: int) -> list[Held]:
    """Every message twice, in any order: at-least-once delivery at its worst."""
    doubled = messages + [Held(message.body) for message in messages]
    random.Random(seed).shuffle(doubled)
    return doubled


def _record(message: Held, now: float) -> dict[str, Any]:
    record = sqs_record(message.body, receive_count=message.receive_count, message_id=message.message_id)
    seconds_ago = now - (message.first_received or 0)
    record["attributes"]["ApproximateFirstReceiveTimestamp"] = str(int((time.time() - seconds_ago) * 1000))
    return record | {"receiptHandle": message.receipt_handle}
