from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scripts.dlq.outcomes import pending_outcomes, purged_entry
from scripts.sending.journal import Journal, JournalEntry
from tests.support.dead_letters import received

QUEUE = "https://queue"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "j") as journal:
        yield journal


def redriven(
    item: str, new_id: str, *, message_id: str = "", step: str = "moved", to: str = QUEUE, at: datetime | None = None
) -> JournalEntry:
    document = {"to": to, "new_id": new_id, "message_id": message_id, "message": {"body": f"body of {item}"}}
    return JournalEntry(item, step, document, (at or datetime.now(UTC)).isoformat())


def items(journal: Journal) -> list[str]:
    return [message.item for message in pending_outcomes(journal, QUEUE)]


def test_what_was_sent_to_the_queue_and_is_not_settled_is_waited_for(journal: Journal) -> None:
    journal.record([redriven("a", "1"), redriven("b", "2", step="sent"), redriven("c", "3", step="settled")])
    journal.record([redriven("d", "4", to="https://elsewhere"), JournalEntry("e", "sending")])
    assert sorted(items(journal)) == ["a", "b"]


def test_what_was_sent_days_ago_is_not_waited_for(journal: Journal) -> None:
    journal.record([redriven("a", "1", at=datetime.now(UTC) - timedelta(days=2))])
    assert items(journal) == []


@pytest.mark.parametrize("step", ["sent", "moved", "settled"])
def test_what_came_back_and_was_moved_again_is_waited_for_as_what_it_is_now(journal: Journal, step: str) -> None:
    journal.record(
        [redriven("a", "1"), redriven("b", "2", message_id="1"), redriven("c", "3", message_id="2", step=step)]
    )
    assert items(journal) == (["c"] if step != "settled" else [])


def test_what_came_back_and_was_purged_is_not_waited_for(journal: Journal) -> None:
    journal.record([redriven("a", "1"), redriven("b", "2")])
    journal.record([purged_entry(received("c", message_id="1"))])
    assert items(journal) == ["b"]


def test_what_came_back_and_is_about_to_be_moved_again_is_not_counted_beside_it(journal: Journal) -> None:
    journal.record([redriven("a", "1"), redriven("b", "2")])
    back = received("1", moved_by_sqs=True)  # it keeps its id
    assert [message.item for message in pending_outcomes(journal, QUEUE, [back])] == ["b"]
