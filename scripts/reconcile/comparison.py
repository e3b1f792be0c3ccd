"""Compares sources with their outputs as both listings stream by."""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from typing import NamedTuple, TypeVar

from processing.commit_marker import Marker
from scripts.aws.parallel import chunks, map_in_threads
from scripts.reconcile.counts import OUTPUTS, SOURCES, StateCounts
from scripts.reconcile.listing import Listed, in_key_order
from scripts.reconcile.merge import Pair, join, outputs_in_order, sources_in_order
from scripts.reconcile.states import Expected, State, find_state, needs_marker

# Pairs per call in a thread, so that the calls cost little beside the reading of markers.
_CHUNK = 50
THREADS = 16

T = TypeVar("T")


class Compared(NamedTuple):
    """A source with its outputs, and their state.

    Attributes:
        sent_on: the day on which an earlier run sent it, for the state SENT_EARLIER.
    """

    pair: Pair
    state: State
    sent_on: str = ""


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
        marker = read_marker(pair.key) if read_marker is not None and needs_marker(pair) else None
        return Compared(pair, find_state(pair, marker, expected))

    listed_sources = _counted(in_key_order(sources), counts, SOURCES)
    listed_outputs = _counted(in_key_order(outputs), counts, OUTPUTS)
    pairs = join(sources_in_order(listed_sources), outputs_in_order(listed_outputs, count_foreign))
    results = map_in_threads(lambda chunk: list(map(compare_pair, chunk)), chunks(pairs, _CHUNK), THREADS)
    with closing(results):
        for chunk in results:
            if read_marker is not None:
                counts.heads += sum(needs_marker(compared.pair) for compared in chunk)
            yield chunk


def _counted(items: Iterable[T], counts: StateCounts, name: str) -> Iterator[T]:
    for item in items:
        counts.listed[name] += 1
        yield item
