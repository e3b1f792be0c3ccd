"""Rules about the CloudWatch dashboard."""

import re
from typing import Any

from handlers.reporting import DIGEST_NOT_SENT, METRIC_NAMES, SANDBOX_INCOMPLETE
from scripts.aws.prices import PRICES
from tests.integration.template.alarm_states import alarms
from tests.integration.template.dashboard import (
    DASHBOARD,
    REFERENCE,
    DashboardMetric,
    edited,
    metrics,
    properties,
    queries,
    replaced,
    widgets,
)
from tests.integration.template.packaged import Rule, Template, attribute, put, remove

COLUMNS = 24
SECTIONS = ["Is it keeping up?", "What fails?", "How fast is it?", "What does it cost?"]
# The metrics that AWS publishes, with their dimension and the type of the resource that it names: Amazon SQS Developer
# Guide, "Available CloudWatch metrics for Amazon SQS"; AWS Lambda Developer Guide, "Types of metrics", 2026.
AWS_METRICS = {
    "AWS/SQS": (
        "QueueName",
        "AWS::SQS::Queue",
        {
            "ApproximateAgeOfOldestMessage",
            "ApproximateNumberOfMessagesVisible",
            "ApproximateNumberOfMessagesNotVisible",
            "NumberOfMessagesSent",
            "NumberOfMessagesReceived",
            "NumberOfMessagesDeleted",
        },
    ),
    "AWS/Lambda": (
        "FunctionName",
        "AWS::Lambda::Function",
        {"Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions", "RecursiveInvocationsDropped"},
    ),
}
OUR_METRICS = {*METRIC_NAMES.values(), DIGEST_NOT_SENT, SANDBOX_INCOMPLETE}


def _every_widget_asks_a_question(template: Template) -> bool:
    titles = [shown["title"] for shown in properties(template, "alarm", "metric", "log")]
    return len(set(titles)) == len(titles) and all(title.endswith("?") for title in titles)


def _sections_come_in_order(template: Template) -> bool:
    texts = [shown["markdown"] for shown in properties(template, "text")]
    return [text.removeprefix("## ") for text in texts if text.startswith("## ")] == SECTIONS


def _every_row_is_filled(template: Template) -> bool:
    left = 0
    for widget in widgets(template):
        left += widget["width"]
        if left > COLUMNS:
            return False
        left %= COLUMNS
    return left == 0


def _every_alarm_is_shown(template: Template) -> bool:
    (shown,) = properties(template, "alarm")
    return sorted(arn.rpartition(":")[2] for arn in shown["alarms"]) == sorted(
        alarm["AlarmName"] for alarm in alarms(template).values()
    )


def _every_metric_exists(template: Template) -> bool:
    return all(_exists(template, metric) for metric in metrics(template))


def _exists(template: Template, metric: DashboardMetric) -> bool:
    variables = template["ProcessLambdaFunction"]["Environment"]["Variables"]
    if metric.namespace == variables["POWERTOOLS_METRICS_NAMESPACE"]:
        is_ours = (metric.dimension, metric.resource) == ("service", variables["POWERTOOLS_SERVICE_NAME"])
        return is_ours and metric.name in OUR_METRICS
    dimension, resource_type, names = AWS_METRICS[metric.namespace]
    resource = template.resource(metric.resource)
    return metric.dimension == dimension and resource["Type"] == resource_type and metric.name in names


def _every_metric_of_ours_is_read(template: Template) -> bool:
    return not OUR_METRICS - {metric.name for metric in metrics(template)}


def _every_metric_has_a_statistic(template: Template) -> bool:
    return all(
        "stat" in shown or all("stat" in row[-1] for row in shown["metrics"])
        for shown in properties(template, "metric")
    )


def _expressions_use_hidden_metrics(template: Template) -> bool:
    for shown in properties(template, "metric"):
        rows = [row[-1] for row in shown["metrics"]]
        used = {word for row in rows for word in re.findall(r"\b[a-z]\w*", row.get("expression", ""))}
        if used != {row["id"] for row in rows if row.get("visible") is False}:
            return False
    return True


def _every_reference_leads_somewhere(template: Template) -> bool:
    named = set(REFERENCE.findall(template[DASHBOARD]["DashboardBody"]["Fn::Sub"]))
    resources = {name.partition(".")[0] for name in named if not name.startswith("AWS::")}
    conditional = {name for name in resources if template.resource(name).get("Condition")}
    return not conditional and resources <= set(template.document["Resources"])


def _every_widget_reads_this_region(template: Template) -> bool:
    return all(shown["region"] == "${AWS::Region}" for shown in properties(template, "metric", "log"))


