"""Reports a comparison, the cost of sending, and what was sent."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from processing.failures import Family
from processing.output_keys import document_key
from processing.wording import count_of, human_bytes
from scripts.aws.dead_letter import explain
from scripts.aws.prices import dollars, looking_cost, processing_cost
from scripts.aws.stage import DeployedSettings, Stage
from scripts.cli.output import Report, Table, key_text, shell_command
from scripts.cli.units import human_duration
from scripts.reconcile.states import State, StateCounts
from scripts.sending.sender import sending_notes

DRY_RUN = "Dry run: nothing was sent. Add --execute to act."


@dataclass(frozen=True, kw_only=True)
class ReconcileRequest:
    """The options of `reconcile`, and the state of the stage.

    Attributes:
        settings: of the deployed function.
        waiting: how many messages the queue has already.
        prefix: of the keys; empty for all.
        most: how many messages at most.
        min_age: younger sources may still be in the queue and get no state.
        is_quick: compare the listings' times only.
        send_again: send again what an earlier run sent more than `min_age` ago.
    """

    stage: Stage
    settings: DeployedSettings
    waiting: int
    prefix: str
    most: int
    per_second: float
    min_age: timedelta
    is_quick: bool
    send_again: bool = False


def plan_report(counts: StateCounts, request: ReconcileRequest) -> Report:
    """Format the comparison and the cost of sending."""
    to_send, most, settings = min(counts.to_send, request.most), request.most, request.settings
    lines = ["Nothing to send."]
    if to_send:
        of_all = f"{to_send:,} of " if to_send < counts.to_send else ""
        messages = f"{of_all}{count_of(counts.to_send, 'message')} to {request.stage.queue.name}"
        longest = human_duration(timedelta(seconds=to_send / request.per_second))
        lines = [f"To send: {messages}, {request.per_second:g} a second at most: about {longest}."]
        if to_send < counts.to_send:
            lines.append(f"The rest stays for another run: --max is {most:,}.")
        cost = processing_cost(to_send, len(settings.renditions), settings.memory_mb)
        parts = f"requests {dollars(cost.requests)}, compute {dollars(cost.compute)}"
        lines.append(f"Processing them costs {dollars(cost.total)}: {parts}.")
    looking = dollars(looking_cost(counts.listed.total(), counts.heads))
    lines.append(f"This comparison cost {looking}: {count_of(counts.heads, 'commit marker')} read.")
    return [*_compared(counts, request, "would be sent"), "", *lines, *_notes(counts, request)]


def plan_document(counts: StateCounts, request: ReconcileRequest) -> dict[str, Any]:
    """Return the comparison and the cost of sending as JSON."""
    most, settings = request.most, request.settings
    cost = processing_cost(min(counts.to_send, most), len(settings.renditions), settings.memory_mb)
    looking = looking_cost(counts.listed.total(), counts.heads)
    return {
        "executed": False,
        "sources": counts.listed["sources"],
        "outputs": counts.listed["outputs"],
        "foreign": counts.foreign,
        "states": {state.name.lower(): counts.states[state] for state in State},
        "dead_lettered": dict(counts.dead_lettered),
        "examples": {state.name.lower(): keys for state, keys in counts.examples.items()},
        "to_send": counts.to_send,
        "left_for_another_run": counts.left.total(),
        "bytes_to_process": counts.source_bytes,
        "input_bucket": request.stage.outputs.input_bucket,
        "output_bucket": request.stage.outputs.output_bucket,
        "prefix": request.prefix,
        "max": most,
        "in_queue": request.waiting,
        "cost_dollars": {"requests": cost.requests, "compute": cost.compute, "looking": looking},
    }


def sent_report(counts: StateCounts, request: ReconcileRequest) -> Report:
    """Format the comparison and what was sent."""
    lines = [f"Sent {count_of(counts.sent, 'message')} to {request.stage.queue.name}."]
    lines += sending_notes(counts.maybe_twice, counts.refused)
    if counts.is_cut:
        left = f": {counts.left.total():,} more are left, and" if counts.left else ";"
        lines.append(f"Stopped at --max {request.most:,}{left} later keys were not compared.")
        lines.append("Once the queue is empty, give the command again to go on.")
    return [*_compared(counts, request, "sent to be processed"), "", *lines, *_notes(counts, request)]


def sent_document(counts: StateCounts, request: ReconcileRequest) -> dict[str, Any]:
    """Return the comparison and what was sent as JSON."""
    return {
        **plan_document(counts, request),
        "executed": True,
        "sent": counts.sent,
        "maybe_sent_twice": counts.maybe_twice,
        "refused": dict(counts.refused),
        "stopped_at_max": counts.is_cut,
    }


def _compared(counts: StateCounts, request: ReconcileRequest, sending: str) -> list[str | Table]:
    prefix, names = request.prefix, request.stage.outputs
    keys = f" (prefix {key_text(prefix)})" if prefix else ""
    sources, outputs = count_of(counts.listed["sources"], "source object"), count_of(counts.listed["outputs"], "object")
    report: list[str | Table] = [
        f"Compared {sources} in {names.input_bucket} with {outputs} in {names.output_bucket}{keys}."
    ]
    if request.is_quick:
        report.append("Quick: judged by the times in the listings; commit markers and settings were not compared.")
    shown = [state for state in State if counts.states[state] or state in (State.COMPLETE, State.MISSING)]
    rows = [row for state in shown for row in _rows(state, counts, sending)]
    return [*report, "", Table(("state", "photos", "what is done", "examples"), rows)]


def _rows(state: State, counts: StateCounts, sending: str) -> list[tuple[str | int, ...]]:
    if state is State.DEAD_LETTERED:
        return [_dead_lettered_row(code, counts) for code, _ in counts.dead_lettered.most_common()]
    title, left = state.title, counts.left[state]
    if state is State.SENT_EARLIER:
        first, last = counts.sent_on
        title = f"sent {first if first == last else f'{first} to {last}'}, not there yet"
    examples = ", ".join(map(key_text, counts.examples.get(state, [])))
    action = sending if state.is_sent else state.action
    rows: list[tuple[str | int, ...]] = [(title, counts.states[state] - left, action, examples)]
    return [*rows, (title, left, "left for another run", "")] if left else rows


def _dead_lettered_row(code: str, counts: StateCounts) -> tuple[str | int, ...]:
    """Say what to do: a permanent failure would come back after a redrive."""
    advice = explain(code)
    what = advice.what_to_do if advice.family is Family.PERMANENT else "nothing: fix the cause, then redrive them"
    examples = ", ".join(map(key_text, counts.dead_lettered_examples[code]))
    return (f"in the DLQ: {code}", counts.dead_lettered[code], what, examples)


def _sent_earlier(count: int, request: ReconcileRequest) -> str:
    messages = "The message of 1 photo was" if count == 1 else f"The messages of {count:,} photos were"
    if request.waiting:
        return f"{messages} sent earlier and may be in the queue: look again when it is empty."
    age = human_duration(request.min_age)
    return (
        f"{messages} sent earlier, and the queue is empty now. If they are more than {age} old, they are gone "
        "(purged, or deleted with the queue): add --send-again to send them once more."
    )


def _notes(counts: StateCounts, request: ReconcileRequest) -> list[str]:
    notes, bucket = [], request.stage.outputs.output_bucket
    if counts.source_bytes:
        size = human_bytes(counts.source_bytes)
        notes.append(f"The sources to send have {size}; storage classes with a retrieval fee cost more.")
    if request.waiting:
        notes.append(f"{count_of(request.waiting, 'message')} in the queue: what looks missing may be waiting there.")
    if counts.states[State.SENT_EARLIER]:
        notes.append(_sent_earlier(counts.states[State.SENT_EARLIER], request))
    if counts.foreign:
        notes.append(f"{count_of(counts.foreign, 'object')} in {bucket} not from Darkroom: left alone.")
    if counts.states[State.DAMAGED]:
        notes.append("A committed set counts as done, whatever is missing. Delete its marker, then reconcile again:")
        for key in counts.examples[State.DAMAGED]:
            names = (f"--bucket={bucket}", f"--key={document_key(key)}")
            command = shell_command("aws", "s3api", "delete-object", *names)
            notes.append(f"  {command}" if command else f"  (the marker of {key_text(key)})")
    return notes
