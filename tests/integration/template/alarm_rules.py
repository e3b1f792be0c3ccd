"""Rules about CloudWatch alarms and the alarm topic."""

from typing import Any

from handlers.reporting import DIGEST_NOT_SENT, METRIC_NAMES
from tests.integration.conftest import STAGE
from tests.integration.template.packaged import Rule, Template, drop, put, remove

STATEMENT = "PolicyDocument/Statement/0"
OUR_ALARMS = f"arn:${{AWS::Partition}}:cloudwatch:${{AWS::Region}}:${{AWS::AccountId}}:alarm:darkroom-{STAGE}-*"
OF_OUR_ALARMS = {"ArnLike": {"aws:SourceArn": {"Fn::Sub": OUR_ALARMS}}}
# Metric and the resource that its dimension names.
WATCHED = {
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "DeadLetterQueue"),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage", "PhotoQueue"),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage", "RollUpQueue"),
    ("AWS/Lambda", "Errors", "ProcessLambdaFunction"),
    ("AWS/Lambda", "Errors", "RollUpLambdaFunction"),
    ("AWS/Lambda", "Throttles", "ProcessLambdaFunction"),
}


def _alarms(template: Template, *, ours: bool) -> list[dict[str, Any]]:
    alarms = [template[name] for name in template.names("AWS::CloudWatch::Alarm")]
    return [alarm for alarm in alarms if (alarm["Namespace"] == _variables(template)[_NAMESPACE]) is ours]


_NAMESPACE, _SERVICE = "POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_SERVICE_NAME"


def _variables(template: Template) -> dict[str, str]:
    variables: dict[str, str] = template["ProcessLambdaFunction"]["Environment"]["Variables"]
    return variables


def _named(dimension: dict[str, Any]) -> str:
    value = dimension["Value"]
    return str(value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0])


def _aws_metrics_are_watched(template: Template) -> bool:
    found = {(a["Namespace"], a["MetricName"], _named(a["Dimensions"][0])) for a in _alarms(template, ours=False)}
    return found == WATCHED


def _our_metrics_are_watched(template: Template) -> bool:
    dimensions = [{"Name": "service", "Value": _variables(template)[_SERVICE]}]
    alarms = _alarms(template, ours=True)
    emitted = {*METRIC_NAMES.values(), DIGEST_NOT_SENT}
    return {"Retrying", "DigestNotSent"} == {a["MetricName"] for a in alarms} <= emitted and all(
        alarm["Dimensions"] == dimensions and alarm["Statistic"] == "Sum" for alarm in alarms
    )


def _alarms_go_off_and_are_heard(template: Template) -> bool:
    return all(
        alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}]
        and alarm["ComparisonOperator"] == "GreaterThanThreshold"
        and alarm["TreatMissingData"] == "notBreaching"
        and alarm.get("ActionsEnabled", True)
        for alarm in (template[name] for name in template.names("AWS::CloudWatch::Alarm"))
    )


def _one_dead_letter_is_enough(template: Template) -> bool:
    alarm = template["DeadLettersAlarm"]
    return bool(alarm["Threshold"] == 0 and alarm["EvaluationPeriods"] == 1 and alarm["Statistic"] == "Maximum")


def _retries_are_an_alarm_when_they_last(template: Template) -> bool:
    alarm = template["RetriesAlarm"]
    return bool(
        alarm["Threshold"] == template["ProcessEventSourceMappingSQSPhotoQueue"]["BatchSize"]
        and alarm["EvaluationPeriods"] * alarm["Period"] == 900
    )


def _cloudwatch_may_publish(template: Template) -> bool:
    (allowed,) = [s for s in template["AlarmTopicPolicy"]["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
    return bool(
        allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
        and allowed["Action"] == "sns:Publish"
        and allowed["Condition"] == OF_OUR_ALARMS
    )


def _cloudwatch_may_use_the_key(template: Template) -> bool:
    statements = template["AlarmTopicKey"]["KeyPolicy"]["Statement"]
    granted = [s for s in statements if s["Principal"] == {"Service": "cloudwatch.amazonaws.com"}]
    return bool(
        template["AlarmTopic"]["KmsMasterKeyId"] == {"Ref": "AlarmTopicKey"}
        and [(s["Effect"], s["Action"], s["Condition"]) for s in granted]
        == [("Allow", ["kms:Decrypt", "kms:GenerateDataKey*"], OF_OUR_ALARMS)]
        and template["AlarmTopicKey"]["EnableKeyRotation"] is True
    )


ALARM_RULES = (
    Rule(
        "dead letters, backlogs, errors and throttles are watched",
        _aws_metrics_are_watched,
        [
            *(remove(f"{name}Alarm") for name in ("DeadLetters", "Backlog", "ProcessErrors", "Throttles")),
            put("DeadLettersAlarm", "Dimensions/0/Value", {"Fn::GetAtt": ["PhotoQueue", "QueueName"]}),
        ],
    ),
    Rule(
        "our own failure metrics are watched, as the function emits them",
        _our_metrics_are_watched,
        [
            remove("RetriesAlarm"),
            put("RetriesAlarm", "MetricName", "Retries"),
            put("RetriesAlarm", "Dimensions/0/Value", "darkroom"),
            put("RetriesAlarm", "Dimensions/0/Name", "Service"),
            put("ProcessLambdaFunction", f"Environment/Variables/{_SERVICE}", "darkroom"),
            put("ProcessLambdaFunction", f"Environment/Variables/{_NAMESPACE}", "Another"),
        ],
    ),
    Rule(
        "every alarm goes to the alarm topic, and silence is no alarm",
        _alarms_go_off_and_are_heard,
        [
            drop("ThrottlesAlarm", "AlarmActions"),
            put("BacklogAlarm", "AlarmActions", [{"Ref": "SummaryTopic"}]),
            put("RetriesAlarm", "TreatMissingData", "breaching"),
            put("DigestsAlarm", "ActionsEnabled", False),
        ],
    ),
    Rule(
        "one dead letter is enough",
        _one_dead_letter_is_enough,
        [put("DeadLettersAlarm", "Threshold", 1), put("DeadLettersAlarm", "EvaluationPeriods", 5)],
    ),
    Rule(
        "more than a batch of retries in each five minutes of a quarter of an hour is an alarm",
        _retries_are_an_alarm_when_they_last,
        [put("RetriesAlarm", "Threshold", 0), put("RetriesAlarm", "EvaluationPeriods", 1)],
    ),
    Rule(
        "CloudWatch may publish to the alarm topic, for this stage's alarms only",
        _cloudwatch_may_publish,
        [
            drop("AlarmTopicPolicy", f"{STATEMENT}/Condition"),
            put("AlarmTopicPolicy", f"{STATEMENT}/Condition/ArnLike/aws:SourceArn", "*"),
            put("AlarmTopicPolicy", f"{STATEMENT}/Principal", "*"),
            put("AlarmTopicPolicy", f"{STATEMENT}/Action", "sns:*"),
        ],
    ),
    Rule(
        "the alarm topic's key lets CloudWatch in",
        _cloudwatch_may_use_the_key,
        [
            put("AlarmTopic", "KmsMasterKeyId", "alias/aws/sns"),
            drop("AlarmTopicKey", "KeyPolicy/Statement/1"),
            drop("AlarmTopicKey", "KeyPolicy/Statement/1/Action/1"),
            put("AlarmTopicKey", "EnableKeyRotation", False),
        ],
    ),
)
