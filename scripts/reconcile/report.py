"""Reports a comparison, the cost of sending, and what was sent."""

import shlex
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from processing.output_keys import document_key
from processing.wording import count_of, human_bytes
from scripts.aws.deployed_settings import DeployedSettings
from scripts.aws.prices import dollars, looking_cost, processing_cost
from scripts.aws.stage import Stage
from scripts.cli.output import Report, Table, key_text
from scripts.cli.units import human_duration
from scripts.reconcile.counts import OUTPUTS, SOURCES, StateCounts
from scripts.reconcile.states import State

DRY_RUN = "Dry run: nothing was sent. Add --execute to act."


@dataclass(frozen=True, kw_only=True)
class ReconcileRequest:
    """The options of `reconcile`.

    Attributes:
        prefix: of the keys; empty for all.
        most: how many messages at most.
        min_age: younger sources may still be in the queue and get no state.
        is_quick: compare the listings' times only.
        while_busy: send although the queue is not empty.
    """

    prefix: str
    most: int
    per_second: float
    min_age: timedelta
    is_quick: bool
    while_busy: bool
    journal: Path


@dataclass(frozen=True)
class ReportContext:
    """Facts for a report beside the counts; `waiting` is how many messages the queue has already."""

    request: ReconcileRequest
    stage: Stage
    settings: DeployedSettings
    waiting: int


def plan_report(counts: StateCounts, context: ReportContext) -> Report:
    """Format the comparison and the cost of sending."""
    report = [*_compared(counts, context), ""]
    if not counts.to_send:
        return [*report, "Nothing to send.", *_cost_of_comparing(counts), *_notes(counts, context)]
    most, per_second, settings = context.request.most, context.request.per_second, context.settings
    to_send = min(counts.to_send, most)
    of_all = f"{to_send:,} of " if to_send < counts.to_send else ""
    messages = of_all + count_of(counts.to_send, "message")
    longest = human_duration(timedelta(seconds=to_send / per_second))
    queue = context.stage.queue.name
    report.append(f"To send: {messages} to {queue}, {per_second:g} a second at most: about {longest}.")
    if to_send < counts.to_send:
        report.append(f"The rest stays for another run: --max is {most:,}.")
    cost = processing_cost(to_send, len(settings.renditions), settings.memory_mb)
    report.append(
        f"Processing them costs {dollars(cost.total)}: requests {dollars(cost.requests)}, "
        f"compute {dollars(cost.compute)}."
    )
    return [*report, *_cost_of_comparing(counts), *_notes(counts, context)]


def plan_document(counts: StateCounts, context: ReportContext) -> dict[str, Any]:
    """Return the comparison and the cost of sending as JSON."""
    most, settings = context.request.most, context.settings
    cost = processing_cost(min(counts.to_send, most), len(settings.renditions), settings.memory_mb)
    looking = looking_cost(counts.listed.total(), counts.heads)
    return {
        "executed": False,
        "sources": counts.listed[SOURCES],
        "outputs": counts.listed[OUTPUTS],
        "foreign": counts.foreign,
        "states": {state.name.lower(): counts.states[state] for state in State},
        "examples": {state.name.lower(): keys for state, keys in counts.examples.items()},
        "to_send": counts.to_send,
        "left_for_another_run": counts.left.total(),
        "bytes_to_process": counts.source_bytes,
        "input_bucket": context.stage.outputs.input_bucket,
        "output_bucket": context.stage.outputs.output_bucket,
        "prefix": context.request.prefix,
        "max": most,
        "in_queue": context.waiting,
        "cost_dollars": {"requests": cost.requests, "compute": cost.compute, "looking": looking},
    }


