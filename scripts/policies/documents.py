"""Policy documents of a stage: its resources' ARNs, and the statements of a role."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from scripts.aws.stack_outputs import SERVICE
from scripts.packaging.resolved_config import resolve_name
from scripts.policies.permissions import Grants

ANY = "any resource"  # AWS has no ARN for these actions, or lists more than the stage (Service Authorization Reference)
ANY_BY_CLOUDFORMATION = "any resource, through CloudFormation"
ROLES_FOR_LAMBDA = "roles, passed to Lambda"
# ARNs by resource; {arn} begins one of the stage's account and region, {name} each of the stage's names.
ARNS: dict[str, tuple[str, ...]] = {
    "stack": ("{arn:cloudformation}:stack/{name}/*",),
    "every queue": ("{arn:sqs}:{name}-*",),
    "every topic": ("{arn:sns}:{name}-*",),
    "every function": ("{arn:lambda}:function:{name}-*",),
    "every layer": ("{arn:lambda}:layer:{name}-*",),
    "every log": ("{arn:logs}:log-group:/aws/lambda/{name}-*",),
    "every alarm": ("{arn:cloudwatch}:alarm:{name}-*",),
    "every role": ("arn:{partition}:iam::{account}:role/{name}-*",),
    ROLES_FOR_LAMBDA: ("arn:{partition}:iam::{account}:role/{name}-*",),
    "photo queue": ("{arn:sqs}:{name}-photos",),
    "dead-letter queue": ("{arn:sqs}:{name}-dead-letters",),
    "roll-up queue": ("{arn:sqs}:{name}-roll-up",),
    "watch queues": ("{arn:sqs}:{name}-watch-*",),
    "digest topic": ("{arn:sns}:{name}-digests",),
    "alarm topic": ("{arn:sns}:{name}-alarms",),
    "topics": ("{arn:sns}:{name}-digests", "{arn:sns}:{name}-summaries", "{arn:sns}:{name}-alarms"),
    "input bucket": ("{s3}:{input}",),
    "source objects": ("{s3}:{input}/*",),
    "probes": tuple(f"{{s3}}:{{{kind}}}/{{prefix}}darkroom-prove/*" for kind in ("input", "output")),
    "output bucket": ("{s3}:{output}",),
    "outputs": ("{s3}:{output}/*",),
    "own buckets": ("{own input}", "{own output}", "{s3}:{name}-serverlessdeploymentbucket-*"),
    "deployment bucket": ("{s3}:{name}-serverlessdeploymentbucket-*",),
    "deployment packages": ("{s3}:{name}-serverlessdeploymentbucket-*/*",),
    "key of the buckets": ("{key}",),
    "process function": ("{arn:lambda}:function:{name}-process",),
    "roll-up function": ("{arn:lambda}:function:{name}-roll-up",),
    "layer": ("{arn:lambda}:layer:{name}-dependencies:*",),
    "schedule": ("{arn:events}:rule/{name}-*",),
    "log of process": tuple(f"{{arn:logs}}:log-group:/aws/lambda/{{name}}-process{end}" for end in ("", ":*")),
    "logs": tuple(
        f"{{arn:logs}}:log-group:/aws/lambda/{{name}}-{function}{end}"
        for function in ("process", "roll-up")
        for end in ("", ":*")
    ),
    "dashboard": ("arn:{partition}:cloudwatch::{account}:dashboard/{name}-overview",),
    ANY: ("*",),
    ANY_BY_CLOUDFORMATION: ("*",),
}
CONDITIONS: dict[str, dict[str, dict[str, str]]] = {
    # Without it, whoever deploys could delete any key and any mapping of the account (IAM User Guide, "aws:CalledVia").
    ANY_BY_CLOUDFORMATION: {"ForAnyValue:StringEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}},
    ROLES_FOR_LAMBDA: {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
}


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a stage is, and its names that serverless.yml does not fix.

    Attributes:
        input_bucket: may hold CloudFormation's account and region.
        output_bucket: may hold them, too.
        kms_key: ARN of the customer managed key of the buckets' objects; empty without one.
        existing: `input`, `output`: the buckets that are not the stack's own.
        key_prefix: of the photos' keys.
    """

    stage: str
    account: str
    region: str
    partition: str = "aws"
    input_bucket: str = ""
    output_bucket: str = ""
    kms_key: str = ""
    existing: tuple[str, ...] = ()
    key_prefix: str = ""

    def bucket(self, kind: str) -> str:
        """Return the name of the input or the output bucket."""
        given = {"input": self.input_bucket, "output": self.output_bucket}[kind]
        own = f"{SERVICE}-{self.stage}-{kind}-{self.account}-{self.region}"
        return resolve_name(given, self.account, self.region) or own

    def arns(self, resource: str) -> list[str]:
        """Return the ARNs of a resource; none of a key or a bucket that the stage does not have."""
        arn = f"arn:{self.partition}"
        values = {f"arn:{service}": f"{arn}:{service}:{self.region}:{self.account}" for service in _REGIONAL}
        values |= {"partition": self.partition, "account": self.account, "name": f"{SERVICE}-{self.stage}"}
        values |= {"s3": f"{arn}:s3::", "input": self.bucket("input"), "output": self.bucket("output")}
        values |= {"key": self.kms_key, "prefix": self.key_prefix}
        values |= {f"own {kind}": "" if kind in self.existing else self._bucket_arn(kind) for kind in _BUCKETS}
        return [found for template in ARNS[resource] if (found := _fill(template, values))]

    def _bucket_arn(self, kind: str) -> str:
        return f"arn:{self.partition}:s3:::{self.bucket(kind)}"


_BUCKETS = ("input", "output")
_REGIONAL = ("cloudformation", "cloudwatch", "sqs", "sns", "lambda", "events", "logs")


def policy_document(grants: Grants, place: Place) -> dict[str, Any]:
    """Return an IAM policy document: a statement for each resource."""
    arns = {resource: place.arns(resource) for resource in grants}
    statements = [
        {
            "Sid": "".join(word.capitalize() for word in re.findall(r"\w+", resource)),
            "Effect": "Allow",
            "Action": own,
            "Resource": arns[resource],
            **({"Condition": CONDITIONS[resource]} if resource in CONDITIONS else {}),
        }
        for resource in grants
        if arns[resource] and (own := list(_not_granted_elsewhere(resource, grants, arns)))
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _not_granted_elsewhere(resource: str, grants: Grants, arns: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield the actions that no other statement allows on more: a managed policy has room for 6,144 characters."""
    wider = [
        other
        for other in grants
        if other not in (resource, *CONDITIONS)
        and arns[other] != arns[resource]
        and _cover(arns[other], arns[resource])
    ]
    for action in grants[resource]:
        if not any(fnmatchcase(action, granted) for other in wider for granted in grants[other]):
            yield action


def _cover(patterns: Sequence[str], arns: Sequence[str]) -> bool:
    return all(any(fnmatchcase(arn, pattern) for pattern in patterns) for arn in arns)


def _fill(template: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", value)
    return template
