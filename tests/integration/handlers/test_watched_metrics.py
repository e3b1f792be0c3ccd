"""Alarms and dashboard read the metrics and the log lines that the function writes."""

import json
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from aws_lambda_powertools import Metrics

from tests.integration.handlers.conftest import Aws
from tests.integration.template import dashboard
from tests.integration.template.alarm_states import alarms, watched_metrics
from tests.integration.template.packaged import Template
from tests.support.fault_injection import answering, aws_error
from tests.support.photos import jpeg

NAMESPACE = "Darkroom"
# AWS Lambda Developer Guide, "Lambda Telemetry API Event schema reference", platform.report: Lambda writes it after
# each invocation, initDurationMs after a cold start only.
REPORT_FIELDS = {
    "type",
    *(f"record.metrics.{name}" for name in ("durationMs", "billedDurationMs", "initDurationMs")),
    *(f"record.metrics.{name}" for name in ("memorySizeMB", "maxMemoryUsedMB")),
}
Identity = tuple[str, str, tuple[tuple[str, str], ...]]


def test_the_function_emits_every_metric_of_our_alarms_with_their_namespace_and_dimensions(
    aws: Aws, template: Template, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics = [metric for alarm in alarms(template).values() for metric in watched_metrics(alarm)]
    watched = {
        (metric.namespace, metric.name, tuple((d["Name"], d["Value"]) for d in metric.dimensions))
        for metric in metrics
        if metric.namespace == NAMESPACE
    }
    assert len(watched) == 4
    assert watched <= emitted_by_a_failing_batch(aws, template, capsys)


def test_the_function_emits_every_metric_of_the_dashboard_and_none_that_it_does_not_show(
    aws: Aws, template: Template, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = {
        (metric.namespace, metric.name, ((metric.dimension, metric.resource),))
        for metric in dashboard.metrics(template)
        if metric.namespace == NAMESPACE
    }
    assert shown == emitted_by_a_failing_batch(aws, template, capsys)


def test_every_field_that_the_dashboard_queries_is_in_the_log(
    aws: Aws, template: Template, caplog: pytest.LogCaptureFixture
) -> None:
    aws.upload("good.jpg", jpeg((64, 48)))
    aws.upload("bad.jpg", b"no photo")
    aws.invoke(aws.messages())
    lines = [record.__dict__ for record in caplog.records if record.message == "S3 record done"]
    logged = {name for line in lines for name in field_names(line)} | REPORT_FIELDS
    queried = {name for query in dashboard.queries(template) for name in dashboard.fields(query)}
    assert {"code", "outcome", "milliseconds.process", "record.metrics.initDurationMs"} <= queried
    assert queried - logged == set()


def field_names(line: dict[str, Any]) -> set[str]:
    """Return the fields as Logs Insights names them: those of an object after a dot."""
    inner = {f"{name}.{part}" for name, value in line.items() if isinstance(value, dict) for part in value}
    return set(line) | inner


def emitted_by_a_failing_batch(aws: Aws, template: Template, capsys: pytest.CaptureFixture[str]) -> set[Identity]:
    """Return the metrics of a new environment and of its batch, whose photo fails and whose digest cannot be sent."""
    variables = template["ProcessLambdaFunction"]["Environment"]["Variables"]
    assert variables["POWERTOOLS_METRICS_NAMESPACE"] == NAMESPACE
    deployed = deployed_as(aws, Metrics(namespace=NAMESPACE, service=variables["POWERTOOLS_SERVICE_NAME"]))
    deployed.services.reporter.report_sandbox({})  # as the first worker of an environment does
    aws.upload("bad.jpg", b"no photo")
    messages = aws.messages()
    with answering(aws.services.reporter.sns, "Publish", partial(aws_error, 500, "InternalFailure")):
        deployed.invoke(messages)  # emits DigestNotSent, too
    return emitted_metrics(capsys.readouterr().out)


def deployed_as(aws: Aws, metrics: Metrics) -> Aws:
    """Return the function with the metrics of a deployed stage."""
    reporter = replace(aws.services.reporter, metrics=metrics)
    return replace(aws, services=replace(aws.services, reporter=reporter))


def emitted_metrics(output: str) -> set[Identity]:
    """Return namespace, name and dimensions of every metric, as CloudWatch reads them."""
    documents = [json.loads(line) for line in output.splitlines() if '"_aws"' in line]
    return {identity for document in documents for identity in _identities(document)}


def _identities(document: dict[str, Any]) -> set[Identity]:
    return {
        (directive["Namespace"], metric["Name"], tuple((name, document[name]) for name in names))
        for directive in document["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
        for names in directive["Dimensions"]
    }
