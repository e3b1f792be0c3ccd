"""`npm run reconcile`: compares the buckets and sends messages about missing or stale photos.

It excludes photos whose message is in the queue, in the DLQ or sent by an earlier run. Each run sends a limited number
of messages, and runs only when it is started by hand.
"""

import time
from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from processing.output_keys import output_names
from processing.wording import count_of
from scripts.aws.bucket_listing import list_bucket
from scripts.aws.dlq_reader import read_dlq
from scripts.aws.photo_state import PhotoStates
from scripts.aws.stage import find_stage
from scripts.cli.command_line import (
    EXIT_CODES,
    EXIT_OK,
    EXIT_SOME_FAILED,
    ExecuteOption,
    JournalOption,
    JsonOption,
    StageOption,
    main,
    make_app,
)
from scripts.cli.errors import OperatorError
from scripts.cli.output import Screen
from scripts.cli.units import parse_duration, parse_rate
from scripts.reconcile.backfill_message import BackfillTarget, KnownPhotos, backfill_message, dead_lettered_versions
from scripts.reconcile.report import DRY_RUN, ReconcileRequest, plan_document, plan_report, sent_document, sent_report
from scripts.reconcile.states import Compared, Expected, StateCounts, compare
from scripts.sending.journal import Journal, journal_path, open_journal
from scripts.sending.sender import OutgoingMessage, RateLimit, Sender

EXAMPLE = "Example: npm run reconcile -- --prefix 2026/ --max 5000 --rate 20/s --stage prod --execute"
MIN_AGE = timedelta(minutes=15)

app = make_app("Compare the input bucket with the output bucket, and send what is missing or stale.")


@app.command(epilog=f"{EXAMPLE}\n\n{EXIT_CODES}")
def command(
    stage: StageOption,
    prefix: Annotated[str, typer.Option("--prefix", metavar="TEXT", help="Only keys that begin so.")] = "",
    most: Annotated[int, typer.Option("--max", min=1, metavar="N", help="Send N messages at most.")] = 1000,
    per_second: Annotated[
        float | None, typer.Option("--rate", parser=parse_rate, metavar="N/s", help="The rate limit; 50/s by default.")
    ] = None,
    min_age: Annotated[
        timedelta | None,
        typer.Option(
            "--min-age", parser=parse_duration, metavar="TIME", help="Ignore younger sources; 15m by default."
        ),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Compare the listings' times: reads no commit marker, compares no setting."),
    ] = False,
    while_busy: Annotated[bool, typer.Option("--while-busy", help="Send although the queue is not empty.")] = False,
    send_again: Annotated[
        bool,
        typer.Option("--send-again", help="Also what an earlier run sent, if the queue is empty and has lost it."),
    ] = False,
    journal: JournalOption = None,
    execute: ExecuteOption = False,
    as_json: JsonOption = False,
) -> int:
    """Compare both buckets: complete, missing, partial, stale, orphaned; say what sending would cost.

    With --execute it sends a message for each photo that is missing or stale, and for no other. This is also the
    backfill for photos that were there before Darkroom.
    """
    deployed = find_stage(stage)
    request = ReconcileRequest(
        stage=deployed,
        settings=deployed.read_settings(),
        waiting=deployed.queue.depth().all,
        prefix=prefix,
        most=most,
        per_second=per_second or 50.0,
        min_age=MIN_AGE if min_age is None else min_age,
        is_quick=quick,
        send_again=send_again,
    )
    if send_again and request.waiting:
        raise OperatorError(
            f"{count_of(request.waiting, 'message')} in the queue: those of an earlier run may be among them. "
            "Give the command again when the queue is empty"
        )
    if execute and request.waiting and not while_busy:
        raise OperatorError(
            f"{count_of(request.waiting, 'message')} in the queue: what looks missing may be waiting there. "
            "Give the command again when the queue is empty, or add --while-busy"
        )
    return reconcile(request, journal or journal_path("reconcile", stage), Screen(as_json=as_json), execute=execute)


