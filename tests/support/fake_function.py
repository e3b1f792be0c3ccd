"""A fake function: the test decides each photo's outcome."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from processing.commit_marker import Marker
from processing.failures import FailureCode
from processing.output_keys import output_keys
from processing.renditions import parse_renditions
from processing.s3_events import parse_message
from processing.settings import Limits, RenderSettings
from tests.support.bare_stage import RENDITIONS, BareStage
from tests.support.dead_letters import dead_letter

SETTINGS = RenderSettings(parse_renditions(RENDITIONS), Limits(max_bytes=1, max_pixels=1, max_pages=1))


def store_outputs(s3: Any, bucket: str, key: str, etag: str, fingerprint: str = SETTINGS.fingerprint) -> None:
    """Store small outputs with a commit marker."""
    for output in output_keys(key, SETTINGS.renditions):
        s3.put_object(Bucket=bucket, Key=output, Body=b"x", Metadata=Marker(etag, "", fingerprint).to_metadata())


@contextmanager
def fake_function(stage: BareStage, failing: dict[str, FailureCode]) -> Iterator[list[str]]:
    """Consume the stage's queue while the block runs; yield the keys handled.

    Args:
        stage: the stage.
        failing: the failure codes of keys that are dead-lettered; all others are processed.
    """
    handled: list[str] = []
    stop = threading.Event()
    thread = threading.Thread(target=_consume, args=(stage, failing, handled, stop), daemon=True)
    thread.start()
    yield handled
    stop.set()
    thread.join()


def _consume(stage: BareStage, failing: dict[str, FailureCode], handled: list[str], stop: threading.Event) -> None:
    sqs, s3, outputs = stage.client("sqs"), stage.client("s3"), stage.target.outputs
    while not stop.wait(0.05):
        for message in sqs.receive_message(QueueUrl=outputs.queue_url, MaxNumberOfMessages=10).get("Messages", []):
            for source in parse_message(message["Body"]):
                if source.key in failing:
                    letter = dead_letter(source.key, code=failing[source.key], message_id=message["MessageId"])
                    letter["MessageBody"] = message["Body"]
                    sqs.send_message(QueueUrl=outputs.dead_letter_queue_url, **letter)
                else:
                    store_outputs(s3, outputs.output_bucket, source.key, source.etag)
                handled.append(source.key)
            sqs.delete_message(QueueUrl=outputs.queue_url, ReceiptHandle=message["ReceiptHandle"])
