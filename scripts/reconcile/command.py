"""The command `reconcile`: compares the buckets and sends messages about missing or stale photos.

It excludes photos whose message is in the queue, in the DLQ or sent by an earlier run. Each run sends a limited number
of messages, and runs only when it is started by hand.
"""

import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from processing.wording import count_of
from scripts.aws.deployed_settings import read_deployed_settings
from scripts.aws.dlq_reader import read_dlq
from scripts.aws.photo_state import PhotoStates
from scripts.aws.stage import Stage
from scripts.cli.command_line import EXIT_OK, EXIT_SOME_FAILED
from scripts.cli.errors import OperatorError
from scripts.cli.output import Screen
from scripts.reconcile.backfill_message import BackfillTarget, backfill_message
from scripts.reconcile.comparison import Compared, compare
from scripts.reconcile.counts import SOURCES, StateCounts
from scripts.reconcile.known_keys import KnownKeys, dead_versions
from scripts.reconcile.listing import list_bucket
from scripts.reconcile.report import (
    DRY_RUN,
    ReconcileRequest,
    ReportContext,
    plan_document,
    plan_report,
    sent_document,
    sent_report,
)
from scripts.reconcile.states import Expected
from scripts.sending.journal import open_journal
from scripts.sending.sender import OutgoingMessage, RateLimit, Sender


@dataclass
class Reconciliation:
    """A running comparison, which sends messages on the way.

    Attributes:
        is_cut: whether the maximum ended it.
    """

    context: ReportContext
    counts: StateCounts = field(default_factory=StateCounts)
    is_cut: bool = False

    @property
    def target(self) -> BackfillTarget:
        outputs = self.context.stage.outputs
        return BackfillTarget(outputs.input_bucket, outputs.queue_url, self.context.settings.fingerprint)

    def run(self, known: KnownKeys, sender: Sender | None, screen: Screen) -> None:
        """Compare; with a sender, send too and stop at the maximum."""
        with closing(self._compare()) as chunks, screen.progress("comparing", None) as on_progress:
            for chunk in chunks:
                messages = self._count(known.exclude_known(chunk))
                if sender is not None:
                    self.counts.add_sent(sender.send(messages))
                    self.is_cut = self.counts.to_send >= self.context.request.most
                if self.is_cut:
                    return
                sent = f", {self.counts.sent:,} sent" if sender else ""
                on_progress(self.counts.listed[SOURCES], f"{self.counts.to_send:,} to send{sent}")

    def _compare(self) -> Generator[list[Compared]]:
        stage, request, settings = self.context.stage, self.context.request, self.context.settings
        photos = PhotoStates(stage.s3, stage.outputs.output_bucket, settings.fingerprint)
        expected = Expected.of(
            [rendition.file_name for rendition in settings.renditions],
            fingerprint=settings.fingerprint,
            judged_before=time.time() - request.min_age.total_seconds(),
        )
        return compare(
            list_bucket(stage.s3, stage.outputs.input_bucket, request.prefix),
            list_bucket(stage.s3, stage.outputs.output_bucket, request.prefix),
            None if request.is_quick else photos.marker,
            expected,
            self.counts,
        )

    def _count(self, chunk: list[Compared]) -> list[OutgoingMessage]:
        """Count a chunk; return the messages to send about it."""
        messages = []
        for pair, state, sent_on in chunk:
            self.counts.add(state, pair.key, pair.source.size_bytes if pair.source else 0, sent_on)
            if state.is_sent and pair.source and self.counts.to_send > self.context.request.most:
                self.counts.left[state] += 1
            elif state.is_sent and pair.source:
                messages.append(backfill_message(pair.source, self.target))
        return messages


def reconcile(stage: Stage, request: ReconcileRequest, screen: Screen, *, execute: bool) -> int:
    """Compare the buckets of a stage; with `execute`, send messages about missing or stale photos."""
    context = ReportContext(request, stage, read_deployed_settings(stage), stage.queue.depth().all)
    job = Reconciliation(context)
    if execute and context.waiting and not request.while_busy:
        raise OperatorError(
            f"{count_of(context.waiting, 'message')} in the queue: what looks missing may be waiting there. "
            "Give the command again when the queue is empty, or add --while-busy"
        )
    with read_dlq(stage.dlq, screen) as reader:
        dead = dead_versions(reader.dead_letters())
    with open_journal(request.journal, execute=execute) as journal:
        kept_since = datetime.now(UTC) - timedelta(seconds=stage.queue.retention_seconds)
        known = KnownKeys(request.prefix, job.target, dead, journal, kept_since, request.is_quick)
        if not (execute and journal):
            job.run(known, None, screen)
            screen.result([DRY_RUN, *plan_report(job.counts, context)], plan_document(job.counts, context))
            return EXIT_OK
        try:
            job.run(known, Sender(stage.queue, journal, RateLimit(request.per_second)), screen)
        except KeyboardInterrupt:
            screen.note(f"Interrupted; {count_of(job.counts.sent, 'message')} sent. To go on, give the command again.")
            raise
    report = sent_report(job.counts, context, is_cut=job.is_cut)
    screen.result(report, sent_document(job.counts, context, is_cut=job.is_cut))
    return EXIT_SOME_FAILED if job.counts.refused else EXIT_OK
