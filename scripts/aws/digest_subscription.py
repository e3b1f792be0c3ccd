"""Subscribes a temporary SQS queue to a stage's digest topic.

The stage's own follow queue exists only in the stage local, and a second reader would take digests from the first. The
temporary queue is deleted when the block ends, also on Ctrl-C. A later run finds the queues of killed runs by their
name prefix and deletes those older than a day: younger ones may be in use.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

from botocore.exceptions import ClientError

from processing.digest.batch_digest import BatchDigest
from processing.digest.json_records import UnreadableDigestError
from scripts.aws.sqs_queue import SqsQueue
from scripts.aws.stage import Stage
from scripts.cli.signals import uninterrupted

ABANDONED_SECONDS = 24 * 3600
RETENTION_SECONDS = 24 * 3600
_VISIBILITY_TIMEOUT_SECONDS = 60
_MAX_QUEUES = 1000
# Amazon SQS API reference, CreateQueue: "wait at least one second after the queue is created to be able to use it".
_AFTER_CREATION_SECONDS = 1.0


@dataclass(frozen=True)
class DigestSubscription:
    """A queue that receives every digest of a stage."""

    queue: SqsQueue

    def receive(self, wait_seconds: int) -> list[BatchDigest]:
        """Receive the next few digests; skip other messages."""
        timeout_seconds = _VISIBILITY_TIMEOUT_SECONDS
        messages = self.queue.receive(visibility_timeout_seconds=timeout_seconds, wait_seconds=wait_seconds)
        self.queue.delete([message.receipt_handle for message in messages])
        digests = []
        for message in messages:
            try:
                digests.append(BatchDigest.from_body(message.body))
            except UnreadableDigestError:
                continue  # the photos' outcomes are then read from S3 and the DLQ
        return digests


@contextmanager
def subscribe_to_digests(stage: Stage) -> Iterator[DigestSubscription]:
    """Subscribe a queue to the stage's digest topic while the block runs."""
    prefix = f"darkroom-{stage.name}-watch-"
    _delete_abandoned(stage, prefix)
    queue, subscription = None, ""
    try:
        with uninterrupted():  # an interrupt between creating and noting it would leave it behind
            name = f"{prefix}{uuid4().hex[:12]}"
            queue = _create_queue(stage, name)
            subscription = _subscribe(stage, _arn(stage, name))
            time.sleep(_AFTER_CREATION_SECONDS)
        yield DigestSubscription(queue)
    finally:
        with uninterrupted():
            if subscription:
                stage.sns.unsubscribe(SubscriptionArn=subscription)
            if queue:
                stage.sqs.delete_queue(QueueUrl=queue.url)


def _create_queue(stage: Stage, name: str) -> SqsQueue:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": _arn(stage, name),
        "Condition": {"ArnEquals": {"aws:SourceArn": stage.outputs.digest_topic_arn}},
    }
    answer = stage.sqs.create_queue(
        QueueName=name,
        Attributes={
            "Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
            "SqsManagedSseEnabled": "true",
            "MessageRetentionPeriod": str(RETENTION_SECONDS),
        },
        tags={"service": "darkroom", "stage": stage.name},
    )
    return SqsQueue(stage.sqs, answer["QueueUrl"])


def _arn(stage: Stage, name: str) -> str:
    _, partition, _, region, account, _ = stage.outputs.digest_topic_arn.split(":")
    return f"arn:{partition}:sqs:{region}:{account}:{name}"


def _subscribe(stage: Stage, queue_arn: str) -> str:
    return stage.sns.subscribe(
        TopicArn=stage.outputs.digest_topic_arn,
        Protocol="sqs",
        Endpoint=queue_arn,
        Attributes={"RawMessageDelivery": "true"},
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]


def _delete_abandoned(stage: Stage, prefix: str) -> None:
    """Delete the queues and subscriptions of killed runs."""
    urls = stage.sqs.list_queues(QueueNamePrefix=prefix, MaxResults=_MAX_QUEUES).get("QueueUrls", [])
    abandoned = [queue for queue in (SqsQueue(stage.sqs, url) for url in urls) if _is_abandoned(queue)]
    if not abandoned:
        return
    names = {queue.name for queue in abandoned}
    pages = stage.sns.get_paginator("list_subscriptions_by_topic")
    for page in pages.paginate(TopicArn=stage.outputs.digest_topic_arn):
        for subscription in page["Subscriptions"]:
            if subscription["Endpoint"].rpartition(":")[2] in names:
                stage.sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    for queue in abandoned:
        stage.sqs.delete_queue(QueueUrl=queue.url)


def _is_abandoned(queue: SqsQueue) -> bool:
    try:
        return time.time() - queue.created_at > ABANDONED_SECONDS
    except ClientError:
        return False  # another run has deleted it since
