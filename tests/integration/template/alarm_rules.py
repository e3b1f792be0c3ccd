"""Rules about CloudWatch alarms and the alarm topic."""

from handlers.reporting import DIGEST_NOT_SENT, METRIC_NAMES
from tests.integration.conftest import STAGE
from tests.integration.template.alarm_states import Metric, alarms, watched_metrics
from tests.integration.template.packaged import Rule, Template, attribute, drop, put, remove

QUEUE_NAME = {"Fn::GetAtt": ["PhotoQueue", "QueueName"]}
STATEMENT = "PolicyDocument/Statement/0"
OUR_ALARMS = f"arn:${{AWS::Partition}}:cloudwatch:${{AWS::Region}}:${{AWS::AccountId}}:alarm:darkroom-{STAGE}-*"
OF_OUR_ALARMS = {"ArnLike": {"aws:SourceArn": {"Fn::Sub": OUR_ALARMS}}}
# Metric and the resource that its dimension names.
WATCHED = {
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "DeadLetterQueue"),
    ("AWS/SQS", "ApproximateNumberOfMessagesNotVisible", "DeadLetterQueue"),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "PhotoQueue"),
    ("AWS/SQS", "ApproximateNumberOfMessagesNotVisible", "PhotoQueue"),
    ("AWS/SQS", "NumberOfMessagesDeleted", "PhotoQueue"),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage", "RollUpQueue"),
    ("AWS/Lambda", "Errors", "ProcessLambdaFunction"),
    ("AWS/Lambda", "Errors", "RollUpLambdaFunction"),
    ("AWS/Lambda", "Throttles", "ProcessLambdaFunction"),
    ("AWS/Lambda", "RecursiveInvocationsDropped", "ProcessLambdaFunction"),
}
OUR_WATCHED = {"DeadLettered", "Exhausted", "Retrying", DIGEST_NOT_SENT}
_NAMESPACE, _SERVICE = "POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_SERVICE_NAME"


def _metrics(template: Template, *, ours: bool) -> list[Metric]:
    metrics = [metric for alarm in alarms(template).values() for metric in watched_metrics(alarm)]
    return [metric for metric in metrics if (metric.namespace == _variables(template)[_NAMESPACE]) is ours]


def _variables(template: Template) -> dict[str, str]:
    variables: dict[str, str] = template["ProcessLambdaFunction"]["Environment"]["Variables"]
    return variables


def _named(metric: Metric) -> str:
    value = metric.dimensions[0]["Value"]
    return str(value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0])


def _aws_metrics_are_watched(template: Template) -> bool:
    return {(m.namespace, m.name, _named(m)) for m in _metrics(template, ours=False)} == WATCHED


def _our_metrics_are_watched(template: Template) -> bool:
    dimensions = [{"Name": "service", "Value": _variables(template)[_SERVICE]}]
    metrics = _metrics(template, ours=True)
    return {metric.name for metric in metrics} == OUR_WATCHED <= {*METRIC_NAMES.values(), DIGEST_NOT_SENT} and all(
        metric.dimensions == dimensions and metric.statistic == "Sum" for metric in metrics
    )


def _alarms_go_off_and_are_heard(template: Template) -> bool:
    return all(
        alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}]
        and alarm["ComparisonOperator"] == "GreaterThanThreshold"
        and alarm.get("ActionsEnabled", True)
        and template.resource(name).get("Condition", "IsAws") == "IsAws"
        for name, alarm in alarms(template).items()
    )


def _silence_is_no_alarm(template: Template) -> bool:
    # SQS reports nothing about an idle queue, whether or not it is empty.
    treatments = {name: alarm["TreatMissingData"] for name, alarm in alarms(template).items()}
    return treatments.pop("DeadLettersAlarm") == "ignore" and set(treatments.values()) == {"notBreaching"}


def _one_result_each(template: Template) -> bool:
    metric_math = [alarm["Metrics"] for alarm in alarms(template).values() if "Metrics" in alarm]
    returned = [[query["Id"] for query in queries if query["ReturnData"]] for queries in metric_math]
    expressions = [[query["Id"] for query in queries if "Expression" in query] for queries in metric_math]
    return returned == expressions and all(len(ids) == 1 for ids in expressions)


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
        "dead letters, backlogs, errors, throttles and dropped invocations are watched",
        _aws_metrics_are_watched,
        [
            *(remove(f"{name}Alarm") for name in ("DeadLetters", "Backlog", "ProcessErrors", "Throttles", "Recursion")),
            put("DeadLettersAlarm", "Metrics/1/MetricStat/Metric/Dimensions/0/Value", QUEUE_NAME),
            put("RecursionAlarm", "Dimensions/0/Value", {"Ref": "RollUpLambdaFunction"}),
        ],
    ),
    Rule(
        "our own failure metrics are watched, as the function emits them",
        _our_metrics_are_watched,
        [
            remove("PhotosFailedAlarm"),
            remove("RetriesAlarm"),
            put("PhotosFailedAlarm", "Metrics/1/MetricStat/Metric/MetricName", "Failed"),
            put("PhotosFailedAlarm", "Metrics/2/MetricStat/Metric/Dimensions/0/Value", "darkroom"),
            put("PhotosFailedAlarm", "Metrics/2/MetricStat/Stat", "Average"),
            put("RetriesAlarm", "MetricName", "Retries"),
            put("RetriesAlarm", "Dimensions/0/Name", "Service"),
            put("ProcessLambdaFunction", f"Environment/Variables/{_SERVICE}", "darkroom"),
            put("ProcessLambdaFunction", f"Environment/Variables/{_NAMESPACE}", "Another"),
        ],
    ),
    Rule(
        "every alarm goes to the alarm topic",
        _alarms_go_off_and_are_heard,
        [
            drop("ThrottlesAlarm", "AlarmActions"),
            put("BacklogAlarm", "AlarmActions", [{"Ref": "SummaryTopic"}]),
            put("DigestsAlarm", "ActionsEnabled", False),
            attribute("PhotosFailedAlarm", "Condition", "HasAlarmEmail"),
        ],
    ),
    Rule(
        "silence is no alarm, and an idle dead-letter queue keeps its state",
        _silence_is_no_alarm,
        [
            put("RetriesAlarm", "TreatMissingData", "breaching"),
            put("BacklogAlarm", "TreatMissingData", "missing"),
            put("DeadLettersAlarm", "TreatMissingData", "notBreaching"),
        ],
    ),
    Rule(
        "metric math returns its expression only: CloudWatch refuses an alarm with two results",
        _one_result_each,
        [
            put("BacklogAlarm", "Metrics/0/ReturnData", False),
            put("BacklogAlarm", "Metrics/1/ReturnData", True),
            drop("PhotosFailedAlarm", "Metrics/2/ReturnData"),
        ],
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
