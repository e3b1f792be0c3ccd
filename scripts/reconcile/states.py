"""The states of sources and their outputs: found as both listings stream by, and counted."""

from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from processing.commit_marker import Marker
from processing.output_keys import MAX_KEY_BYTES
from processing.system_files import system_file
from scripts.aws.bucket_listing import Listed, Pair, in_key_order, join, outputs_in_order, sources_in_order
from scripts.aws.parallel import chunks, map_in_threads
from scripts.sending.sender import SendResult

# Pairs per call in a thread, so that the calls cost little beside the reading of markers.
_CHUNK = 20
THREADS = 64  # HEADs in flight: at 100 ms each, 640 commit markers a second
UNREADABLE = Marker("", "", "")
MAX_EXAMPLES = 3
_SENT = "sent to be processed"


class State(Enum):
    """The states: their title and the action, as the report shows them."""

    COMPLETE = ("complete", "nothing")
    MISSING = ("missing", _SENT)
    PARTIAL = ("partial", _SENT)
    STALE_SOURCE = ("stale: source changed", _SENT)
    STALE_SETTINGS = ("stale: settings changed", _SENT)
    MARKER_UNREADABLE = ("stale or marker unreadable", _SENT)
    DAMAGED = ("partial, but committed", "nothing: see below")
    SENT_EARLIER = ("sent, not there yet", "nothing: the journal has them")
    DEAD_LETTERED = ("in the DLQ", "nothing: redrive them")
    RECENT = ("too recent to judge", "nothing yet")
    IGNORED = ("system files", "nothing: no photos")
    KEY_TOO_LONG = ("key too long", "nothing: rename them")
    ORPHAN = ("orphan outputs", "nothing: their source is gone")

    def __init__(self, title: str, action: str) -> None:
        self.title = title
        self.action = action

    @property
    def is_sent(self) -> bool:
        """True if a source in this state is sent to be processed."""
        return self.action == _SENT


@dataclass
class StateCounts:
    """Counts by state, and of messages sent; memory does not grow with the buckets.

    Attributes:
        states: sources, or sets of outputs without one.
        examples: the first few keys of each state.
        dead_lettered: those in the DLQ, by failure code, with the first few keys of each.
        foreign: objects in the output bucket that are not Darkroom's.
        left: sources to send beyond the maximum.
        listed: `sources` and `outputs` that were listed.
        heads: commit markers that were read.
        source_bytes: the size of the sources to send.
        sent_on: the first and the last day on which earlier runs sent what is not there yet.
        sent: messages that SQS took.
        maybe_twice: those of them that an earlier run may have sent too.
        refused: messages that SQS refused, by its error code.
        is_cut: whether the maximum ended the run.
    """

    states: Counter[State] = field(default_factory=Counter)
    examples: dict[State, list[str]] = field(default_factory=dict)
    dead_lettered: Counter[str] = field(default_factory=Counter)
    dead_lettered_examples: dict[str, list[str]] = field(default_factory=dict)
    foreign: int = 0
    left: Counter[State] = field(default_factory=Counter)
    listed: Counter[str] = field(default_factory=Counter)
    heads: int = 0
    source_bytes: int = 0
    sent_on: tuple[str, str] = ("", "")
    sent: int = 0
    maybe_twice: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    is_cut: bool = False

    @property
    def to_send(self) -> int:
        return sum(count for state, count in self.states.items() if state.is_sent)

    def add(self, compared: "Compared") -> None:
        state, source, sent_on = compared.state, compared.pair.source, compared.sent_on
        self.states[state] += 1
        if sent_on:
            first, last = self.sent_on
            self.sent_on = (min(first or sent_on, sent_on), max(last, sent_on))
        if state.is_sent and source:
            self.source_bytes += source.size_bytes
        add_example(self.examples.setdefault(state, []), compared.pair.key)
        if state is State.DEAD_LETTERED:
            self.dead_lettered[compared.code] += 1
            add_example(self.dead_lettered_examples.setdefault(compared.code, []), compared.pair.key)

    def add_sent(self, result: SendResult) -> None:
        self.sent += len(result.new_ids)
        self.maybe_twice += len(result.maybe_twice)
        self.refused.update(result.refused.values())


