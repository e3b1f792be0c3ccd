"""The permissions of each command: one source for policy documents, their tests, and the tables of docs/."""

from collections.abc import Mapping
from enum import StrEnum

Grants = Mapping[str, tuple[str, ...]]  # actions by resource, a name in `resources.ARNS`


class Role(StrEnum):
    """The roles of people who work with a stage."""

    DEPLOYER = "deployer"
    OPERATOR = "operator"
    READER = "reader"


def combine(*parts: Grants) -> dict[str, tuple[str, ...]]:
    """Return the grants of all parts, each action once."""
    names = sorted({resource for part in parts for resource in part})
    return {name: tuple(sorted({action for part in parts for action in part.get(name, ())})) for name in names}


_STACK: Grants = {"stack": ("cloudformation:DescribeStacks",)}
_SETTINGS: Grants = {"process function": ("lambda:GetFunctionConfiguration",)}
# ListMessageMoveTasks: dead letters that SQS moves at this moment are neither redriven nor deleted.
_READ_DLQ: Grants = {
    "dead-letter queue": (
        "sqs:ChangeMessageVisibility",
        "sqs:GetQueueAttributes",
        "sqs:ListMessageMoveTasks",
        "sqs:ReceiveMessage",
    )
}
_DELETE_FROM_DLQ: Grants = {"dead-letter queue": ("sqs:DeleteMessage",)}
_QUEUE_DEPTH: Grants = {"photo queue": ("sqs:GetQueueAttributes",)}
_SEND: Grants = {"photo queue": ("sqs:SendMessage",)}
# Of an absent object S3 says 404 only to those who may list the bucket, and 403 to others.
_READ_SOURCES: Grants = {"input bucket": ("s3:ListBucket",), "source objects": ("s3:GetObject",)}
_READ_OUTPUTS: Grants = {"output bucket": ("s3:ListBucket",), "outputs": ("s3:GetObject",)}
_DECRYPT: Grants = {"key of the buckets": ("kms:Decrypt",)}
_WATCH: Grants = {
    "watch queues": (
        "sqs:CreateQueue",
        "sqs:DeleteMessage",
        "sqs:DeleteQueue",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
        "sqs:TagQueue",
    ),
    "digest topic": ("sns:ListSubscriptionsByTopic", "sns:Subscribe"),
    "any resource": ("sns:Unsubscribe", "sqs:ListQueues"),
}
_UPLOAD = combine(
    _STACK,
    _SETTINGS,
    _READ_SOURCES,
    {"source objects": ("s3:PutObject",), "key of the buckets": ("kms:Decrypt", "kms:GenerateDataKey")},
)
_STATUS = combine(
    _STACK,
    _SETTINGS,
    _QUEUE_DEPTH,
    {
        "dead-letter queue": ("sqs:GetQueueAttributes",),
        "log of process": ("logs:StartQuery",),
        "any resource": (
            "cloudwatch:DescribeAlarms",
            "cloudwatch:GetMetricData",
            "logs:GetQueryResults",
            "logs:StopQuery",
        ),
    },
)
_DOCTOR = combine(
    _STACK,
    {
        "input bucket": ("s3:GetBucketNotification", "s3:GetBucketPublicAccessBlock"),
        "output bucket": ("s3:GetBucketPublicAccessBlock",),
        "photo queue": ("sqs:GetQueueAttributes",),
        "dead-letter queue": ("sqs:GetQueueAttributes",),
        "roll-up queue": ("sqs:GetQueueAttributes",),
        "process function": ("lambda:GetFunctionConfiguration",),
        "roll-up function": ("lambda:GetFunctionConfiguration",),
        "layer": ("lambda:GetLayerVersion",),
        "topics": ("sns:ListSubscriptionsByTopic",),
        "alarm topic": ("sns:GetTopicAttributes",),
        "schedule": ("events:DescribeRule",),
        "log of process": ("logs:FilterLogEvents",),
        "any resource": (
            "cloudwatch:DescribeAlarms",
            "events:ListRuleNamesByTarget",
            "lambda:GetAccountSettings",
            "lambda:ListEventSourceMappings",
            "sns:GetSubscriptionAttributes",
        ),
    },
)
_PROVE = combine(
    _STACK,
    _SETTINGS,
    _WATCH,
    _READ_DLQ,
    _DELETE_FROM_DLQ,
    _READ_SOURCES,
    _READ_OUTPUTS,
    {
        "source objects": ("s3:PutObject",),
        "probes": ("s3:DeleteObject",),
        "key of the buckets": ("kms:Decrypt", "kms:GenerateDataKey"),
        "layer": ("lambda:GetLayerVersion",),
        "log of process": ("logs:FilterLogEvents",),
    },
)
# What the pages of the console need: the dashboard's metric and log widgets, alarms with their history, Logs Insights.
_DASHBOARDS: Grants = {
    "dashboard": ("cloudwatch:GetDashboard",),
    "logs": ("logs:FilterLogEvents", "logs:GetLogEvents", "logs:StartQuery"),
    "any resource": (
        "cloudwatch:DescribeAlarmHistory",
        "cloudwatch:DescribeAlarms",
        "cloudwatch:GetMetricData",
        "cloudwatch:ListDashboards",
        "cloudwatch:ListMetrics",
        "logs:DescribeLogGroups",
        "logs:GetQueryResults",
        "logs:StopQuery",
    ),
}

