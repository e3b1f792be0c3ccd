"""Read the facts of a deployed stage from AWS, each when a rule asks for it."""

import json
import re
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError

from scripts.aws.sqs_queue import SqsQueue
from scripts.aws.stack_outputs import SERVICE
from scripts.aws.stage import Stage, make_client
from scripts.stage_rules.facts import (
    ACCESS_BLOCKS,
    AlarmFacts,
    FunctionFacts,
    InitLog,
    MappingFacts,
    Notification,
    QueueFacts,
    Statement,
    SubscriptionFacts,
)

LOG_SECONDS = 7 * 24 * 3600
# Lines of a cold start, see handlers/reporting.py and handlers/clients.py.
INIT_LINES = '{ ($.message = "Worker sandbox") || ($.errorMessage = "*botocore is*") }'
_OLD_SDK = re.compile(r"the runtime's botocore is (\d+\.\d+(?:\.\d+)?)")


class DeployedStage:
    """The facts of a stage in an account. Reading one may raise botocore's errors."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    @property
    def stage(self) -> str:
        return self._stage.name

    @property
    def stack_status(self) -> str:
        return str(self._stack["StackStatus"])

    @property
    def is_protected(self) -> bool:
        return bool(self._stack.get("EnableTerminationProtection"))

    @property
    def input_bucket(self) -> str:
        return self._stage.outputs.input_bucket

    @property
    def digest_topic(self) -> str:
        return self._stage.outputs.digest_topic_arn

    @property
    def summary_topic(self) -> str:
        return self._stage.outputs.summary_topic_arn

    @property
    def alarm_topic(self) -> str:
        return self._stage.outputs.alarm_topic_arn

    @cached_property
    def open_buckets(self) -> Sequence[str]:
        buckets = (self._stage.outputs.input_bucket, self._stage.outputs.output_bucket)
        return [bucket for bucket in buckets if not self._is_closed(bucket)]

    @cached_property
    def existing_buckets(self) -> Sequence[str]:
        """The buckets that are not the stack's own."""
        buckets = {
            "CreateInputBucket": self._stage.outputs.input_bucket,
            "CreateOutputBucket": self._stage.outputs.output_bucket,
        }
        return [bucket for parameter, bucket in buckets.items() if self._parameter(parameter) == "false"]

    @cached_property
    def notifications(self) -> Sequence[Notification]:
        answer = self._stage.s3.get_bucket_notification_configuration(Bucket=self.input_bucket)
        return [Notification(tuple(each["Events"]), each["QueueArn"]) for each in answer.get("QueueConfigurations", [])]

    @cached_property
    def queue(self) -> QueueFacts:
        return self._queue(self._stage.outputs.queue_url)

    @cached_property
    def dead_letter_queue(self) -> QueueFacts:
        return self._queue(self._stage.outputs.dead_letter_queue_url)

    @cached_property
    def roll_up_queue(self) -> QueueFacts:
        return self._queue(self._stage.outputs.roll_up_queue_url)

    @cached_property
    def function(self) -> FunctionFacts:
        return self._function(self._stage.outputs.process_function)

    @cached_property
    def roll_up(self) -> FunctionFacts:
        return self._function(f"{SERVICE}-{self.stage}-roll-up")

    @cached_property
    def roll_up_is_scheduled(self) -> bool:
        events = self._client("events")
        names = events.list_rule_names_by_target(TargetArn=self.roll_up.arn)["RuleNames"]
        return any(events.describe_rule(Name=name)["State"] == "ENABLED" for name in names)

    @cached_property
    def mapping(self) -> MappingFacts | None:
        name = self._stage.outputs.process_function
        for each in self._stage.functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]:
            return _mapping(each)
        return None

    @cached_property
    def subscriptions(self) -> Sequence[SubscriptionFacts]:
        topics = (self.digest_topic, self.summary_topic, self.alarm_topic)
        return [found for topic in topics for found in self._subscriptions(topic)]

    @cached_property
    def alarm_topic_statements(self) -> Sequence[Statement]:
        attributes = self._stage.sns.get_topic_attributes(TopicArn=self.alarm_topic)["Attributes"]
        return _statements(attributes.get("Policy", ""))

    @cached_property
    def alarms(self) -> Sequence[AlarmFacts]:
        pages = self._stage.cloudwatch.get_paginator("describe_alarms")
        named = pages.paginate(AlarmNamePrefix=f"{SERVICE}-{self.stage}-")
        return [_alarm(alarm) for page in named for alarm in page.get("MetricAlarms", [])]

    @cached_property
    def concurrency_limit(self) -> int:
        return int(self._stage.functions.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"])

    @cached_property
    def init_log(self) -> InitLog | None:
        """The newest cold start that the function logged."""
        pages = self._stage.logs.get_paginator("filter_log_events").paginate(
            logGroupName=f"/aws/lambda/{self._stage.outputs.process_function}",
            filterPattern=INIT_LINES,
            startTime=int((time.time() - LOG_SECONDS) * 1000),
        )
        found = [_init_log(event["message"]) for page in pages for event in page["events"]]
        return next((init_log for init_log in reversed(found) if init_log), None)

    @cached_property
    def kms_key(self) -> str:
        """The parameter kmsKeyArn; empty without one."""
        return self._parameter("KmsKeyArn")

    def _parameter(self, name: str) -> str:
        """Return a parameter of the stack; empty without it."""
        parameters = {entry["ParameterKey"]: entry["ParameterValue"] for entry in self._stack.get("Parameters", [])}
        return str(parameters.get(name, ""))

    @cached_property
    def _stack(self) -> Mapping[str, Any]:
        name = f"{SERVICE}-{self.stage}"
        (stack,) = self._client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        return dict(stack)

    def _client(self, service: str) -> Any:
        return make_client(self._stage.session, service, self._stage.endpoint_url)

    def _is_closed(self, bucket: str) -> bool:
        try:
            answer = self._stage.s3.get_public_access_block(Bucket=bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchPublicAccessBlockConfiguration":
                raise
            return False
        return all(answer["PublicAccessBlockConfiguration"].get(setting) for setting in ACCESS_BLOCKS)

    def _queue(self, url: str) -> QueueFacts:
        answer = self._stage.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        redrive = json.loads(answer.get("RedrivePolicy", "{}"))
        allow = json.loads(answer.get("RedriveAllowPolicy", "{}"))
        sources = {"byQueue": tuple(allow.get("sourceQueueArns", ())), "denyAll": ()}
        return QueueFacts(
            arn=answer["QueueArn"],
            visibility_seconds=int(answer["VisibilityTimeout"]),
            retention_seconds=int(answer["MessageRetentionPeriod"]),
            dead_letter_target=redrive.get("deadLetterTargetArn", ""),
            max_receive_count=int(redrive.get("maxReceiveCount", 0)),
            allowed_sources=sources.get(allow.get("redrivePermission", "allowAll")),
            statements=tuple(_statements(answer.get("Policy", ""))),
            waiting=SqsQueue(self._stage.sqs, url).depth().all,
        )

    def _function(self, name: str) -> FunctionFacts:
        found = self._stage.functions.get_function_configuration(FunctionName=name)
        layers = [
            self._stage.functions.get_layer_version_by_arn(Arn=layer["Arn"]).get("Description", "")
            for layer in found.get("Layers", [])
        ]
        has_failed = "Failed" in (found.get("State"), found.get("LastUpdateStatus"))
        return FunctionFacts(
            arn=found["FunctionArn"],
            is_ready=not has_failed,
            runtime=found["Runtime"],
            timeout_seconds=found["Timeout"],
            memory_mb=found["MemorySize"],
            environment=found.get("Environment", {}).get("Variables", {}),
            description=found.get("Description", ""),
            layer_descriptions=tuple(layers),
        )

    def _subscriptions(self, topic: str) -> list[SubscriptionFacts]:
        pages = self._stage.sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
        return [self._subscription(topic, each) for page in pages for each in page["Subscriptions"]]

    def _subscription(self, topic: str, found: Mapping[str, Any]) -> SubscriptionFacts:
        # SNS API Reference, ListSubscriptionsByTopic: an ARN only after the confirmation.
        is_confirmed = found["SubscriptionArn"].startswith("arn:")
        is_raw = False
        if is_confirmed and found["Protocol"] == "sqs":
            arn = found["SubscriptionArn"]
            attributes = self._stage.sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
            is_raw = attributes.get("RawMessageDelivery") == "true"
            is_confirmed = attributes.get("PendingConfirmation", "false") == "false"
        return SubscriptionFacts(
            topic_arn=topic,
            protocol=found["Protocol"],
            endpoint=found["Endpoint"],
            is_confirmed=is_confirmed,
            is_raw=is_raw,
        )


def _statements(policy: str) -> list[Statement]:
    return list(json.loads(policy)["Statement"]) if policy else []


def _mapping(found: Mapping[str, Any]) -> MappingFacts:
    return MappingFacts(
        queue_arn=found["EventSourceArn"],
        is_enabled=found["State"] in ("Enabled", "Enabling", "Creating", "Updating"),
        reports_failures="ReportBatchItemFailures" in found.get("FunctionResponseTypes", []),
        batch_size=found["BatchSize"],
        window_seconds=found.get("MaximumBatchingWindowInSeconds", 0),
        concurrency=found.get("ScalingConfig", {}).get("MaximumConcurrency"),
    )


def _alarm(found: Mapping[str, Any]) -> AlarmFacts:
    return AlarmFacts(
        name=found["AlarmName"],
        is_armed=found["ActionsEnabled"],
        actions=tuple(found["AlarmActions"]),
        state=found["StateValue"],
    )


def _init_log(line: str) -> InitLog | None:
    """Read a line of the log; return None for any other line, which a local AWS does not filter out."""
    if refused := _OLD_SDK.search(line):
        return InitLog({}, refused[1])
    try:
        document = json.loads(line)
    except ValueError:
        return None
    if not isinstance(document, dict) or document.get("message") != "Worker sandbox":
        return None
    return InitLog(document["sandbox"], document.get("sdk", ""))