def add_example(examples: list[str], key: str) -> None:
    """Keep the first few keys."""
    if len(examples) < MAX_EXAMPLES:
        examples.append(key)


@dataclass(frozen=True, kw_only=True)
class Expected:
    """The expected outputs of every source.

    Attributes:
        names: file names, such as `large.jpg`, the commit marker's included.
        fingerprint: of the settings.
        judged_before: sources stored later may still be in the queue; seconds since 1970.
    """

    names: Collection[str]
    fingerprint: str
    judged_before: float


def needs_marker(pair: Pair) -> bool:
    """Return True if the state depends on the commit marker."""
    return pair.source is not None and pair.outputs is not None and pair.outputs.committed is not None


def find_state(pair: Pair, marker: Marker | None, expected: Expected) -> State:
    """Return the state of a source and its outputs.

    Args:
        pair: as listed.
        marker: the commit marker; None to compare the listed times instead.
        expected: the expected outputs.
    """
    source = pair.source
    if source is None:
        return State.ORPHAN
    state = _compare(pair, marker, expected)
    if state is State.MISSING and system_file(source.key):
        return State.IGNORED
    if state is not State.COMPLETE and source.modified >= expected.judged_before:
        return State.RECENT
    longest_bytes = len(source.key.encode()) + 1 + max(map(len, expected.names))
    return State.KEY_TOO_LONG if state.is_sent and longest_bytes > MAX_KEY_BYTES else state


def _compare(pair: Pair, marker: Marker | None, expected: Expected) -> State:
    source, outputs = pair
    assert source is not None  # noqa: S101 (for the type checker: the caller has looked)
    if outputs is None:
        return State.MISSING
    if outputs.committed is None:
        return State.PARTIAL
    if marker is not None and not marker.etag:
        return State.MARKER_UNREADABLE
    if outputs.committed < source.modified if marker is None else marker.etag != source.etag:
        return State.STALE_SOURCE
    if marker is not None and marker.fingerprint != expected.fingerprint:
        return State.STALE_SETTINGS
    return State.COMPLETE if outputs.sizes.keys() >= set(expected.names) else State.DAMAGED


class Compared(NamedTuple):
    """A source with its outputs, and their state.

    Attributes:
        sent_on: the day on which an earlier run sent it, for the state SENT_EARLIER.
        code: the failure code, for the state DEAD_LETTERED.
    """

    pair: Pair
    state: State
    sent_on: str = ""
    code: str = ""


def compare(
    sources: Iterable[Listed],
    outputs: Iterable[Listed],
    read_marker: Callable[[str], Marker | None] | None,
    expected: Expected,
    counts: StateCounts,
) -> Generator[list[Compared]]:
    """Find the state of every source and every orphan set of outputs, chunk by chunk.

    Args:
        sources: the input bucket, in key order.
        outputs: the output bucket, in key order.
        read_marker: reads the commit marker of a source key; None to compare the listed times instead.
        expected: the expected outputs.
        counts: gets the numbers of objects listed and markers read.
    """

    def count_foreign(_: str) -> None:
        counts.foreign += 1

    def compare_pair(pair: Pair) -> Compared:
        marker = None
        if read_marker is not None and needs_marker(pair):
            marker = read_marker(pair.key) or UNREADABLE  # deleted since it was listed
        return Compared(pair, find_state(pair, marker, expected))

    listed_sources = sources_in_order(_counted(sources, counts, "sources"))
    pairs = join(listed_sources, outputs_in_order(_counted(outputs, counts, "outputs"), count_foreign))
    results = map_in_threads(lambda chunk: list(map(compare_pair, chunk)), chunks(pairs, _CHUNK), THREADS)
    with closing(results):
        for chunk in results:
            if read_marker is not None:
                counts.heads += sum(needs_marker(compared.pair) for compared in chunk)
            yield chunk


def _counted(listing: Iterable[Listed], counts: StateCounts, name: str) -> Iterator[Listed]:
    for item in in_key_order(listing):
        counts.listed[name] += 1
        yield item
