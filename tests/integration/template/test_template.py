"""The packaged template of the stage prod meets every rule, and each rule detects violations."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.aws.stack_outputs import StackOutputs
from tests.integration.conftest import STAGE
from tests.integration.template.alarm_rules import ALARM_RULES
from tests.integration.template.function_rules import FUNCTION_RULES
from tests.integration.template.messaging_rules import MESSAGING_RULES
from tests.integration.template.packaged import Rule, Template
from tests.integration.template.storage_rules import STORAGE_RULES

RULES = (*STORAGE_RULES, *MESSAGING_RULES, *FUNCTION_RULES, *ALARM_RULES)
BREAKS = [
    pytest.param(rule, change, id=f"{rule.name}, change {number}")
    for rule in RULES
    for number, change in enumerate(rule.breaks, start=1)
]
NAME = re.compile(r"(Bucket|Queue|Topic|Function|Alarm|Layer|Role|LogGroup)Name$")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_template_meets_the_rule(template: Template, rule: Rule) -> None:
    assert rule.is_kept(template)


@pytest.mark.parametrize(("rule", "change"), BREAKS)
def test_the_rule_detects_a_violation(template: Template, rule: Rule, change: Callable[[Template], object]) -> None:
    broken = template.copy()
    change(broken)
    assert not rule.is_kept(broken)


def physical_names(value: Any) -> Iterator[str]:
    """Yield every resource name that serverless.yml sets, instead of CloudFormation."""
    if isinstance(value, dict):
        for key, part in value.items():
            if NAME.search(key) and isinstance(part, str):
                yield part
            elif NAME.search(key) and "Fn::Sub" in part:
                yield part["Fn::Sub"]
            else:
                yield from physical_names(part)


def test_every_resource_name_contains_the_stage(template: Template) -> None:
    resources = [resource["Properties"] for resource in template.document["Resources"].values()]
    names = [name for properties in resources for name in physical_names(properties) if not name.startswith("${")]
    assert len(names) > 20
    assert [name for name in names if f"darkroom-{STAGE}-" not in name] == []


def test_a_name_without_the_stage_is_found() -> None:
    assert list(physical_names({"QueueName": "photos", "BucketName": {"Fn::Sub": "b"}})) == ["photos", "b"]


def test_the_stack_has_every_output_that_the_scripts_read(template: Template) -> None:
    told = {name: "a name" for name, output in template.document["Outputs"].items() if "Condition" not in output}
    assert StackOutputs.from_outputs(told).follow_queue_url == ""


def test_the_functions_and_the_layer_use_the_zips_of_their_architecture(template: Template) -> None:
    keys = [template[name]["Code"]["S3Key"] for name in ("ProcessLambdaFunction", "RollUpLambdaFunction")]
    keys.append(template["DependenciesLambdaLayer"]["Content"]["S3Key"])
    assert [Path(key).name for key in keys] == ["function-arm64.zip", "function-arm64.zip", "layer-arm64.zip"]
