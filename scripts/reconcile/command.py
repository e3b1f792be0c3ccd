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
from scripts.aws.dlq_reader import NOTICE, read_dlq
from scripts.aws.photo_state import PhotoStates
from scripts.aws.stage import Stage
from scripts.cli.command_line import EXIT_OK, EXIT_SOME_FAILED
from scripts.cli.errors import OperatorError
from scripts.cli.output import Screen
from scripts.reconcile.comparison import Judged, compare
from scripts.reconcile.counts import SOURCES, StateCounts
from scripts.reconcile.event import BackfillTarget, backfill_message
from scripts.reconcile.known_keys import KnownKeys, dead_versions
from scripts.reconcile.listing import list_bucket
from scripts.reconcile.report import DRY_RUN, ReportContext, SentCounts, plan_document, plan_report, sent_report
from scripts.reconcile.states import Expected
from scripts.sending.journal import open_journal
from scripts.sending.rate_limit import RateLimit
from scripts.sending.sender import OutgoingMessage, Sender


@dataclass(frozen=True, kw_only=True)
class ReconcileRequest:
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

    target: Stage
    request: ReconcileRequest
    settings: DeployedSettings
    tally: StateCounts = field(default_factory=StateCounts)
    sent: SentCounts = field(default_factory=SentCounts)
    is_cut: bool = False

    @property
    def errand(self) -> BackfillTarget:
        """What is sent, and where to."""
        outputs = self.target.outputs
        return BackfillTarget(outputs.input_bucket, outputs.queue_url, self.settings.fingerprint)

    def run(self, sieve: KnownKeys, sender: Sender | None, screen: Screen) -> None:
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

    def frame(self, waiting: int) -> ReportContext:
        """What the report needs to know beside the counts."""
        return ReportContext(
            input_bucket=self.target.outputs.input_bucket,
            output_bucket=self.target.outputs.output_bucket,
            queue=self.target.queue.name,
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
            None if self.request.is_quick else PhotoStates(s3, outputs.output_bucket, fingerprint).marker,
            expected,
            self.tally,
        )

    def _count(self, handful: list[Judged]) -> list[OutgoingMessage]:
        """Counts a handful; answers the messages to send about it."""
        shipments = []
        for pair, state, sent_on in handful:
            self.tally.add(state, pair.key, pair.source.size_bytes if pair.source else 0, sent_on)
            if state.is_sent and pair.source and self.tally.to_send > self.request.most:
                self.tally.left[state] += 1
            elif state.is_sent and pair.source:
                shipments.append(backfill_message(pair.source, self.errand))
        return shipments

    def _send(self, shipments: list[OutgoingMessage], sender: Sender) -> None:
        self.sent.add(sender.send(shipments))
        self.is_cut = self.tally.to_send >= self.request.most


def reconcile(target: Stage, request: ReconcileRequest, screen: Screen, *, execute: bool) -> int:
    """Compares the buckets of a stage; sends what is missing or stale with `execute`."""
    job = Reconciliation(target, request, read_deployed_settings(target))
    queue = target.queue
    waiting = queue.depth().all
    if execute and waiting and not request.while_busy:
        raise OperatorError(
            f"{count_of(waiting, 'message')} in the queue: what looks missing may be waiting there. "
            "Give the command again when the queue is empty, or add --while-busy"
        )
    screen.note(NOTICE)
    with read_dlq(target.dlq) as reader:
        dead = dead_versions(reader.dead_letters())
    with open_journal(request.journal, execute=execute) as journal:
        kept_since = datetime.now(UTC) - timedelta(seconds=queue.retention_seconds)
        sieve = KnownKeys(request.prefix, job.errand, dead, journal, kept_since, request.is_quick)
        if not (execute and journal):
            job.run(sieve, None, screen)
            frame = job.frame(waiting)
            screen.result([DRY_RUN, *plan_report(job.tally, frame)], plan_document(job.tally, frame))
            return EXIT_OK
        return _execute(job, sieve, Sender(queue, journal, RateLimit(request.per_second)), waiting, screen)


def _execute(job: Reconciliation, sieve: KnownKeys, sender: Sender, waiting: int, screen: Screen) -> int:
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
