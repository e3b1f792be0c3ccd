from copy import deepcopy
from typing import Any

import pytest

from scripts.deploy.bucket_notifications import BucketNotifications, wanted_notifications

QUEUE = "arn:aws:sqs:eu-central-1:123456789012:darkroom-prod-photos"
WANTED = [{"Events": ["s3:ObjectCreated:*"]}]


def filtered(events: str, prefix: str = "", suffix: str = "") -> dict[str, Any]:
    rules = [{"Name": "Prefix", "Value": prefix}, {"Name": "Suffix", "Value": suffix}]
    return {"Events": [events], "Filter": {"Key": {"FilterRules": rules}}}


class NotificationStore:
    """An S3 client that keeps the notifications of one bucket."""

    def __init__(self, **configuration: Any) -> None:
        self.configuration: dict[str, Any] = configuration

    def get_bucket_notification_configuration(self, *, Bucket: str) -> dict[str, Any]:  # noqa: N803 (boto3's names)
        assert Bucket == "photos"
        return {"ResponseMetadata": {}, **deepcopy(self.configuration)}

    def put_bucket_notification_configuration(
        self,
        *,
        Bucket: str,  # noqa: N803
        NotificationConfiguration: dict[str, Any],  # noqa: N803
    ) -> None:
        assert Bucket == "photos"
        self.configuration = NotificationConfiguration


OTHERS = {
    "TopicConfigurations": [{"TopicArn": "arn:topic", **filtered("s3:ObjectRemoved:*")}],
    "QueueConfigurations": [{"QueueArn": "arn:other", **filtered("s3:ObjectCreated:*", "invoices/")}],
    "LambdaFunctionConfigurations": [{"LambdaFunctionArn": "arn:f", **filtered("s3:ObjectCreated:Put", "", ".csv")}],
    "EventBridgeConfiguration": {},
}


def notifications(store: NotificationStore) -> BucketNotifications:
    return BucketNotifications(store, "photos", QUEUE)


def test_the_notifications_of_others_stay() -> None:
    store = NotificationStore(**OTHERS)
    notifications(store).set_own([filtered("s3:ObjectCreated:*", "photos/")])
    own = {"QueueArn": QUEUE, **filtered("s3:ObjectCreated:*", "photos/")}
    assert store.configuration == {**OTHERS, "QueueConfigurations": [*OTHERS["QueueConfigurations"], own]}


def test_a_second_deployment_replaces_its_own_notification() -> None:
    store = NotificationStore()
    notifications(store).set_own(WANTED)
    notifications(store).set_own([filtered("s3:ObjectCreated:*", "photos/")])
    assert store.configuration["QueueConfigurations"] == [
        {"QueueArn": QUEUE, **filtered("s3:ObjectCreated:*", "photos/")}
    ]


def test_removing_leaves_what_was_there_before() -> None:
    store = NotificationStore(**OTHERS)
    notifications(store).set_own(WANTED)
    notifications(store).set_own([])
    assert store.configuration == OTHERS


@pytest.mark.parametrize(
    ("theirs", "ours", "overlaps"),
    [
        (filtered("s3:ObjectCreated:*"), filtered("s3:ObjectCreated:*"), True),
        (filtered("s3:ObjectCreated:Put"), filtered("s3:ObjectCreated:*"), True),
        (filtered("s3:ObjectRemoved:*"), filtered("s3:ObjectCreated:*"), False),
        (filtered("s3:ObjectCreated:*", "a/"), filtered("s3:ObjectCreated:*", "b/"), False),
        (filtered("s3:ObjectCreated:*", "a/"), filtered("s3:ObjectCreated:*", "a/b/"), True),
        (filtered("s3:ObjectCreated:*", "a/"), filtered("s3:ObjectCreated:*", "", ".jpg"), True),
        (filtered("s3:ObjectCreated:*", "", ".png"), filtered("s3:ObjectCreated:*", "", ".jpg"), False),
        (filtered("s3:ObjectCreated:*", "", "1.jpg"), filtered("s3:ObjectCreated:*", "", ".jpg"), True),
        (filtered("s3:ObjectCreated:*", "a/", ".png"), filtered("s3:ObjectCreated:*", "a/", ".jpg"), False),
    ],
)
def test_what_s3_would_refuse_is_told_before(theirs: dict[str, Any], ours: dict[str, Any], overlaps: bool) -> None:
    store = NotificationStore(TopicConfigurations=[{"TopicArn": "arn:topic", **theirs}])
    told = notifications(store).overlapping([ours])
    assert ["arn:topic" in each for each in told] == ([True] if overlaps else [])


def test_a_stages_own_notification_does_not_overlap_with_itself() -> None:
    store = NotificationStore(QueueConfigurations=[{"QueueArn": QUEUE, **filtered("s3:ObjectCreated:*")}])
    assert notifications(store).overlapping(WANTED) == []


def test_the_template_and_the_api_ask_for_the_same_notifications() -> None:
    rules = [{"Name": "suffix", "Value": ".jpg"}]
    in_template = [{"Event": "s3:ObjectCreated:*", "Queue": {}, "Filter": {"S3Key": {"Rules": rules}}}]
    bucket = {"Properties": {"NotificationConfiguration": {"QueueConfigurations": in_template}}}
    assert wanted_notifications({"resources": {"Resources": {"InputBucket": bucket}}}) == [
        {"Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": rules}}}
    ]
