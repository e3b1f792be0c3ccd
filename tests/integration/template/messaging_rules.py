"""Rules for queues and topics: senders, visibility timeout, redrive policy, retention, encryption."""

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

FOURTEEN_DAYS, TEN_DAYS = 14 * 24 * 3600, 10 * 24 * 3600
NOTIFICATIONS = "NotificationConfiguration/QueueConfigurations"
STATEMENT = "PolicyDocument/Statement/0"


def _queue_policy(template: Template, queue: str) -> list[dict[str, Any]]:
    return template.statements("AWS::SQS::QueuePolicy", queue)


def _every_upload_sends_a_message(template: Template) -> bool:
    expected = [{"Event": "s3:ObjectCreated:*", "Queue": arn_of("PhotoQueue")}]
    return bool(template["InputBucket"]["NotificationConfiguration"] == {"QueueConfigurations": expected})


def _depends_on_the_queue_policy(template: Template) -> bool:
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


def _visibility_timeout_is_sufficient(template: Template) -> bool:
    mapping = template["ProcessEventSourceMappingSQSPhotoQueue"]
    least = 6 * template["ProcessLambdaFunction"]["Timeout"] + mapping["MaximumBatchingWindowInSeconds"]
    return bool(
        template["PhotoQueue"]["VisibilityTimeout"] >= least
        and template["RollUpQueue"]["VisibilityTimeout"] >= 6 * template["RollUpLambdaFunction"]["Timeout"]
    )


def _dead_letters_after_five_receives(template: Template) -> bool:
    return bool(
        template["PhotoQueue"]["RedrivePolicy"]
        == {"deadLetterTargetArn": arn_of("DeadLetterQueue"), "maxReceiveCount": 5}
    )


def _only_the_photo_queue_dead_letters(template: Template) -> bool:
    name = template["PhotoQueue"]["QueueName"]
    arn = {"Fn::Sub": f"arn:${{AWS::Partition}}:sqs:${{AWS::Region}}:${{AWS::AccountId}}:{name}"}
    return bool(
        template["DeadLetterQueue"]["RedriveAllowPolicy"] == {"redrivePermission": "byQueue", "sourceQueueArns": [arn]}
    )


def _queues_require_tls(template: Template) -> bool:
    return all(
        any(denies_without_tls(s, "sqs:*") for s in _queue_policy(template, queue))
        for queue in template.names("AWS::SQS::Queue")
    )


def _topics_require_tls(template: Template) -> bool:
    def requires_tls(topic: str) -> bool:
        statements = template.statements("AWS::SNS::TopicPolicy", topic)
        return any(denies_without_tls(s, "sns:Publish") and s["Resource"] == {"Ref": topic} for s in statements)

    return all(requires_tls(topic) for topic in template.names("AWS::SNS::Topic"))


def _only_the_digest_topic_sends(template: Template) -> bool:
    allowed = [statement for statement in _queue_policy(template, "RollUpQueue") if statement["Effect"] == "Allow"]
    return [(s["Principal"], s["Action"], s["Condition"]) for s in allowed] == [
        (
            {"Service": "sns.amazonaws.com"},
            "sqs:SendMessage",
            {"ArnEquals": {"aws:SourceArn": {"Ref": "DigestTopic"}}},
        )
    ]


def _subscriptions_are_conditional(template: Template) -> bool:
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
        _every_upload_sends_a_message,
        [
            drop("InputBucket", "NotificationConfiguration"),
            put("InputBucket", f"{NOTIFICATIONS}/0/Event", "s3:ObjectCreated:Put"),
            put("InputBucket", f"{NOTIFICATIONS}/0/Queue", arn_of("RollUpQueue")),
        ],
    ),
    Rule(
        "the bucket is created after the queue policy that lets it send",
        _depends_on_the_queue_policy,
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
        "the visibility timeout is six function timeouts and a batching window",
        _visibility_timeout_is_sufficient,
        [
            put("PhotoQueue", "VisibilityTimeout", 724),
            put("ProcessLambdaFunction", "Timeout", 121),
            put("ProcessEventSourceMappingSQSPhotoQueue", "MaximumBatchingWindowInSeconds", 6),
            put("RollUpQueue", "VisibilityTimeout", 359),
        ],
    ),
    Rule(
        "a message that fails five times goes to the dead-letter queue",
        _dead_letters_after_five_receives,
        [
            drop("PhotoQueue", "RedrivePolicy"),
            put("PhotoQueue", "RedrivePolicy/maxReceiveCount", 4),
            put("PhotoQueue", "RedrivePolicy/deadLetterTargetArn", arn_of("RollUpQueue")),
        ],
    ),
    Rule(
        "the photo queue uses long polling",
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
        lambda template: (
            template["DeadLetterQueue"]["MessageRetentionPeriod"] == FOURTEEN_DAYS
            and template["PhotoQueue"]["MessageRetentionPeriod"] == TEN_DAYS
        ),
        [
            put("DeadLetterQueue", "MessageRetentionPeriod", FOURTEEN_DAYS - 1),
            put("PhotoQueue", "MessageRetentionPeriod", FOURTEEN_DAYS),
            drop("PhotoQueue", "MessageRetentionPeriod"),
        ],
    ),
    Rule(
        "only the photo queue may dead-letter into the dead-letter queue",
        _only_the_photo_queue_dead_letters,
        [
            drop("DeadLetterQueue", "RedriveAllowPolicy"),
            put("DeadLetterQueue", "RedriveAllowPolicy/redrivePermission", "allowAll"),
            put("PhotoQueue", "QueueName", "another-queue"),
        ],
    ),
    Rule(
        "every queue allows TLS only",
        _queues_require_tls,
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
        "every topic allows TLS only",
        _topics_require_tls,
        [
            remove("SummaryTopicPolicy"),
            put("SummaryTopicPolicy", f"{STATEMENT}/Resource", {"Ref": "DigestTopic"}),
            drop("AlarmTopicPolicy", "PolicyDocument/Statement/1"),
            put("DigestTopicPolicy", f"{STATEMENT}/Condition/Bool/aws:SecureTransport", "true"),
        ],
    ),
    Rule(
        "people are subscribed only if the parameters name them",
        _subscriptions_are_conditional,
        [
            attribute("SummaryEmailSubscription", "Condition", None),
            attribute("AlarmEmailSubscription", "Condition", None),
            attribute("SummaryPhoneSubscription", "Condition", None),
        ],
    ),
)