OPERATOR_COMMANDS: dict[str, Grants] = {
    "dlq list": combine(_STACK, _READ_DLQ),
    "dlq show": combine(_STACK, _READ_DLQ, _SETTINGS, _READ_SOURCES, _READ_OUTPUTS, _DECRYPT),
    "dlq export": combine(_STACK, _READ_DLQ),
    "dlq import": combine(_STACK, _SEND),
    "dlq redrive": combine(_STACK, _READ_DLQ, _DELETE_FROM_DLQ, _SEND),
    "dlq redrive --all, by SQS": combine(
        _STACK,
        _READ_DLQ,
        _DELETE_FROM_DLQ,
        _SEND,
        _QUEUE_DEPTH,  # the queue's ARN
        {"dead-letter queue": ("sqs:CancelMessageMoveTask", "sqs:StartMessageMoveTask")},
    ),
    "dlq redrive --verify": combine(
        _STACK, _READ_DLQ, _DELETE_FROM_DLQ, _SEND, _QUEUE_DEPTH, _SETTINGS, _READ_SOURCES, _READ_OUTPUTS, _DECRYPT
    ),
    "dlq purge": combine(_STACK, _READ_DLQ, _DELETE_FROM_DLQ),
    "reconcile": combine(
        _STACK, _SETTINGS, _READ_DLQ, _QUEUE_DEPTH, _SEND, _READ_OUTPUTS, _DECRYPT, {"input bucket": ("s3:ListBucket",)}
    ),
    "report": combine(
        _STACK, _SETTINGS, _READ_DLQ, _QUEUE_DEPTH, _READ_OUTPUTS, _DECRYPT, {"input bucket": ("s3:ListBucket",)}
    ),
    "upload": _UPLOAD,
    "upload --watch": combine(
        _UPLOAD, _WATCH, _READ_DLQ, _QUEUE_DEPTH, _READ_OUTPUTS, {"log of process": ("logs:FilterLogEvents",)}
    ),
    "status": _STATUS,
    "doctor": _DOCTOR,
    "prove": _PROVE,
    "prove --deep": combine(
        _PROVE,
        {
            "every alarm": ("cloudwatch:DescribeAlarmHistory", "cloudwatch:SetAlarmState"),
            "any resource": ("cloudwatch:DescribeAlarms",),
        },
    ),
}
READER_COMMANDS: dict[str, Grants] = {"status": _STATUS, "the dashboard, alarms and Logs Insights": _DASHBOARDS}
