"""The message that asks for a photo, in the form in which S3 would have asked for it."""

import hashlib
import json
from datetime import UTC, datetime
from urllib.parse import quote_plus

from scripts.reconcile.listing import Listed
from scripts.sending import Shipment
from scripts.sqs_messages import Message

# Tells our messages from S3's own in a log or a dead letter.
EVENT_SOURCE = "darkroom:reconcile"


def make_shipment(source: Listed, bucket: str, fingerprint: str) -> Shipment:
    """A message about one source object, as it was listed.

    Without a sequencer, because a listing has none: the function then lets the eTag decide.
    """
    record = {
        "eventVersion": "2.1",
        "eventSource": EVENT_SOURCE,
        "eventTime": datetime.fromtimestamp(source.modified, UTC).isoformat(),
        "eventName": "ObjectCreated:Put",
        "s3": {
            "bucket": {"name": bucket},
            "object": {"key": quote_plus(source.key), "size": source.size_bytes, "eTag": source.etag},
        },
    }
    message = Message(id="", body=json.dumps({"Records": [record]}))
    return Shipment(item_of(source, fingerprint), message, {"key": source.key, "etag": source.etag})


def item_of(source: Listed, fingerprint: str) -> str:
    """What the journal calls a version of a source under some settings: it is sent once, and not again."""
    return hashlib.sha256(json.dumps([source.key, source.etag, fingerprint]).encode()).hexdigest()
