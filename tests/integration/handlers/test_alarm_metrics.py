"""The alarms' metrics are those of the EMF documents that the function writes."""

import json
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from aws_lambda_powertools import Metrics

from tests.integration.handlers.conftest import Aws
from tests.integration.template.alarm_states import alarms, watched_metrics
from tests.integration.template.packaged import Template
from tests.support.fault_injection import answering, aws_error

Identity = tuple[str, str, tuple[tuple[str, str], ...]]


def test_the_function_emits_every_metric_of_our_alarms_with_their_namespace_and_dimensions(
    aws: Aws, template: Template, capsys: pytest.CaptureFixture[str]
) -> None:
    variables = template["ProcessLambdaFunction"]["Environment"]["Variables"]
    namespace = variables["POWERTOOLS_METRICS_NAMESPACE"]
    deployed = deployed_as(aws, Metrics(namespace=namespace, service=variables["POWERTOOLS_SERVICE_NAME"]))
    aws.upload("bad.jpg", b"no photo")
    messages = aws.messages()
    with answering(aws.services.reporter.sns, "Publish", partial(aws_error, 500, "InternalFailure")):
        deployed.invoke(messages)  # emits DigestNotSent, too
    metrics = [metric for alarm in alarms(template).values() for metric in watched_metrics(alarm)]
    watched = {
        (metric.namespace, metric.name, tuple((d["Name"], d["Value"]) for d in metric.dimensions))
        for metric in metrics
        if metric.namespace == namespace
    }
    assert len(watched) == 4
    assert watched <= emitted_metrics(capsys.readouterr().out)


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
