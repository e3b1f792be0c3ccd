"""The function with buckets, queues, topics and event source mapping in memory; accounts for every photo."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from handlers.admission import DurationEstimate
from handlers.services import Services
from handlers.settings import Settings
from processing.commit_marker import Commit, Marker, is_earlier
from processing.dead_letter_attributes import FAILURE_CODE
from processing.outcomes import SourceObject
from processing.output_keys import output_keys
from processing.s3_events import parse_message
from tests.support.events import lambda_context, s3_body, sqs_record
from tests.support.fake_s3 import FakeS3, Hook, nothing_happens
from tests.support.fake_sqs import FakeSqs, Held
from tests.support.fake_workers import CopyingWorkers, copied
from tests.support.function_settings import ENVIRONMENT, FUNCTION_SETTINGS

BATCH_SIZE = 10


@dataclass
class FakeSns:
    """A topic that keeps what was published."""

    before: Hook = nothing_happens
    published: list[dict[str, Any]] = field(default_factory=list)

    def publish(self, **message: Any) -> None:
        self.before("Publish", "")
        self.published.append(message)


class FakeCloud:
    """The function and the AWS services around it.

    Args:
        make_workers: makes the function's workers; by default outputs are copies of the source.
    """

    def __init__(self, make_workers: Callable[[Settings], Any] = lambda _: CopyingWorkers()) -> None:
        self.settings = FUNCTION_SETTINGS
        self.s3 = FakeS3()
        self.sqs = FakeSqs(
            self.settings.queue_url,
            self.settings.dead_letter_queue_url,
            max_receive_count=self.settings.max_receive_count,
        )
        self.sns = FakeSns()
        self.uploaded: list[SourceObject] = []
        self.bodies: dict[SourceObject, bytes] = {}
        clients = {"s3": self.s3, "sqs": self.sqs, "sns": self.sns}
        self.services = Services.build(ENVIRONMENT, lambda service, _: clients[service], make_workers)

    @property
    def estimate(self) -> DurationEstimate:
        """Return the function's estimate of a photo's duration."""
        return self.services.workers.estimate

    def upload(self, key: str, body: bytes) -> None:
        """Store a photo and send its event, as S3 does; injected faults do not apply."""
        with self._without_faults():
            self.s3.put_object(Bucket="photos", Key=key, Body=body)
            etag = self.s3.head_object(Bucket="photos", Key=key)["ETag"].strip('"')
            sequencer = f"{len(self.uploaded) + 1:016X}"
            event = s3_body(key, size=len(body), etag=etag, sequencer=sequencer)
            self.sqs.send_message(QueueUrl=self.settings.queue_url, MessageBody=event)
        (source,) = parse_message(event)
        self.uploaded.append(source)
        self.bodies[source] = body

    @contextmanager
    def _without_faults(self) -> Iterator[None]:
        fakes: tuple[FakeS3 | FakeSqs, ...] = (self.s3, self.sqs)
        hooks = [(fake.before, fake.after) for fake in fakes]
        for fake in fakes:
            fake.before, fake.after = nothing_happens, nothing_happens
        yield
        for fake, (before, after) in zip(fakes, hooks, strict=True):
            fake.before, fake.after = before, after

    def invoke(self, *, seconds_left: float = 60, is_heard: Callable[[], bool] = lambda: True) -> list[str]:
        """Receive a batch, invoke the function and delete the messages that are done, as the event source mapping does.

        Args:
            seconds_left: the function's time.
            is_heard: returns False when the response is lost; then every message returns.

        Returns:
            The message ids of the batch item failures.
        """
        batch = self.sqs.receive(BATCH_SIZE)
        records = [_record(message, self.sqs.now) for message in batch]
        if not records:
            return []
        response = self.services.handle({"Records": records}, lambda_context(seconds_left))
        failed = [item["itemIdentifier"] for item in response["batchItemFailures"]]
        if is_heard():
            self.sqs.acknowledge([m.message_id for m in batch if m.message_id not in failed])
        return failed

    def work_until_the_queue_is_empty(self, **options: Any) -> int:
        """Invoke the function and advance the clock; return the number of batches."""
        batches = 0
        while self.sqs.waiting:
            self.sqs.let_time_pass()
            self.invoke(**options)
            batches += 1
            assert batches < 100 * (1 + len(self.uploaded)), "the queue never becomes empty"
        return batches

    def account(self) -> "Account":
        """Return where each upload is."""
        account = Account()
        letters = [(source, letter) for letter in self.sqs.dead_letters for source in parse_message(letter.body)]
        reasons: dict[SourceObject, str] = {}
        for source, letter in letters:
            # A dead letter whose acknowledgement was lost is in the DLQ twice: with its reason, and moved by SQS.
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
        """Return True when a complete set of outputs exists, of this version or of a later one."""
        outputs = [self.s3.objects.get((self.settings.output_bucket, key)) for key in self._outputs(source)]
        sequencers = [stored.metadata["source-sequencer"] for stored in outputs if stored]
        return len(sequencers) == len(outputs) and not any(is_earlier(s, source.sequencer) for s in sequencers)

    def assert_every_output_is_right(self) -> None:
        """Check that each output was made from the version in its metadata, with or without that version's mark."""
        versions = {(source.key, source.sequencer): source for source in self.uploaded}
        for key in self.s3.keys(self.settings.output_bucket):
            stored = self.s3.objects[(self.settings.output_bucket, key)]
            source = versions[key.rpartition("/")[0], stored.metadata["source-sequencer"]]
            marker = Marker.of(source, self.settings.render.fingerprint)
            marks = [Commit(marker, replaces).mark for replaces in (False, True)]
            assert stored.body in [copied(key, self.bodies[source], mark) for mark in marks]

    def _outputs(self, source: SourceObject) -> tuple[str, ...]:
        return output_keys(source.key, self.settings.render.renditions)


@dataclass
class Account:
    """The state of each upload."""

    processed: list[SourceObject] = field(default_factory=list)
    superseded: list[SourceObject] = field(default_factory=list)
    waiting: list[SourceObject] = field(default_factory=list)
    dead: dict[SourceObject, str] = field(default_factory=dict)
    lost: list[SourceObject] = field(default_factory=list)

    @property
    def reasons(self) -> Counter[str]:
        """Count the uploads in the DLQ by failure code, which is empty when SQS itself moved the message."""
        return Counter(self.dead.values())


def shuffled_and_doubled(messages: list[Held], seed: int) -> list[Held]:
    """Return every message twice, in random order: at-least-once delivery."""
    doubled = messages + [Held(message.body) for message in messages]
    random.Random(seed).shuffle(doubled)
    return doubled


def _record(message: Held, now: float) -> dict[str, Any]:
    record = sqs_record(message.body, receive_count=message.receive_count, message_id=message.message_id)
    seconds_ago = now - (message.first_received or 0)
    record["attributes"]["ApproximateFirstReceiveTimestamp"] = str(int((time.time() - seconds_ago) * 1000))
    return record | {"receiptHandle": message.receipt_handle}