def _queries_read_the_log_of_the_function(template: Template) -> bool:
    return bool(queries(template)) and all(
        query.startswith("SOURCE '${ProcessLogGroup}' | ") for query in queries(template)
    )


def _prices_are_those_of_the_list(template: Template) -> bool:
    (query,) = [query for query in queries(template) if "billedDurationMs" in query]
    prices = (PRICES.s3_put, PRICES.s3_get, PRICES.lambda_gb_second, PRICES.lambda_request)
    return set(re.findall(r"0\.0\d+", query)) == {f"{price:.10f}".rstrip("0") for price in prices}


def _a_parameter_switches_it_off(template: Template) -> bool:
    condition: Any = template.document["Conditions"][template.resource(DASHBOARD)["Condition"]]
    parameter, value = condition["Fn::Equals"]
    return bool(template.document["Parameters"][parameter["Ref"]]["Default"] == value == "on")


DASHBOARD_RULES = (
    Rule(
        "every widget of the dashboard asks a question of its own",
        _every_widget_asks_a_question,
        [
            replaced("How many dead letters are there?", "Dead letters"),
            replaced("What became of the photos?", "How many dead letters are there?"),
        ],
    ),
    Rule(
        "the dashboard shows whether it keeps up, then failures, then speed, then costs",
        _sections_come_in_order,
        [
            edited(lambda shown: shown.append(shown.pop(1))),
            replaced("## What fails?", "## Failures"),
        ],
    ),
    Rule(
        "the widgets fill every row of the dashboard",
        _every_row_is_filled,
        [edited(lambda shown: shown[2].update(width=7)), edited(lambda shown: shown.pop())],
    ),
    Rule(
        "every alarm is on the dashboard",
        _every_alarm_is_shown,
        [
            remove("BacklogAlarm"),
            put("BacklogAlarm", "AlarmName", "darkroom-prod-stuck"),
            edited(lambda shown: shown[0]["properties"]["alarms"].pop()),
        ],
    ),
    Rule(
        "every metric on the dashboard is one that AWS or the function emits",
        _every_metric_exists,
        [
            replaced('"NumberOfMessagesSent"', '"NumberOfMessages"'),
            replaced('"ConcurrentExecutions", "FunctionName"', '"ConcurrentExecutions", "Function"'),
            replaced('"Processed", "service", "darkroom-prod"', '"Processed", "service", "darkroom-dev"'),
            replaced('"SandboxIncomplete"', '"Sandbox"'),
            replaced('"QueueName", "${DeadLetterQueue.QueueName}"', '"QueueName", "${ProcessLambdaFunction}"'),
        ],
    ),
    Rule(
        "every metric of the function is on the dashboard",
        _every_metric_of_ours_is_read,
        [replaced('"SandboxIncomplete"', '"DigestNotSent"'), replaced('"Exhausted"', '"Retrying"')],
    ),
    Rule(
        "every metric on the dashboard has its statistic",
        _every_metric_has_a_statistic,
        [replaced('"stat": "p99"', '"label": "p99"'), replaced('"stat": "Sum", "period": 60', '"period": 60')],
    ),
    Rule(
        "expressions on the dashboard use metrics that are hidden, and no others",
        _expressions_use_hidden_metrics,
        [replaced('"id": "done"', '"id": "processed"'), replaced('"visible": false', '"visible": true')],
    ),
    Rule(
        "every reference of the dashboard leads to a resource that each stage has",
        _every_reference_leads_somewhere,
        [replaced("${PhotoQueue.QueueName}", "${FollowQueue.QueueName}"), replaced("${ProcessLogGroup}", "${Log}")],
    ),
    Rule(
        "every widget reads the region of the stage",
        _every_widget_reads_this_region,
        [replaced('"region": "${AWS::Region}"', '"region": "us-east-1"')],
    ),
    Rule(
        "the queries of the dashboard read the log of the function",
        _queries_read_the_log_of_the_function,
        [replaced("SOURCE '${ProcessLogGroup}'", "SOURCE '${RollUpLogGroup}'")],
    ),
    Rule(
        "the prices on the dashboard are those of the price list",
        _prices_are_those_of_the_list,
        [replaced("0.0000133334", "0.0000133335"), replaced("outputs * 0.000005", "outputs * 0.00005")],
    ),
    Rule(
        "a parameter switches the dashboard off, and it is on by default",
        _a_parameter_switches_it_off,
        [
            attribute(DASHBOARD, "Condition", None),
            attribute(DASHBOARD, "Condition", "IsLocal"),
            lambda template: template.document["Parameters"]["Dashboard"].update(Default="off"),
        ],
    ),
)
