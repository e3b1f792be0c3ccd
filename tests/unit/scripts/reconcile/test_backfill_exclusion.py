from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scripts.aws.bucket_listing import Listed, OutputSet, Pair
from scripts.reconcile.backfill_message import BackfillTarget, KnownPhotos, dead_lettered_versions, journal_key
from scripts.reconcile.states import Compared, State
from scripts.sending.journal import Journal, JournalEntry
from tests.support.dead_letters import received

A, B, C = (Listed(key, "e1", 5, 1.0) for key in ("2026/a.jpg", "2026/b.jpg", "2026/c.jpg"))
TARGET = BackfillTarget("photos", "https://queue", "f1")
NOW = datetime.now(UTC)
KNOWN = KnownPhotos("", TARGET, {}, None, NOW - timedelta(days=10))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "j") as journal:
        yield journal


def states(known: KnownPhotos, *compared: Compared) -> dict[str, State]:
    return {j.pair.key: j.state for j in known.exclude_known(compared)}


def missing(source: Listed) -> Compared:
    return Compared(Pair(source, None), State.MISSING)


def there(source: Listed, state: State = State.COMPLETE) -> Compared:
    return Compared(Pair(source, OutputSet(source.key)), state)


def test_what_lies_in_the_dlq_is_not_sent_beside_it() -> None:
    dead = dead_lettered_versions([received("1", "2026/a.jpg", etag="e1"), received("2", "2026/b.jpg", etag="older")])
    known = replace(KNOWN, dead_lettered=dead)
    assert states(known, missing(A), missing(B)) == {"2026/a.jpg": State.DEAD_LETTERED, "2026/b.jpg": State.MISSING}
    assert known.exclude_known([missing(A)])[0].code == "access-denied"


def test_what_an_earlier_run_sent_is_not_sent_again(journal: Journal) -> None:
    steps = {A: "sent", B: "sending", C: "refused"}
    journal.record(JournalEntry(journal_key(source, TARGET), step) for source, step in steps.items())
    known = replace(KNOWN, journal=journal)
    assert states(known, *map(missing, steps)) == {
        "2026/a.jpg": State.SENT_EARLIER,
        "2026/b.jpg": State.MISSING,
        "2026/c.jpg": State.MISSING,
    }
    assert known.exclude_known([missing(A)])[0].sent_on == f"{NOW:%Y-%m-%d}"
    elsewhere = replace(known, target=TARGET._replace(queue_url="https://another"))
    assert states(elsewhere, missing(A)) == {"2026/a.jpg": State.MISSING}


@pytest.mark.parametrize("seen", [State.COMPLETE, State.DAMAGED])
def test_what_was_seen_to_be_there_is_sent_again_when_it_is_gone(journal: Journal, seen: State) -> None:
    journal.record([JournalEntry(journal_key(A, TARGET), "sent"), JournalEntry(journal_key(B, TARGET), "sent")])
    known = replace(KNOWN, journal=journal)
    assert states(known, there(A, seen), missing(B)) == {"2026/a.jpg": seen, "2026/b.jpg": State.SENT_EARLIER}
    assert states(known, missing(A), missing(B)) == {"2026/a.jpg": State.MISSING, "2026/b.jpg": State.SENT_EARLIER}
    assert journal.find([journal_key(A, TARGET)]) == {}  # the sender, too, leaves out what is journaled


def test_what_the_queue_has_lost_is_sent_again_on_request(journal: Journal) -> None:
    steps = {A: NOW - timedelta(hours=1), B: NOW - timedelta(minutes=1)}
    journal.record(JournalEntry(journal_key(source, TARGET), "sent", at=at.isoformat()) for source, at in steps.items())
    known = replace(KNOWN, journal=journal, send_again_before=NOW - timedelta(minutes=15))
    expected = {"2026/a.jpg": State.MISSING, "2026/b.jpg": State.SENT_EARLIER}
    assert states(replace(known, is_dry_run=True), missing(A), missing(B)) == expected
    assert len(journal.find(journal_key(source, TARGET) for source in steps)) == 2  # a dry run changes no journal
    assert states(known, missing(A), missing(B)) == expected
    assert len(journal.find(journal_key(source, TARGET) for source in steps)) == 1


def test_a_quick_look_proves_nothing(journal: Journal) -> None:
    journal.record([JournalEntry(journal_key(A, TARGET), "sent")])
    known = replace(KNOWN, journal=journal)
    states(replace(known, is_quick=True), there(A))
    assert states(known, missing(A)) == {"2026/a.jpg": State.SENT_EARLIER}


def test_what_was_sent_so_long_ago_that_no_queue_has_it_any_more_is_sent_again(journal: Journal) -> None:
    times = {A: NOW - timedelta(days=9), B: NOW - timedelta(days=11)}
    journal.record(JournalEntry(journal_key(source, TARGET), "sent", at=at.isoformat()) for source, at in times.items())
    known = replace(KNOWN, journal=journal)
    assert states(known, missing(A), missing(B)) == {"2026/a.jpg": State.SENT_EARLIER, "2026/b.jpg": State.MISSING}
    assert journal.find([journal_key(B, TARGET)]) == {}


def test_what_is_not_to_be_sent_keeps_its_state(journal: Journal) -> None:
    journal.record([JournalEntry(journal_key(A, TARGET), "sent")])
    known = replace(
        KNOWN, dead_lettered=dead_lettered_versions([received("1", "2026/b.jpg", etag="e1")]), journal=journal
    )
    assert set(states(known, there(A), there(B)).values()) == {State.COMPLETE}


def test_outputs_of_sources_outside_the_prefix_are_no_orphans() -> None:
    inside, outside = (Compared(Pair(None, OutputSet(key)), State.ORPHAN) for key in ("2026/x", "2026"))
    assert states(replace(KNOWN, prefix="2026/"), inside, outside) == {"2026/x": State.ORPHAN}
