"""Rules about queues and topics: policies, visibility timeouts, redrive policies."""

from typing import Any

from tests.integration.template.packaged import (
    Rule,
    Template,
    arn_of,
    attribute,
    denies_without_tls,
    drop,
    put,
    remove,
)
from tests.integration.template.template_facts import judged_by

FOURTEEN_DAYS = 14 * 24 * 3600
NOTIFICATIONS = "NotificationConfiguration/QueueConfigurations"
STATEMENT = "PolicyDocument/Statement/0"


def _queue_policy(template: Template, queue: str) -> list[dict[str, Any]]:
    return template.statements("AWS::SQS::QueuePolicy", queue)


def _waits_for_the_policy(template: Template) -> bool:
    return "PhotoQueuePolicy" in template.resource("InputBucket")["DependsOn"]


def _only_the_bucket_sends(template: Template) -> bool:
    allowed = [statement for statement in _queue_policy(template, "PhotoQueue") if statement["Effect"] == "Allow"]
    bucket = template["InputBucket"]["BucketName"]["Fn::Sub"]
    return allowed == [
        {
            "Sid": "InputBucketSends",
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn_of("PhotoQueue"),
            "Condition": {
                "ArnEquals": {"aws:SourceArn": {"Fn::Sub": f"arn:${{AWS::Partition}}:s3:::{bucket}"}},
                "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
            },
        }
    ]


def _dead_letters_are_ours_alone(template: Template) -> bool:
    name = template["PhotoQueue"]["QueueName"]
    arn = {"Fn::Sub": f"arn:${{AWS::Partition}}:sqs:${{AWS::Region}}:${{AWS::AccountId}}:{name}"}
    return bool(
        template["DeadLetterQueue"]["RedriveAllowPolicy"] == {"redrivePermission": "byQueue", "sourceQueueArns": [arn]}
    )


def _queues_want_tls(template: Template) -> bool:
    return all(
        any(denies_without_tls(s, "sqs:*") for s in _queue_policy(template, queue))
        for queue in template.names("AWS::SQS::Queue")
    )


def _topics_want_tls(template: Template) -> bool:
    def is_closed(topic: str) -> bool:
        statements = template.statements("AWS::SNS::TopicPolicy", topic)
        return any(denies_without_tls(s, "sns:Publish") and s["Resource"] == {"Ref": topic} for s in statements)

    return all(is_closed(topic) for topic in template.names("AWS::SNS::Topic"))


def _only_the_digest_topic_sends(template: Template) -> bool:
    allowed = [statement for statement in _queue_policy(template, "RollUpQueue") if statement["Effect"] == "Allow"]
    return [(s["Principal"], s["Action"], s["Condition"]) for s in allowed] == [
        (
            {"Service": "sns.amazonaws.com"},
            "sqs:SendMessage",
            {"ArnEquals": {"aws:SourceArn": {"Ref": "DigestTopic"}}},
        )
    ]


def _nobody_is_subscribed_unasked(template: Template) -> bool:
    found = {name: template.resource(name).get("Condition") for name in template.names("AWS::SNS::Subscription")}
    return found == {
        "SummaryEmailSubscription": "HasSummaryEmail",
        "SummaryPhoneSubscription": "HasSummaryPhone",
        "AlarmEmailSubscription": "HasAlarmEmail",
        "RollUpSubscription": None,
    }


