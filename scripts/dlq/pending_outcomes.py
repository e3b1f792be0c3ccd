"""Which redriven messages have no outcome yet, as far as the journal knows."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from scripts.aws.dead_letter import DeadLetter
from scripts.dlq.mover import MOVED
from scripts.dlq.outcomes import RedrivenMessage
from scripts.sending.journal import Journal, JournalEntry
from scripts.sending.sender import SENT

SETTLED = "settled"
PURGED = "purged"
# Messages that an earlier run moved are waited for too, unless they are so old that something else happened to them.
UNVERIFIED_DAYS = 1


def pending_outcomes(journal: Journal, queue_url: str, to_move: Iterable[DeadLetter] = ()) -> list[RedrivenMessage]:
    """The messages to that queue whose outcome nobody has seen.

    A message that came back, and whose new dead letter was moved or purged_entry in turn, is not among them: it will never
    be seen again, and the photo's outcome is that of the later message.

    Args:
        journal: of the redrives.
        queue_url: where they went.
        to_move: letters that are about to be moved.
    """
    since = datetime.now(UTC) - timedelta(days=UNVERIFIED_DAYS)
    came_back = _came_back(journal) | {letter.message_id for letter in to_move}
    return [
        RedrivenMessage(entry.item, entry.document["new_id"], entry.document["message"]["body"])
        for step in (SENT, MOVED)
        for entry in journal.at_step(step)
        if datetime.fromisoformat(entry.at) >= since
        and entry.document["to"] == queue_url
        and entry.document["new_id"] not in came_back
    ]


def purged_entry(letter: DeadLetter) -> JournalEntry:
    """What the journal keeps of a letter that was deleted for good."""
    return JournalEntry(letter.id, PURGED, {"message_id": letter.message_id})


def _came_back(journal: Journal) -> set[str]:
    """The ids of the messages whose dead letters the journal knows to be out of the DLQ."""
    steps = (SENT, MOVED, SETTLED, PURGED)
    return {entry.document.get("message_id", "") for step in steps for entry in journal.at_step(step)}
