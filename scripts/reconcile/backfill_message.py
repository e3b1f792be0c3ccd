"""Makes the message that asks for a photo, in the form of an S3 event notification."""

import hashlib
import json
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote_plus

from scripts.aws.sqs_message import StoredMessage
from scripts.reconcile.listing import Listed
from scripts.sending.sender import OutgoingMessage

# Tells these messages from S3's own in a log or a dead letter.
EVENT_SOURCE = "darkroom:reconcile"


class BackfillTarget(NamedTuple):
    """The common part of all messages of a run.

    Attributes:
        queue_url: the destination; it names the account and the region.
        fingerprint: of today's settings.
    """

    bucket: str
    queue_url: str
    fingerprint: str


def backfill_message(source: Listed, target: BackfillTarget) -> OutgoingMessage:
    """Make a message about one source object, as it was listed.

    It has no sequencer, because a listing has none: the function then compares the eTag.
    """
    record = {
        "eventVersion": "2.1",
        "eventSource": EVENT_SOURCE,
        "eventTime": datetime.fromtimestamp(source.modified, UTC).isoformat(),
        "eventName": "ObjectCreated:Put",
        "s3": {
            "bucket": {"name": target.bucket},
            "object": {"key": quote_plus(source.key), "size": source.size_bytes, "eTag": source.etag},
        },
    }
    message = StoredMessage(id="", body=json.dumps({"Records": [record]}))
    return OutgoingMessage(item_of(source, target), message, {"key": source.key, "etag": source.etag})


def item_of(source: Listed, target: BackfillTarget) -> str:
    """Return the journal's name for a version of a source with these settings, bucket and queue."""
    return hashlib.sha256(json.dumps([source.key, source.etag, *target]).encode()).hexdigest()
