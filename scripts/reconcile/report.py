"""What a comparison found, what sending it would cost, and what was sent: for people and for machines."""

import shlex
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from processing.output_keys import document_key
from processing.wording import count_of, human_bytes
from scripts.aws.prices import dollars, looking_cost, processing_cost
from scripts.cli.output import Report, Table, key_text
from scripts.cli.units import human_duration
from scripts.reconcile.counts import OUTPUTS, SOURCES, StateCounts
from scripts.reconcile.states import State
from scripts.sending.sender import SendResult

DRY_RUN = "Dry run: nothing was sent. Add --execute to act."


@dataclass
class SentCounts:
    """What was sent, in numbers only: a backfill may send a million.

    Attributes:
        sent: messages that SQS took.
        maybe_twice: those of them that an earlier run may have sent too.
        refused: messages that SQS did not take, by its error code.
    """

    sent: int = 0
    maybe_twice: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def add(self, sent: SendResult) -> None:
        self.sent += len(sent.new_ids)
        self.maybe_twice += len(sent.maybe_twice)
        self.refused.update(sent.refused.values())


@dataclass(frozen=True, kw_only=True)
class ReportContext:
    """What a comparison was about.

    Attributes:
        input_bucket: the sources.
        output_bucket: the outputs.
        queue: where messages would go.
        waiting: how many messages the queue holds already.
        prefix: of the keys; empty for all.
        is_quick: whether commit markers were not read.
        most: how many are sent at most.
        per_second: how fast.
        renditions: how many a photo has.
        memory_mb: the function's.
    """

    input_bucket: str
    output_bucket: str
    queue: str
    waiting: int
    prefix: str
    is_quick: bool
    most: int
    per_second: float
    renditions: int
    memory_mb: int


def plan_report(tally: StateCounts, frame: ReportContext) -> Report:
    """The comparison for people."""
    report: list[str | Table] = [*_compared(tally, frame), "", _states_table(tally), ""]
    to_send = min(tally.to_send, frame.most)
    if not tally.to_send:
        return [*report, "Nothing to send.", *_looking(tally), *_notes(tally, frame)]
    of_all = f"{to_send:,} of " if to_send < tally.to_send else ""
    took = human_duration(timedelta(seconds=to_send / frame.per_second))
    messages = of_all + count_of(tally.to_send, "message")
    report.append(f"To send: {messages} to {frame.queue}, {frame.per_second:g} a second at most: about {took}.")
    if to_send < tally.to_send:
        report.append(f"The rest stays for another run: --max is {frame.most:,}.")
    cost = processing_cost(to_send, frame.renditions, frame.memory_mb)
    report.append(
        f"Processing them costs {dollars(cost.total)}: requests {dollars(cost.requests)}, "
        f"compute {dollars(cost.compute)}."
    )
    return [*report, *_looking(tally), *_notes(tally, frame)]


def plan_document(tally: StateCounts, frame: ReportContext) -> dict[str, Any]:
    """The comparison for machines."""
    cost = processing_cost(min(tally.to_send, frame.most), frame.renditions, frame.memory_mb)
    return {
        "executed": False,
        **tally.to_document(),
        "input_bucket": frame.input_bucket,
        "output_bucket": frame.output_bucket,
        "prefix": frame.prefix,
        "max": frame.most,
        "in_queue": frame.waiting,
        "cost_dollars": {
            "requests": cost.requests,
            "compute": cost.compute,
            "looking": looking_cost(tally.listed.total(), tally.heads),
        },
    }


def sent_report(tally: StateCounts, frame: ReportContext, sent: SentCounts, *, is_cut: bool) -> Report:
    """The result for people."""
    lines = [f"Sent {count_of(sent.sent, 'message')} to {frame.queue}."]
    if sent.maybe_twice:
        lines.append(f"{sent.maybe_twice:,} may have been sent twice: an earlier run was cut off. That is harmless.")
    for code, count in sorted(sent.refused.items()):
        lines.append(f"{count:,} refused by SQS ({code}): give the command again to try them again.")
    if is_cut:
        seen = f": {tally.left.total():,} more are left, and" if tally.left else ";"
        lines.append(f"Stopped at --max {frame.most:,}{seen} what comes after was not looked at.")
        lines.append("Once the queue is empty, give the command again to go on.")
    return [*_compared(tally, frame), "", _states_table(tally), "", *lines, *_notes(tally, frame)]


def _compared(tally: StateCounts, frame: ReportContext) -> list[str]:
    keys = f" (prefix {key_text(frame.prefix)})" if frame.prefix else ""
    outputs = count_of(tally.listed[OUTPUTS], "object")
    lines = [
        f"Compared {count_of(tally.listed[SOURCES], 'source object')} in {frame.input_bucket} "
        f"with {outputs} in {frame.output_bucket}{keys}."
    ]
    if frame.is_quick:
        lines.append("Quick: judged by the times in the listings; commit markers and settings were not compared.")
    return lines


def _states_table(tally: StateCounts) -> Table:
    shown = [state for state in State if tally.states[state] or state in (State.COMPLETE, State.MISSING)]
    return Table(("state", "photos", "what is done", "examples"), [row for s in shown for row in _rows(s, tally)])


def _rows(state: State, tally: StateCounts) -> list[tuple[str | int, ...]]:
    title, left = _title(state, tally), tally.left[state]
    examples = ", ".join(map(key_text, tally.examples.get(state, [])))
    rows: list[tuple[str | int, ...]] = [(title, tally.states[state] - left, state.deed, examples)]
    return [*rows, (title, left, "left for another run", "")] if left else rows


def _title(state: State, tally: StateCounts) -> str:
    if state is not State.SENT_EARLIER:
        return state.title
    first, last = tally.sent_on
    days = first if first == last else f"{first} to {last}"
    return f"sent {days}, not there yet"


def _looking(tally: StateCounts) -> list[str]:
    cost = looking_cost(tally.listed.total(), tally.heads)
    return [f"This comparison cost {dollars(cost)}: {count_of(tally.heads, 'commit marker')} read."]


def _notes(tally: StateCounts, frame: ReportContext) -> list[str]:
    notes = []
    if tally.source_bytes:
        size = human_bytes(tally.source_bytes)
        notes.append(f"All that is to send has {size} of sources; storage classes with a retrieval fee cost more.")
    if frame.waiting:
        notes.append(f"{count_of(frame.waiting, 'message')} in the queue: what looks missing may be waiting there.")
    if tally.states[State.SENT_EARLIER]:
        notes.append("Sent and never there? Name another --journal to send them again.")
    if tally.foreign:
        objects = count_of(tally.foreign, "object")
        notes.append(f"{objects} in {frame.output_bucket} not of Darkroom's making: left alone.")
    if tally.states[State.DAMAGED]:
        notes.append("A committed set counts as done, whatever is missing. Delete its marker, then reconcile again:")
        notes += [_delete_hint(frame.output_bucket, key) for key in tally.examples[State.DAMAGED]]
    return notes


def _delete_hint(bucket: str, key: str) -> str:
    """A command to copy; in words when the key has characters that a terminal would act on while it is pasted."""
    line = shlex.join(("aws", "s3api", "delete-object", f"--bucket={bucket}", f"--key={document_key(key)}"))
    return f"  {line}" if line.isprintable() else f"  (the marker of {key_text(key)})"
