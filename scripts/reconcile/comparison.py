"""Compares two listings as they stream by: sources with their outputs, state by state, in bounded memory."""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from typing import NamedTuple, TypeVar

from processing.commit_marker import Marker
from scripts.aws.parallel import chunks, map_in_threads
from scripts.reconcile.counts import OUTPUTS, SOURCES, StateCounts
from scripts.reconcile.listing import Listed, in_key_order
from scripts.reconcile.merge import Pair, join, outputs_in_order, sources_in_order
from scripts.reconcile.states import Expected, State, judge, needs_marker

# Markers are read in threads, and so many pairs are handed over at once that the handing over costs nothing.
_PAIRS_AT_ONCE = 50
THREADS = 16

T = TypeVar("T")


class Judged(NamedTuple):
    """A pair and its state.

    Attributes:
        pair: a source and its outputs.
        state: what they are like.
        sent_on: the day on which an earlier run sent it, if that is its state.
    """

    pair: Pair
    state: State
    sent_on: str = ""


def compare(
    sources: Iterable[Listed],
    outputs: Iterable[Listed],
    read_marker: Callable[[str], Marker | None] | None,
    expected: Expected,
    tally: StateCounts,
) -> Generator[list[Judged]]:
    """Judges every source, and every set of outputs without one, in source order and in handfuls.

    Args:
        sources: the input bucket, in key order.
        outputs: the output bucket, in key order.
        read_marker: reads the commit marker of a source key; None to judge by the listings alone.
        expected: what should be there.
        tally: learns what was listed and read.
    """

    def note_foreign(_: str) -> None:
        tally.foreign += 1

    def judge_all(pairs: list[Pair]) -> list[Judged]:
        return [Judged(pair, judge(pair, _marker_of(pair, read_marker), expected)) for pair in pairs]

    listed_sources = _counted(in_key_order(sources), tally, SOURCES)
    listed_outputs = _counted(in_key_order(outputs), tally, OUTPUTS)
    pairs = join(sources_in_order(listed_sources), outputs_in_order(listed_outputs, note_foreign))
    with closing(map_in_threads(judge_all, chunks(pairs, _PAIRS_AT_ONCE), THREADS)) as handfuls:
        for handful in handfuls:
            if read_marker is not None:
                tally.heads += sum(needs_marker(judged.pair) for judged in handful)
            yield handful


def _marker_of(pair: Pair, read_marker: Callable[[str], Marker | None] | None) -> Marker | None:
    if read_marker is None or pair.source is None or not needs_marker(pair):
        return None
    return read_marker(pair.source.key)


def _counted(items: Iterable[T], tally: StateCounts, name: str) -> Iterator[T]:
    for item in items:
        tally.listed[name] += 1
        yield item