def sent_report(counts: StateCounts, context: ReportContext, *, is_cut: bool) -> Report:
    """Format the comparison and what was sent."""
    lines = [f"Sent {count_of(counts.sent, 'message')} to {context.stage.queue.name}."]
    if counts.maybe_twice:
        lines.append(f"{counts.maybe_twice:,} may have been sent twice: an earlier run was cut off. That is harmless.")
    for code, count in sorted(counts.refused.items()):
        lines.append(f"{count:,} refused by SQS ({code}): give the command again to try them again.")
    if is_cut:
        left = f": {counts.left.total():,} more are left, and" if counts.left else ";"
        lines.append(f"Stopped at --max {context.request.most:,}{left} later keys were not compared.")
        lines.append("Once the queue is empty, give the command again to go on.")
    return [*_compared(counts, context), "", *lines, *_notes(counts, context)]


def sent_document(counts: StateCounts, context: ReportContext, *, is_cut: bool) -> dict[str, Any]:
    """Return the comparison and what was sent as JSON."""
    return {
        **plan_document(counts, context),
        "executed": True,
        "sent": counts.sent,
        "maybe_sent_twice": counts.maybe_twice,
        "refused": dict(counts.refused),
        "stopped_at_max": is_cut,
    }


def _compared(counts: StateCounts, context: ReportContext) -> list[str | Table]:
    prefix, names = context.request.prefix, context.stage.outputs
    keys = f" (prefix {key_text(prefix)})" if prefix else ""
    sources, outputs = count_of(counts.listed[SOURCES], "source object"), count_of(counts.listed[OUTPUTS], "object")
    report: list[str | Table] = [
        f"Compared {sources} in {names.input_bucket} with {outputs} in {names.output_bucket}{keys}."
    ]
    if context.request.is_quick:
        report.append("Quick: judged by the times in the listings; commit markers and settings were not compared.")
    shown = [state for state in State if counts.states[state] or state in (State.COMPLETE, State.MISSING)]
    rows = [row for state in shown for row in _rows(state, counts)]
    return [*report, "", Table(("state", "photos", "what is done", "examples"), rows)]


def _rows(state: State, counts: StateCounts) -> list[tuple[str | int, ...]]:
    title, left = _title(state, counts), counts.left[state]
    examples = ", ".join(map(key_text, counts.examples.get(state, [])))
    rows: list[tuple[str | int, ...]] = [(title, counts.states[state] - left, state.action, examples)]
    return [*rows, (title, left, "left for another run", "")] if left else rows


def _title(state: State, counts: StateCounts) -> str:
    if state is not State.SENT_EARLIER:
        return state.title
    first, last = counts.sent_on
    days = first if first == last else f"{first} to {last}"
    return f"sent {days}, not there yet"


def _cost_of_comparing(counts: StateCounts) -> list[str]:
    cost = looking_cost(counts.listed.total(), counts.heads)
    return [f"This comparison cost {dollars(cost)}: {count_of(counts.heads, 'commit marker')} read."]


def _notes(counts: StateCounts, context: ReportContext) -> list[str]:
    notes, bucket = [], context.stage.outputs.output_bucket
    if counts.source_bytes:
        size = human_bytes(counts.source_bytes)
        notes.append(f"The sources to send have {size}; storage classes with a retrieval fee cost more.")
    if context.waiting:
        notes.append(f"{count_of(context.waiting, 'message')} in the queue: what looks missing may be waiting there.")
    if counts.states[State.SENT_EARLIER]:
        notes.append("Sent, but never processed? Name another --journal to send them again.")
    if counts.foreign:
        notes.append(f"{count_of(counts.foreign, 'object')} in {bucket} not from Darkroom: left alone.")
    if counts.states[State.DAMAGED]:
        notes.append("A committed set counts as done, whatever is missing. Delete its marker, then reconcile again:")
        notes += [_delete_command(bucket, key) for key in counts.examples[State.DAMAGED]]
    return notes


def _delete_command(bucket: str, key: str) -> str:
    """Format a command to copy; only a note if pasting its characters would control the terminal."""
    line = shlex.join(("aws", "s3api", "delete-object", f"--bucket={bucket}", f"--key={document_key(key)}"))
    return f"  {line}" if line.isprintable() else f"  (the marker of {key_text(key)})"
