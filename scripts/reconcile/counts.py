"""Counts of a reconcile run, with a few example keys of each state."""

from collections import Counter
from dataclasses import dataclass, field

from scripts.reconcile.states import State
from scripts.sending.sender import SendResult

MAX_EXAMPLES = 3
SOURCES, OUTPUTS = "sources", "outputs"


@dataclass
class StateCounts:
    """Counts by state, and of messages sent; memory does not grow with the buckets.

    Attributes:
        states: sources, or sets of outputs without one.
        examples: the first few keys of each state.
        foreign: objects in the output bucket that are not Darkroom's.
        left: sources to send beyond the maximum.
        listed: `sources` and `outputs` that were listed.
        heads: commit markers that were read.
        source_bytes: the size of the sources to send.
        sent_on: the first and the last day on which earlier runs sent what is not there yet.
        sent: messages that SQS took.
        maybe_twice: those of them that an earlier run may have sent too.
        refused: messages that SQS refused, by its error code.
    """

    states: Counter[State] = field(default_factory=Counter)
    examples: dict[State, list[str]] = field(default_factory=dict)
    foreign: int = 0
    left: Counter[State] = field(default_factory=Counter)
    listed: Counter[str] = field(default_factory=Counter)
    heads: int = 0
    source_bytes: int = 0
    sent_on: tuple[str, str] = ("", "")
    sent: int = 0
    maybe_twice: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def to_send(self) -> int:
        return sum(count for state, count in self.states.items() if state.is_sent)

    def add(self, state: State, key: str, size_bytes: int = 0, sent_on: str = "") -> None:
        self.states[state] += 1
        if sent_on:
            first, last = self.sent_on
            self.sent_on = (min(first or sent_on, sent_on), max(last, sent_on))
        if state.is_sent:
            self.source_bytes += size_bytes
        examples = self.examples.setdefault(state, [])
        if len(examples) < MAX_EXAMPLES:
            examples.append(key)

    def add_sent(self, result: SendResult) -> None:
        self.sent += len(result.new_ids)
        self.maybe_twice += len(result.maybe_twice)
        self.refused.update(result.refused.values())
