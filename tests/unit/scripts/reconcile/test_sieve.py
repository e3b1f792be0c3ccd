from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.journal import Entry, Journal
from scripts.reconcile.comparison import Judged
from scripts.reconcile.event import item_of
from scripts.reconcile.listing import Listed
from scripts.reconcile.merge import OutputSet, Pair
from scripts.reconcile.sieve import Sieve, dead_versions
from scripts.reconcile.states import State
from tests.dead_letters import received

A, B, C = (Listed(key, "e1", 5, 1.0) for key in ("2026/a.jpg", "2026/b.jpg", "2026/c.jpg"))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "j") as journal:
        yield journal


def states(sieve: Sieve, *judged: Judged) -> dict[str, State]:
    return {j.pair.key: j.state for j in sieve.sift(judged)}


def missing(source: Listed) -> Judged:
    return Judged(Pair(source, None), State.MISSING)


def test_what_lies_in_the_dlq_is_not_sent_beside_it() -> None:
    dead = dead_versions([received("1", "2026/a.jpg", etag="e1"), received("2", "2026/b.jpg", etag="older")])
    sieve = Sieve("", "f1", dead, None)
    assert states(sieve, missing(A), missing(B)) == {"2026/a.jpg": State.DEAD_LETTERED, "2026/b.jpg": State.MISSING}


def test_what_an_earlier_run_sent_is_not_sent_again(journal: Journal) -> None:
    steps = {A: "sent", B: "sending", C: "refused"}
    journal.record(Entry(item_of(source, "f1"), step) for source, step in steps.items())
    sieve = Sieve("", "f1", frozenset(), journal)
    assert states(sieve, *map(missing, steps)) == {
        "2026/a.jpg": State.SENT_EARLIER,
        "2026/b.jpg": State.MISSING,
        "2026/c.jpg": State.MISSING,
    }
    assert states(Sieve("", "f2", frozenset(), journal), missing(A)) == {"2026/a.jpg": State.MISSING}


def test_what_is_not_to_be_sent_keeps_its_state(journal: Journal) -> None:
    journal.record([Entry(item_of(A, "f1"), "sent")])
    sieve = Sieve("", "f1", dead_versions([received("1", "2026/b.jpg", etag="e1")]), journal)
    complete = [Judged(Pair(source, OutputSet(source.key)), State.COMPLETE) for source in (A, B)]
    assert set(states(sieve, *complete).values()) == {State.COMPLETE}


def test_outputs_of_sources_outside_the_prefix_are_no_orphans() -> None:
    inside, outside = (Judged(Pair(None, OutputSet(key)), State.ORPHAN) for key in ("2026/x", "2026"))
    assert states(Sieve("2026/", "f1", frozenset(), None), inside, outside) == {"2026/x": State.ORPHAN}
