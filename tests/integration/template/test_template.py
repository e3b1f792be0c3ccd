"""The packaged CloudFormation template of the stage prod keeps every rule, and every rule can be broken."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from handlers.reporting import METRIC_NAMES, SANDBOX_INCOMPLETE
from scripts.aws.prices import ALARM_METRIC_MONTH, DASHBOARD_MONTH, METRIC_MONTH
from scripts.aws.stack_outputs import StackOutputs
from scripts.capacity.plan import METRICS
from scripts.cli.repository import REPOSITORY
from scripts.stage_rules.rules import RULES as STAGE_RULES
from scripts.stage_rules.rules import StageRule
from tests.integration.conftest import STAGE
from tests.integration.template.alarm_rules import ALARM_RULES
from tests.integration.template.alarm_state_rules import ALARM_STATE_RULES
from tests.integration.template.alarm_states import alarms, watched_metrics
from tests.integration.template.alarm_text_rules import ALARM_TEXT_RULES
from tests.integration.template.dashboard_rules import DASHBOARD_RULES
from tests.integration.template.function_rules import FUNCTION_RULES
from tests.integration.template.messaging_rules import MESSAGING_RULES
from tests.integration.template.packaged import Rule, Template
from tests.integration.template.storage_rules import STORAGE_RULES
from tests.integration.template.template_facts import TemplateFacts

RULES = (
    *STORAGE_RULES,
    *MESSAGING_RULES,
    *FUNCTION_RULES,
    *ALARM_RULES,
    *ALARM_STATE_RULES,
    *ALARM_TEXT_RULES,
    *DASHBOARD_RULES,
)
BREAKS = [
    pytest.param(rule, change, id=f"{rule.name}, change {number}")
    for rule in RULES
    for number, change in enumerate(rule.breaks, start=1)
]
STEADY_METRICS = len({*METRIC_NAMES.values(), SANDBOX_INCOMPLETE})  # the sixth counts digests that were not sent
NAME = re.compile(r"(Bucket|Queue|Topic|Function|Alarm|Dashboard|Layer|Role|LogGroup)Name$")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_template_keeps_the_rule(template: Template, rule: Rule) -> None:
    assert rule.is_kept(template)


@pytest.mark.parametrize("rule", STAGE_RULES, ids=lambda rule: rule.name)
def test_the_template_keeps_the_rules_of_a_deployed_stage(template: Template, rule: StageRule) -> None:
    assert list(rule.broken(TemplateFacts(template))) == []


@pytest.mark.parametrize(("rule", "change"), BREAKS)
def test_the_rule_notices_a_change_that_breaks_it(
    template: Template, rule: Rule, change: Callable[[Template], object]
) -> None:
    broken = template.copy()
    change(broken)
    assert not rule.is_kept(broken)


def physical_names(value: Any) -> Iterator[str]:
    """Every name that serverless.yml gives to a resource, instead of leaving it to CloudFormation."""
    if isinstance(value, dict):
        for key, part in value.items():
            if NAME.search(key) and isinstance(part, str):
                yield part
            elif NAME.search(key) and "Fn::Sub" in part:
                yield part["Fn::Sub"]
            else:
                yield from physical_names(part)


def test_every_name_carries_the_stage_so_that_two_live_side_by_side(template: Template) -> None:
    resources = [resource["Properties"] for resource in template.document["Resources"].values()]
    names = [name for properties in resources for name in physical_names(properties) if not name.startswith("${")]
    assert len(names) > 20
    assert [name for name in names if f"darkroom-{STAGE}-" not in name] == []


def test_a_name_without_the_stage_would_be_found() -> None:
    assert list(physical_names({"QueueName": "photos", "BucketName": {"Fn::Sub": "b"}})) == ["photos", "b"]


def test_the_stack_tells_the_scripts_all_the_names_they_ask_for(template: Template) -> None:
    told = {name: "a name" for name, output in template.document["Outputs"].items() if "Condition" not in output}
    assert StackOutputs.from_outputs(told).follow_queue_url == ""


def test_the_functions_and_the_layer_get_the_zips_that_were_built_for_them(template: Template) -> None:
    keys = [template[name]["Code"]["S3Key"] for name in ("ProcessLambdaFunction", "RollUpLambdaFunction")]
    keys.append(template["DependenciesLambdaLayer"]["Content"]["S3Key"])
    assert [Path(key).name for key in keys] == ["function-arm64.zip", "function-arm64.zip", "layer-arm64.zip"]


def test_the_page_about_costs_counts_alarms_and_metrics_and_says_what_they_cost(template: Template) -> None:
    watched = [metric for alarm in alarms(template).values() for metric in watched_metrics(alarm)]
    page = " ".join((REPOSITORY / "docs/costs.md").read_text().split())
    # CloudWatch bills each metric of an alarm.
    alarm_dollars = f"{len(watched) * ALARM_METRIC_MONTH:.2f}"
    assert f"{len(alarms(template))} alarms on {len(watched)} metrics ${alarm_dollars}" in page
    assert f"{STEADY_METRICS} metrics of the function ${STEADY_METRICS * METRIC_MONTH:.2f}" in page
    assert f"dashboard ${DASHBOARD_MONTH:.2f}" in page
    assert STEADY_METRICS == METRICS
