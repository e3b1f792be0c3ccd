"""The command `reconcile`: compare the buckets, and send messages about what is missing or stale.

It sends no photo's message twice: what is still in the queue, what lies in the DLQ and what an earlier run has sent is
left out. And it runs nothing by itself: each run sends so many at most, and only when a person starts it.
"""

import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from processing.wording import count_of
from scripts.aws.deployed_settings import DeployedSettings, read_deployed_settings
from scripts.aws.dlq_reader import NOTICE, read_letters
from scripts.aws.dlq_timing import Timing
from scripts.aws.photo_state import Photos
from scripts.aws.sqs_queue import Queue
from scripts.aws.stage import Target
from scripts.cli.command_line import EXIT_OK, EXIT_SOME_FAILED
from scripts.cli.errors import OperatorError
from scripts.cli.output import Screen
from scripts.reconcile.comparison import Judged, compare
from scripts.reconcile.counts import SOURCES, Tally
from scripts.reconcile.event import Errand, make_shipment
from scripts.reconcile.known_keys import Sieve, dead_versions
from scripts.reconcile.listing import list_bucket
from scripts.reconcile.report import DRY_RUN, Frame, SentCounts, plan_document, plan_report, sent_report
from scripts.reconcile.states import Expected
from scripts.sending.journal import journal_for
from scripts.sending.rate_limit import Pace
from scripts.sending.sender import Sender, Shipment


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a person asked for.

    Attributes:
        prefix: of the keys; empty for all.
        most: how many messages at most.
        per_second: how fast.
        min_age: what was stored later is not judged: it may still be in work.
        is_quick: judge by the listings alone.
        while_busy: send although the queue is not empty.
        journal: the journal's file.
    """

    prefix: str
    most: int
    per_second: float
    min_age: timedelta
    is_quick: bool
    while_busy: bool
    journal: Path


@dataclass
class Reconciliation:
    """A comparison as it goes, and what is sent on the way.

    Attributes:
        target: the stage.
        request: what was asked for.
        settings: the deployed function's.
        tally: the counts.
        sent: what was sent.
        is_cut: whether the maximum ended it.
    """

    target: Target
    request: Request
    settings: DeployedSettings
    tally: Tally = field(default_factory=Tally)
    sent: SentCounts = field(default_factory=SentCounts)
    is_cut: bool = False

    @property
    def errand(self) -> Errand:
        """What is sent, and where to."""
        outputs = self.target.outputs
        return Errand(outputs.input_bucket, outputs.queue_url, self.settings.fingerprint)

    def run(self, sieve: Sieve, sender: Sender | None, screen: Screen) -> None:
        """Compares; with a sender, sends too, and stops at the maximum."""
        with closing(self._compare()) as handfuls, screen.progress("comparing", None) as on_progress:
            for handful in handfuls:
                shipments = self._count(sieve.sift(handful))
                if sender is not None:
                    self._send(shipments, sender)
                if self.is_cut:
                    return
                sent = f", {self.sent.sent:,} sent" if sender else ""
                on_progress(self.tally.listed[SOURCES], f"{self.tally.to_send:,} to send{sent}")

    def frame(self, waiting: int) -> Frame:
        """What the report needs to know beside the counts."""
        return Frame(
            input_bucket=self.target.outputs.input_bucket,
            output_bucket=self.target.outputs.output_bucket,
            queue=Queue(self.target.sqs, self.target.outputs.queue_url).name,
            waiting=waiting,
            prefix=self.request.prefix,
            is_quick=self.request.is_quick,
            most=self.request.most,
            per_second=self.request.per_second,
            renditions=len(self.settings.renditions),
            memory_mb=self.settings.memory_mb,
        )

    def _compare(self) -> Generator[list[Judged]]:
        s3, outputs, fingerprint = self.target.s3, self.target.outputs, self.settings.fingerprint
        expected = Expected.of(
            [rendition.file_name for rendition in self.settings.renditions],
            fingerprint=fingerprint,
            judged_before=time.time() - self.request.min_age.total_seconds(),
        )
        return compare(
            list_bucket(s3, outputs.input_bucket, self.request.prefix),
            list_bucket(s3, outputs.output_bucket, self.request.prefix),
            None if self.request.is_quick else Photos(s3, outputs.output_bucket, fingerprint).marker,
            expected,
            self.tally,
        )

    def _count(self, handful: list[Judged]) -> list[Shipment]:
        """Counts a handful; answers the messages to send about it."""
        shipments = []
        for pair, state, sent_on in handful:
            self.tally.add(state, pair.key, pair.source.size_bytes if pair.source else 0, sent_on)
            if state.is_sent and pair.source and self.tally.to_send > self.request.most:
                self.tally.left[state] += 1
            elif state.is_sent and pair.source:
                shipments.append(make_shipment(pair.source, self.errand))
        return shipments

    def _send(self, shipments: list[Shipment], sender: Sender) -> None:
        self.sent.add(sender.send(shipments))
        self.is_cut = self.tally.to_send >= self.request.most


def reconcile(target: Target, request: Request, screen: Screen, *, execute: bool) -> int:
    """Compares the buckets of a stage; sends what is missing or stale with `execute`."""
    job = Reconciliation(target, request, read_deployed_settings(target))
    queue = Queue(target.sqs, target.outputs.queue_url)
    waiting = queue.depth().all
    if execute and waiting and not request.while_busy:
        raise OperatorError(
            f"{count_of(waiting, 'message')} in the queue: what looks missing may be waiting there. "
            "Give the command again when the queue is empty, or add --while-busy"
        )
    screen.note(NOTICE)
    with read_letters(Queue(target.sqs, target.outputs.dead_letter_queue_url), Timing()) as reader:
        dead = dead_versions(reader.letters())
    with journal_for(request.journal, execute=execute) as journal:
        kept_since = datetime.now(UTC) - timedelta(seconds=queue.retention_seconds)
        sieve = Sieve(request.prefix, job.errand, dead, journal, kept_since, request.is_quick)
        if not (execute and journal):
            job.run(sieve, None, screen)
            frame = job.frame(waiting)
            screen.result([DRY_RUN, *plan_report(job.tally, frame)], plan_document(job.tally, frame))
            return EXIT_OK
        return _execute(job, sieve, Sender(queue, journal, Pace(request.per_second)), waiting, screen)


def _execute(job: Reconciliation, sieve: Sieve, sender: Sender, waiting: int, screen: Screen) -> int:
    try:
        job.run(sieve, sender, screen)
    except KeyboardInterrupt:
        screen.note(f"Interrupted; {count_of(job.sent.sent, 'message')} sent. To go on, give the command again.")
        raise
    frame = job.frame(waiting)
    document = {
        **plan_document(job.tally, frame),
        "executed": True,
        "sent": job.sent.sent,
        "maybe_sent_twice": job.sent.maybe_twice,
        "refused": dict(job.sent.refused),
        "stopped_at_max": job.is_cut,
    }
    screen.result(sent_report(job.tally, frame, job.sent, is_cut=job.is_cut), document)
    return EXIT_SOME_FAILED if job.sent.refused else EXIT_OK
