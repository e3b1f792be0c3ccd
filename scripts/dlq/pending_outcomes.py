"""Finds redriven messages without an outcome in the journal."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from scripts.aws.dead_letter import DeadLetter
from scripts.dlq.outcomes import RedrivenMessage
from scripts.dlq.send_then_delete import MOVED
from scripts.sending.journal import Journal, JournalEntry
from scripts.sending.sender import SENT

SETTLED = "settled"
PURGED = "purged"
# Older messages of earlier runs are not waited for.
MAX_PENDING_DAYS = 1


def pending_outcomes(journal: Journal, queue_url: str, to_move: Iterable[DeadLetter] = ()) -> list[RedrivenMessage]:
    """Return the messages sent to that queue that have no outcome yet.

    A message that came back is left out once its new dead letter was moved or purged: the photo's outcome is then that
    of the later message.

    Args:
        journal: of the redrives.
        queue_url: the destination.
        to_move: dead letters that are about to be moved.
    """
    since = datetime.now(UTC) - timedelta(days=MAX_PENDING_DAYS)
    came_back = {letter.message_id for letter in to_move}
    for step in (SENT, MOVED, SETTLED, PURGED):
        came_back |= {entry.document.get("message_id", "") for entry in journal.at_step(step)}
    return [
        RedrivenMessage(entry.item, entry.document["new_id"], entry.document["message"]["body"])
        for step in (SENT, MOVED)
        for entry in journal.at_step(step)
        if datetime.fromisoformat(entry.at) >= since
        and entry.document["to"] == queue_url
        and entry.document["new_id"] not in came_back
    ]


def purged_entry(letter: DeadLetter) -> JournalEntry:
    """Make the journal entry of a dead letter that was purged."""
    return JournalEntry(letter.id, PURGED, {"message_id": letter.message_id})