MESSAGING_RULES = (
    Rule(
        "every upload becomes a message",
        judged_by("Every upload becomes a message"),
        [
            drop("InputBucket", "NotificationConfiguration"),
            put("InputBucket", f"{NOTIFICATIONS}/0/Event", "s3:ObjectCreated:Put"),
            put("InputBucket", f"{NOTIFICATIONS}/0/Queue", arn_of("RollUpQueue")),
        ],
    ),
    Rule(
        "the bucket waits until it may send",
        _waits_for_the_policy,
        [attribute("InputBucket", "DependsOn", []), attribute("InputBucket", "DependsOn", None)],
    ),
    Rule(
        "only S3 sends, only from the input bucket and only from this account",
        _only_the_bucket_sends,
        [
            put("PhotoQueuePolicy", f"{STATEMENT}/Principal", "*"),
            put("PhotoQueuePolicy", f"{STATEMENT}/Action", "sqs:*"),
            put("PhotoQueuePolicy", f"{STATEMENT}/Resource", "*"),
            drop("PhotoQueuePolicy", f"{STATEMENT}/Condition/StringEquals"),
            drop("PhotoQueuePolicy", f"{STATEMENT}/Condition/ArnEquals"),
            put("InputBucket", "BucketName", {"Fn::Sub": "another-bucket"}),
        ],
    ),
    Rule(
        "a message stays hidden for six timeouts and a window, a digest for one timeout",
        judged_by("A message stays hidden while it is processed"),
        [
            put("PhotoQueue", "VisibilityTimeout", 724),
            put("ProcessLambdaFunction", "Timeout", 121),
            put("ProcessEventSourceMappingSQSPhotoQueue", "MaximumBatchingWindowInSeconds", 6),
            put("RollUpQueue", "VisibilityTimeout", 239),
        ],
    ),
    Rule(
        "a message that fails five times goes to the dead-letter queue",
        judged_by("A message that keeps failing is dead-lettered"),
        [
            drop("PhotoQueue", "RedrivePolicy"),
            put("PhotoQueue", "RedrivePolicy/maxReceiveCount", 4),
            put("PhotoQueue", "RedrivePolicy/deadLetterTargetArn", arn_of("RollUpQueue")),
        ],
    ),
    Rule(
        "receiving waits for messages",
        lambda template: template["PhotoQueue"]["ReceiveMessageWaitTimeSeconds"] == 20,
        [drop("PhotoQueue", "ReceiveMessageWaitTimeSeconds"), put("PhotoQueue", "ReceiveMessageWaitTimeSeconds", 0)],
    ),
    Rule(
        "every queue is encrypted",
        lambda template: all(template[q]["SqsManagedSseEnabled"] is True for q in template.names("AWS::SQS::Queue")),
        [drop("DeadLetterQueue", "SqsManagedSseEnabled"), put("RollUpQueue", "SqsManagedSseEnabled", False)],
    ),
    Rule(
        "dead letters are kept for fourteen days, and no message reaches the DLQ with less than four left",
        judged_by("Dead letters are kept as long as SQS allows"),
        [
            put("DeadLetterQueue", "MessageRetentionPeriod", FOURTEEN_DAYS - 1),
            put("PhotoQueue", "MessageRetentionPeriod", FOURTEEN_DAYS),
        ],
    ),
    Rule(
        "only the photo queue may dead-letter into the dead-letter queue",
        _dead_letters_are_ours_alone,
        [
            drop("DeadLetterQueue", "RedriveAllowPolicy"),
            put("DeadLetterQueue", "RedriveAllowPolicy/redrivePermission", "allowAll"),
            put("PhotoQueue", "QueueName", "another-queue"),
        ],
    ),
    Rule(
        "every queue is reached over TLS only",
        _queues_want_tls,
        [
            drop("PhotoQueuePolicy", "PolicyDocument/Statement/1"),
            remove("DeadLetterQueuePolicy"),
            put("RollUpQueuePolicy", "PolicyDocument/Statement/1/Effect", "Allow"),
        ],
    ),
    Rule(
        "only the digest topic sends to the roll-up",
        _only_the_digest_topic_sends,
        [
            drop("RollUpQueuePolicy", f"{STATEMENT}/Condition/ArnEquals"),
            put("RollUpQueuePolicy", f"{STATEMENT}/Principal", "*"),
        ],
    ),
    Rule(
        "every topic is encrypted",
        lambda template: all(template[topic]["KmsMasterKeyId"] for topic in template.names("AWS::SNS::Topic")),
        [drop("DigestTopic", "KmsMasterKeyId"), drop("SummaryTopic", "KmsMasterKeyId")],
    ),
    Rule(
        "every topic is reached over TLS only",
        _topics_want_tls,
        [
            remove("SummaryTopicPolicy"),
            put("SummaryTopicPolicy", f"{STATEMENT}/Resource", {"Ref": "DigestTopic"}),
            drop("AlarmTopicPolicy", "PolicyDocument/Statement/1"),
            put("DigestTopicPolicy", f"{STATEMENT}/Condition/Bool/aws:SecureTransport", "true"),
        ],
    ),
    Rule(
        "nobody is subscribed who did not ask",
        _nobody_is_subscribed_unasked,
        [
            attribute("SummaryEmailSubscription", "Condition", None),
            attribute("AlarmEmailSubscription", "Condition", None),
            attribute("SummaryPhoneSubscription", "Condition", None),
        ],
    ),
)
