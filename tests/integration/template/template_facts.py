"""The facts of a stage as its packaged template would deploy it."""

import re
from collections.abc import Sequence
from typing import Any

from processing.worker.sandbox import EXPECTED_LAYERS
from scripts.stage_rules.deployed import DeployedStage
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
from scripts.stage_rules.rules import RULES, StageRule
from tests.integration.conftest import STAGE
from tests.integration.template.packaged import Template


class TemplateFacts(DeployedStage):
    """The facts of a template instead of a stage in an account; what only that has is as it should be."""

    stage = STAGE
    stack_status = "CREATE_COMPLETE"
    is_protected = True
    concurrency_limit = 1000
    existing_buckets = ()
    init_log = InitLog(dict.fromkeys(EXPECTED_LAYERS, True), "1.40.0")

    def __init__(self, template: Template) -> None:
        self._template = template

    @property
    def input_bucket(self) -> str:
        return str(self._resolve(self._template["InputBucket"]["BucketName"]))

    @property
    def open_buckets(self) -> Sequence[str]:
        settings = {
            name: self._template[name].get("PublicAccessBlockConfiguration", {})
            for name in ("InputBucket", "OutputBucket")
        }
        return [name for name, found in settings.items() if not all(found.get(each) for each in ACCESS_BLOCKS)]

    @property
    def notifications(self) -> Sequence[Notification]:
        found = self._template["InputBucket"].get("NotificationConfiguration", {}).get("QueueConfigurations", [])
        return [Notification((each["Event"],), self._resolve(each["Queue"])) for each in found]

    @property
    def queue(self) -> QueueFacts:
        return self._queue("PhotoQueue")

    @property
    def dead_letter_queue(self) -> QueueFacts:
        return self._queue("DeadLetterQueue")

    @property
    def roll_up_queue(self) -> QueueFacts:
        return self._queue("RollUpQueue")

    @property
    def function(self) -> FunctionFacts:
        return self._function("ProcessLambdaFunction")

    @property
    def roll_up(self) -> FunctionFacts:
        return self._function("RollUpLambdaFunction")

    @property
    def roll_up_is_scheduled(self) -> bool:
        return bool(self._template["RollUpEventsRuleSchedule1"]["State"] == "ENABLED")

    @property
    def mapping(self) -> MappingFacts | None:
        found = self._template["ProcessEventSourceMappingSQSPhotoQueue"]
        return MappingFacts(
            queue_arn=self._resolve(found["EventSourceArn"]),
            is_enabled=found["Enabled"],
            reports_failures="ReportBatchItemFailures" in found.get("FunctionResponseTypes", []),
            batch_size=found["BatchSize"],
            window_seconds=found["MaximumBatchingWindowInSeconds"],
            concurrency=found.get("ScalingConfig", {}).get("MaximumConcurrency"),
        )

    @property
    def subscriptions(self) -> Sequence[SubscriptionFacts]:
        found = [self._template[name] for name in self._template.names("AWS::SNS::Subscription")]
        return [
            SubscriptionFacts(
                topic_arn=self._resolve(each["TopicArn"]),
                protocol=each["Protocol"],
                endpoint=self._resolve(each["Endpoint"]),
                is_confirmed=True,
                is_raw=each.get("RawMessageDelivery", False),
            )
            for each in found
        ]

    @property
    def digest_topic(self) -> str:
        return self._arn("DigestTopic")

    @property
    def summary_topic(self) -> str:
        return self._arn("SummaryTopic")

    @property
    def alarm_topic(self) -> str:
        return self._arn("AlarmTopic")

    @property
    def alarm_topic_statements(self) -> Sequence[Statement]:
        return self._template.statements("AWS::SNS::TopicPolicy", "AlarmTopic")

    @property
    def alarms(self) -> Sequence[AlarmFacts]:
        found = [self._template[name] for name in self._template.names("AWS::CloudWatch::Alarm")]
        return [
            AlarmFacts(
                name=str(each["AlarmName"]),
                is_armed=each.get("ActionsEnabled", True),
                actions=tuple(self._resolve(action) for action in each["AlarmActions"]),
                state="OK",
            )
            for each in found
        ]

    def _queue(self, name: str) -> QueueFacts:
        found = self._template[name]
        redrive, allow = found.get("RedrivePolicy", {}), found.get("RedriveAllowPolicy", {})
        sources = allow.get("sourceQueueArns")
        return QueueFacts(
            arn=self._arn(name),
            visibility_seconds=found.get("VisibilityTimeout", 30),
            retention_seconds=found.get("MessageRetentionPeriod", 345600),
            dead_letter_target=self._resolve(redrive.get("deadLetterTargetArn", "")),
            max_receive_count=redrive.get("maxReceiveCount", 0),
            allowed_sources=tuple(map(self._resolve, sources)) if sources is not None else None,
            statements=tuple(map(self._resolve, self._template.statements("AWS::SQS::QueuePolicy", name))),
        )

    def _function(self, name: str) -> FunctionFacts:
        found = self._template[name]
        return FunctionFacts(
            arn=self._arn(name),
            is_ready=True,
            runtime=found["Runtime"],
            timeout_seconds=found["Timeout"],
            memory_mb=found["MemorySize"],
            environment=found["Environment"]["Variables"],
            description=found["Description"],
            layer_descriptions=tuple(self._template[layer["Ref"]]["Description"] for layer in found["Layers"]),
        )

    def _arn(self, name: str) -> str:
        names = ("QueueName", "TopicName", "FunctionName")
        physical = next(str(self._template[name][key]) for key in names if key in self._template[name])
        service = self._template.resource(name)["Type"].split("::")[1].lower()
        return f"arn:aws:{service}:us-east-1:123456789012:{physical}"

    def _resolve(self, value: Any) -> Any:
        """Resolve the references in a value, as CloudFormation would in one account."""
        if isinstance(value, list):
            return [self._resolve(part) for part in value]
        if not isinstance(value, dict):
            return value
        if "Fn::Sub" in value:
            return _substitute(value["Fn::Sub"])
        if "Fn::GetAtt" in value or "Ref" in value:
            name = value["Fn::GetAtt"][0] if "Fn::GetAtt" in value else value["Ref"]
            return _PSEUDO[name] if name in _PSEUDO else self._arn(name) if _is_named(self._template, name) else name
        return {key: self._resolve(part) for key, part in value.items()}


def judged_by(name: str) -> Any:
    """Return a check of a template by one of the rules for deployed stages."""
    return lambda template: not list(find_rule(name).broken(TemplateFacts(template)))


def find_rule(name: str) -> StageRule:
    """Return a rule for deployed stages by its name."""
    (found,) = [rule for rule in RULES if rule.name == name]
    return found


_PSEUDO = {"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": "123456789012"}


def _substitute(text: str) -> str:
    return re.sub(r"\$\{(AWS::\w+)\}", lambda found: _PSEUDO[found[1]], text)


def _is_named(template: Template, name: str) -> bool:
    if name not in template.document["Resources"]:
        return False
    return any(key in template[name] for key in ("QueueName", "TopicName", "FunctionName"))
