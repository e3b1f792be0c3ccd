"""The message that asks for a photo, in the form in which S3 would have asked for it."""

import hashlib
import json
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote_plus

from scripts.aws.sqs_message import StoredMessage
from scripts.reconcile.listing import Listed
from scripts.sending.sender import OutgoingMessage

# Tells our messages from S3's own in a log or a dead letter.
EVENT_SOURCE = "darkroom:reconcile"


class BackfillTarget(NamedTuple):
    """What all messages of a run have in common.

    Attributes:
        bucket: the input bucket.
        queue_url: where they go; it names the account and the region.
        fingerprint: of today's settings.
    """

    bucket: str
    queue_url: str
    fingerprint: str


def backfill_message(source: Listed, errand: BackfillTarget) -> OutgoingMessage:
    """A message about one source object, as it was listed.

    Without a sequencer, because a listing has none: the function then lets the eTag decide.
    """
    record = {
        "eventVersion": "2.1",
        "eventSource": EVENT_SOURCE,
        "eventTime": datetime.fromtimestamp(source.modified, UTC).isoformat(),
        "eventName": "ObjectCreated:Put",
        "s3": {
            "bucket": {"name": errand.bucket},
            "object": {"key": quote_plus(source.key), "size": source.size_bytes, "eTag": source.etag},
        },
    }
    message = StoredMessage(id="", body=json.dumps({"Records": [record]}))
    return OutgoingMessage(item_of(source, errand), message, {"key": source.key, "etag": source.etag})


def item_of(source: Listed, errand: BackfillTarget) -> str:
    """What the journal calls a version of a source under some settings, in this bucket and for this queue."""
    return hashlib.sha256(json.dumps([source.key, source.etag, *errand]).encode()).hexdigest()
