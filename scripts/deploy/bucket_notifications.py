"""The notifications of an input bucket that is not this stack's: add the stage's own, keep all others.

S3 replaces a bucket's whole notification configuration at once and knows no condition (Amazon S3 API Reference,
PutBucketNotificationConfiguration), so a change by somebody else in the same second would be lost.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_KINDS = ("TopicConfigurations", "QueueConfigurations", "LambdaFunctionConfigurations")
_TARGETS = ("TopicArn", "QueueArn", "LambdaFunctionArn")

Notification = Mapping[str, Any]


class BucketNotifications:
    """A bucket's notifications.

    Args:
        s3: a boto3 client.
        bucket: the bucket's name.
        queue_arn: the stage's queue; a notification that names it is the stage's own.
    """

    def __init__(self, s3: Any, bucket: str, queue_arn: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._queue_arn = queue_arn

    def overlapping(self, wanted: Sequence[Notification]) -> list[str]:
        """Describe each notification of others that S3 would refuse beside the wanted ones."""
        return [
            f"{', '.join(other['Events'])} to {_target(other)} for keys {_describe(other)}"
            for other in self._others()
            if any(_overlap(other, notification) for notification in wanted)
        ]

    def set_own(self, wanted: Sequence[Notification]) -> None:
        """Replace the stage's own notifications and keep the others; with none wanted, remove its own."""
        current = self._read()
        kept = [each for each in current.get("QueueConfigurations", []) if each["QueueArn"] != self._queue_arn]
        own = [{**notification, "QueueArn": self._queue_arn} for notification in wanted]
        self._s3.put_bucket_notification_configuration(
            Bucket=self._bucket,
            NotificationConfiguration={**current, "QueueConfigurations": [*kept, *own]},
        )

    def _others(self) -> Iterator[Notification]:
        current = self._read()
        for kind in _KINDS:
            yield from (each for each in current.get(kind, []) if each.get("QueueArn") != self._queue_arn)

    def _read(self) -> dict[str, Any]:
        answer = self._s3.get_bucket_notification_configuration(Bucket=self._bucket)
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def wanted_notifications(config: Mapping[str, Any]) -> list[Notification]:
    """Return the notifications of a resolved serverless.yml in the form of S3's API, without the queue."""
    bucket = config["resources"]["Resources"]["InputBucket"]["Properties"]
    return [_for_api(each) for each in bucket["NotificationConfiguration"]["QueueConfigurations"]]


def _for_api(notification: Mapping[str, Any]) -> Notification:
    rules = notification.get("Filter", {}).get("S3Key", {}).get("Rules", [])
    key_filter = {"Filter": {"Key": {"FilterRules": rules}}} if rules else {}
    return {"Events": [notification["Event"]], **key_filter}


def _overlap(one: Notification, other: Notification) -> bool:
    """Return True if both could tell about the same event: S3 refuses such a pair."""
    events = any(_covers(a, b) or _covers(b, a) for a in one["Events"] for b in other["Events"])
    prefixes, suffixes = (_rule(one, name) for name in ("prefix", "suffix"))
    other_prefixes, other_suffixes = (_rule(other, name) for name in ("prefix", "suffix"))
    same_start = prefixes.startswith(other_prefixes) or other_prefixes.startswith(prefixes)
    same_end = suffixes.endswith(other_suffixes) or other_suffixes.endswith(suffixes)
    return events and same_start and same_end


def _covers(event: str, other: str) -> bool:
    return event == other or (event.endswith("*") and other.startswith(event[:-1]))


def _rule(notification: Notification, name: str) -> str:
    rules = notification.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    return next((str(rule["Value"]) for rule in rules if rule["Name"].lower() == name), "")


def _describe(notification: Notification) -> str:
    return f"{_rule(notification, 'prefix')}*{_rule(notification, 'suffix')}"


def _target(notification: Notification) -> str:
    return next(str(notification[name]) for name in _TARGETS if name in notification)
