"""Listens to the digests of a stage for as long as a script runs.

Through a queue of its own, subscribed to the digest topic while it listens. The stage has such a queue only on a
laptop, and reading that one would take the digests away from whoever else follows a job there. The queue may receive
from this topic and from nobody else, and goes with the block, also on Ctrl-C. One that a killed run left behind is
found by its name and removed by the next run, a day later at the earliest: it may still be somebody's.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

from botocore.exceptions import ClientError

from processing.digest.json_records import UnreadableDigestError
from processing.digest.roll_up import BatchDigest
from scripts.aws.sqs_queue import Queue
from scripts.aws.stage import Target
from scripts.cli.signals import uninterrupted

ABANDONED_SECONDS = 24 * 3600
RETENTION_SECONDS = 24 * 3600
_HOLD_SECONDS = 60
_MAX_QUEUES = 1000


@dataclass(frozen=True)
class DigestWatch:
    """A queue that receives every digest of a stage."""

    queue: Queue

    def receive(self, wait_seconds: int) -> list[BatchDigest]:
        """The next few digests; what is no digest is passed over."""
        messages = self.queue.receive(hold_seconds=_HOLD_SECONDS, wait_seconds=wait_seconds)
        self.queue.delete([message.receipt_handle for message in messages])
        digests = []
        for message in messages:
            try:
                digests.append(BatchDigest.from_body(message.body))
            except UnreadableDigestError:
                continue  # whoever waits for its outcome finds it by the commit marker
        return digests


@contextmanager
def watch_digests(target: Target) -> Iterator[DigestWatch]:
    """Subscribes a queue to the stage's digest topic while the block runs."""
    prefix = f"darkroom-{target.stage}-watch-"
    _remove_abandoned(target, prefix)
    queue, subscription = "", ""
    try:
        with uninterrupted():  # what is made is known, and so removed
            queue = _create_queue(target, f"{prefix}{uuid4().hex[:12]}")
            subscription = _subscribe(target, queue)
        yield DigestWatch(Queue(target.sqs, queue))
    finally:
        with uninterrupted():
            if subscription:
                target.sns.unsubscribe(SubscriptionArn=subscription)
            if queue:
                target.sqs.delete_queue(QueueUrl=queue)


def _create_queue(target: Target, name: str) -> str:
    topic = target.outputs.digest_topic_arn
    partition, region, account = topic.split(":")[1], topic.split(":")[3], topic.split(":")[4]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": f"arn:{partition}:sqs:{region}:{account}:{name}",
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    attributes = {
        "Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        "SqsManagedSseEnabled": "true",
        "MessageRetentionPeriod": str(RETENTION_SECONDS),
    }
    tags = {"service": "darkroom", "stage": target.stage}
    return target.sqs.create_queue(QueueName=name, Attributes=attributes, tags=tags)["QueueUrl"]  # type: ignore[arg-type]


def _subscribe(target: Target, queue: str) -> str:
    return target.sns.subscribe(
        TopicArn=target.outputs.digest_topic_arn,
        Protocol="sqs",
        Endpoint=Queue(target.sqs, queue).arn,
        Attributes={"RawMessageDelivery": "true"},
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]


def _remove_abandoned(target: Target, prefix: str) -> None:
    """Removes what killed runs left behind: queues, and the subscriptions that lead to them."""
    urls = target.sqs.list_queues(QueueNamePrefix=prefix, MaxResults=_MAX_QUEUES).get("QueueUrls", [])
    old = {Queue(target.sqs, url).name: url for url in urls if _is_abandoned(target, url)}
    if not old:
        return
    pages = target.sns.get_paginator("list_subscriptions_by_topic")
    for page in pages.paginate(TopicArn=target.outputs.digest_topic_arn):
        for subscription in page["Subscriptions"]:
            if subscription["Endpoint"].rpartition(":")[2] in old:
                target.sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    for url in old.values():
        target.sqs.delete_queue(QueueUrl=url)


def _is_abandoned(target: Target, url: str) -> bool:
    try:
        answer = target.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["CreatedTimestamp"])
    except ClientError:
        return False  # it was removed meanwhile
    return time.time() - int(answer["Attributes"]["CreatedTimestamp"]) > ABANDONED_SECONDS
