"""Counts of a comparison, with a few examples of each state."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from scripts.reconcile.states import State

MAX_EXAMPLES = 3
SOURCES, OUTPUTS = "sources", "outputs"


@dataclass
class StateCounts:
    """Counts by state; memory does not grow with the buckets.

    Attributes:
        states: how many sources, or sets of outputs without one.
        examples: the first few keys of each state.
        foreign: objects in the output bucket that are not Darkroom's.
        listed: how many `sources` and `outputs` were listed.
        heads: commit markers that were read.
        left: how many of those to send are beyond the maximum, by state.
        source_bytes: size of the sources that are sent.
        sent_on: the first and the last day on which earlier runs sent what is not there yet.
    """

    states: Counter[State] = field(default_factory=Counter)
    examples: dict[State, list[str]] = field(default_factory=dict)
    foreign: int = 0
    left: Counter[State] = field(default_factory=Counter)
    listed: Counter[str] = field(default_factory=Counter)
    heads: int = 0
    source_bytes: int = 0
    sent_on: tuple[str, str] = ("", "")

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

    def to_document(self) -> dict[str, Any]:
        return {
            "sources": self.listed[SOURCES],
            "outputs": self.listed[OUTPUTS],
            "foreign": self.foreign,
            "states": {state.name.lower(): self.states[state] for state in State},
            "examples": {state.name.lower(): keys for state, keys in self.examples.items()},
            "to_send": self.to_send,
            "left_for_another_run": self.left.total(),
            "bytes_to_process": self.source_bytes,
        }