def reconcile(request: ReconcileRequest, journal_file: Path, screen: Screen, *, execute: bool) -> int:
    """Compare the buckets of a stage; with `execute`, send messages about missing or stale photos."""
    job, stage = Reconciliation(request), request.stage
    with screen.on_interrupt(lambda: job.interrupted(execute=execute)):
        with read_dlq(stage.dlq, screen) as reader:
            dead = dead_lettered_versions(reader.dead_letters())
        if execute and not reader.saw_all:
            raise OperatorError(f"{reader.shortfall} What looks missing may be among them: nothing was sent")
        with open_journal(journal_file, execute=execute) as journal:
            sender = Sender(stage.queue, journal, RateLimit(request.per_second)) if execute and journal else None
            job.run(job.known_photos(dead, journal, is_dry_run=sender is None), sender, screen)
    if sender is None:
        screen.result([DRY_RUN, *plan_report(job.counts, request)], plan_document(job.counts, request))
        return EXIT_OK
    screen.result(sent_report(job.counts, request), sent_document(job.counts, request))
    return EXIT_SOME_FAILED if job.counts.refused else EXIT_OK


@dataclass
class Reconciliation:
    """A running comparison, which sends messages on the way."""

    request: ReconcileRequest
    counts: StateCounts = field(default_factory=StateCounts)
    phase: str = "reading the DLQ"

    @property
    def target(self) -> BackfillTarget:
        outputs = self.request.stage.outputs
        return BackfillTarget(outputs.input_bucket, outputs.queue_url, self.request.settings.fingerprint)

    def known_photos(
        self, dead_lettered: Mapping[bytes, str], journal: Journal | None, *, is_dry_run: bool
    ) -> KnownPhotos:
        """Know the photos that need no message: dead-lettered, or sent by an earlier run."""
        request, now = self.request, datetime.now(UTC)
        return KnownPhotos(
            prefix=request.prefix,
            target=self.target,
            dead_lettered=dead_lettered,
            journal=journal,
            retained_since=now - timedelta(seconds=request.stage.queue.retention_seconds),
            is_quick=request.is_quick,
            send_again_before=now - request.min_age if request.send_again else None,
            is_dry_run=is_dry_run,
        )

    def run(self, known: KnownPhotos, sender: Sender | None, screen: Screen) -> None:
        """Compare; with a sender, send too and stop at the maximum."""
        self.phase = "comparing and sending" if sender else "comparing"
        pending: list[OutgoingMessage] = []
        with closing(self._compare()) as chunks, screen.progress("comparing", None) as on_progress:
            for chunk in chunks:
                pending += self._count(known.exclude_known(chunk))
                self.counts.is_cut = sender is not None and self.counts.to_send >= self.request.most
                if self.counts.is_cut:
                    break
                if sender is None:
                    pending.clear()
                elif len(pending) >= sender.group_size:  # full batches, several at once
                    self._send(sender, pending)
                sent = f", {self.counts.sent:,} sent" if sender else ""
                note = f"{self.counts.heads:,} commit markers read, {self.counts.to_send:,} to send{sent}"
                on_progress(self.counts.states.total(), note)
            if sender is not None:
                self._send(sender, pending)

    def _send(self, sender: Sender, pending: list[OutgoingMessage]) -> None:
        self.counts.add_sent(sender.send(pending))
        pending.clear()

    def interrupted(self, *, execute: bool) -> str:
        """Say what was done before an interrupt."""
        compared, sent = count_of(self.counts.states.total(), "photo"), count_of(self.counts.sent, "message")
        done = f"{sent} sent; those are in the journal" if execute else "nothing was sent"
        return f"Ended while {self.phase}: {compared} compared, {done}."

    def _compare(self) -> Generator[list[Compared]]:
        request, stage, settings = self.request, self.request.stage, self.request.settings
        photos = PhotoStates(stage.s3, stage.outputs.output_bucket, settings.fingerprint)
        expected = Expected(
            names=output_names(settings.renditions),
            fingerprint=settings.fingerprint,
            judged_before=time.time() - request.min_age.total_seconds(),
        )
        processed = stage.outputs.key_filter
        sources = list_bucket(stage.s3, stage.outputs.input_bucket, request.prefix)
        return compare(
            (source for source in sources if processed.matches(source.key)),
            list_bucket(stage.s3, stage.outputs.output_bucket, request.prefix),
            None if request.is_quick else photos.marker,
            expected,
            self.counts,
        )

    def _count(self, chunk: list[Compared]) -> list[OutgoingMessage]:
        """Count a chunk; return the messages to send about it."""
        messages = []
        for compared in chunk:
            pair, state = compared.pair, compared.state
            self.counts.add(compared)
            if state.is_sent and pair.source and self.counts.to_send > self.request.most:
                self.counts.left[state] += 1
            elif state.is_sent and pair.source:
                messages.append(backfill_message(pair.source, self.target))
        return messages


if __name__ == "__main__":
    main(app, "npm run reconcile --")
