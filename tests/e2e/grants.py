"""List every grant of the deployed stage, and take single ones away.

A grant is one action on one resource in one statement with the effect Allow.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from typing import Any

from scripts.aws.local_endpoint import LOCAL_STAGE, LocalStack
from scripts.aws.stack_outputs import SERVICE

ROLES = ("ProcessRole", "RollUpRole")
QUEUES = ("PhotoQueue", "DeadLetterQueue", "RollUpQueue", "FollowQueue")
TOPICS = ("DigestTopic", "SummaryTopic", "AlarmTopic")
BUCKETS = ("InputBucket", "OutputBucket")


@dataclass(frozen=True, order=True)
class Grant:
    """An action on a resource.

    Attributes:
        holder: the role, or the resource whose policy allows it; its name in serverless.yml.
        sid: the statement's.
        action: such as s3:GetObject.
        resource: its name in serverless.yml, with /* for the objects of a bucket.
    """

    holder: str
    sid: str
    action: str
    resource: str

    def __str__(self) -> str:
        return f"{self.holder}-{self.sid}-{self.action}-{self.resource}"


@dataclass(frozen=True)
class Policy:
    """A policy document in force: that of a role, a queue, a topic or a bucket."""

    stack: LocalStack
    holder: str
    physical_id: str

    def read(self) -> dict[str, Any]:
        return dict(_READERS[_kind(self.holder)](self.stack, self.physical_id))

    def write(self, document: Mapping[str, Any]) -> None:
        _WRITERS[_kind(self.holder)](self.stack, self.physical_id, document)

    def without(self, grant: Grant) -> dict[str, Any]:
        """Return the document without one grant."""
        names = _names_by_arn(_physical_ids(self.stack))
        document, rest = self.read(), list[dict[str, Any]]()
        for statement in document["Statement"]:
            if statement["Sid"] != grant.sid:
                rest.append(statement)
                continue
            for action, resource in product(_listed(statement["Action"]), _listed(statement["Resource"])):
                if (action, _named(resource, names)) != (grant.action, grant.resource):
                    rest.append({**statement, "Sid": f"Rest{len(rest)}", "Action": action, "Resource": resource})
        return {**document, "Statement": rest}

    @contextmanager
    def replaced(self, document: Mapping[str, Any]) -> Iterator[None]:
        """Replace the policy document for the block."""
        before = self.read()
        self.write(document)
        try:
            yield
        finally:
            self.write(before)


def find_policies(stack: LocalStack) -> dict[str, Policy]:
    """Return the policies of the deployed stage by holder."""
    ids = _physical_ids(stack)
    return {holder: Policy(stack, holder, ids[holder]) for holder in (*ROLES, *QUEUES, *TOPICS, *BUCKETS)}


def find_grants(stack: LocalStack) -> list[Grant]:
    """Return every grant in the policies of `find_policies`."""
    names = _names_by_arn(_physical_ids(stack))
    return sorted(
        Grant(holder, statement["Sid"], action, _named(resource, names))
        for holder, policy in find_policies(stack).items()
        for statement in policy.read()["Statement"]
        if statement["Effect"] == "Allow"
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"])
    )


def allowing_statements(template: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Return holder and sid of every Allow statement in a CloudFormation template."""
    return {
        (logical_id.removesuffix("Policy"), statement.get("Sid", ""))
        for logical_id, resource in template["Resources"].items()
        for statement in _statements(resource["Properties"])
        if statement["Effect"] == "Allow"
    } | {
        (logical_id, properties["Action"])
        for logical_id, properties in (
            (logical_id, resource["Properties"])
            for logical_id, resource in template["Resources"].items()
            if resource["Type"] == "AWS::Lambda::Permission"
        )
    }


def _statements(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "Effect" in value:
            yield value
        for part in value.values():
            yield from _statements(part)
    elif isinstance(value, list):
        for part in value:
            yield from _statements(part)


def _physical_ids(stack: LocalStack) -> dict[str, str]:
    answer = stack.client("cloudformation").describe_stack_resources(StackName=f"{SERVICE}-{LOCAL_STAGE}")
    return {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in answer["StackResources"]}


def _names_by_arn(ids: Mapping[str, str]) -> dict[str, str]:
    """Map the last part of each ARN to its name in serverless.yml."""
    return {ids[name].rpartition("/")[2].rpartition(":")[2]: name for name in (*QUEUES, *TOPICS, *BUCKETS)}


def _named(arn: str, names: Mapping[str, str]) -> str:
    if arn.startswith("arn:aws:logs:"):
        return "its log group"
    last, slash, objects = arn.rpartition(":")[2].partition("/")
    return names.get(last, last) + slash + objects


def _listed(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _kind(holder: str) -> str:
    return next(kind for kind in ("Role", "Queue", "Topic", "Bucket") if holder.endswith(kind))


# AWS checks DeleteMessageBatch as sqs:DeleteMessage (Amazon SQS Developer Guide, "Amazon SQS API permissions");
# ministack gives it a name of its own, which AWS does not know.
_BATCH = "sqs:DeleteMessageBatch"


def _with_batch(statement: Mapping[str, Any]) -> dict[str, Any]:
    actions = _listed(statement["Action"])
    return {**statement, "Action": [*actions, *([_BATCH] if "sqs:DeleteMessage" in actions else [])]}


def _without_batch(statement: Mapping[str, Any]) -> dict[str, Any]:
    return {**statement, "Action": [action for action in _listed(statement["Action"]) if action != _BATCH]}


def _read_role(stack: LocalStack, role: str) -> Any:
    iam = stack.client("iam")
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    return {**document, "Statement": [_without_batch(statement) for statement in document["Statement"]]}


def _write_role(stack: LocalStack, role: str, document: Mapping[str, Any]) -> None:
    iam = stack.client("iam")
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    named = {**document, "Statement": [_with_batch(statement) for statement in document["Statement"]]}
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(named))


def _read_queue(stack: LocalStack, url: str) -> Any:
    answer = stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
    return json.loads(answer["Attributes"]["Policy"])


def _write_queue(stack: LocalStack, url: str, document: Mapping[str, Any]) -> None:
    stack.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(document)})


def _read_topic(stack: LocalStack, arn: str) -> Any:
    return json.loads(stack.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])


def _write_topic(stack: LocalStack, arn: str, document: Mapping[str, Any]) -> None:
    sns = stack.client("sns")
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=json.dumps(document))


def _read_bucket(stack: LocalStack, bucket: str) -> Any:
    return json.loads(stack.client("s3").get_bucket_policy(Bucket=bucket)["Policy"])


def _write_bucket(stack: LocalStack, bucket: str, document: Mapping[str, Any]) -> None:
    stack.client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))


_READERS = {"Role": _read_role, "Queue": _read_queue, "Topic": _read_topic, "Bucket": _read_bucket}
_WRITERS = {"Role": _write_role, "Queue": _write_queue, "Topic": _write_topic, "Bucket": _write_bucket}
