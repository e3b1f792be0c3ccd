"""Policy documents of a stage: its resources' ARNs, and the statements of a role."""

from dataclasses import dataclass
from typing import Any

from scripts.aws.stack_outputs import SERVICE
from scripts.packaging.deployment_rules import resolve_name
from scripts.policies.permissions import Grants

ANY = "any resource"  # AWS has no ARN for these actions, or lists more than the stage (Service Authorization Reference)
# ARNs by resource; {arn} begins one of the stage's account and region, {name} each of the stage's names.
ARNS: dict[str, tuple[str, ...]] = {
    "stack": ("{arn:cloudformation}:stack/{name}/*",),
    "photo queue": ("{arn:sqs}:{name}-photos",),
    "dead-letter queue": ("{arn:sqs}:{name}-dead-letters",),
    "roll-up queue": ("{arn:sqs}:{name}-roll-up",),
    "watch queues": ("{arn:sqs}:{name}-watch-*",),
    "digest topic": ("{arn:sns}:{name}-digests",),
    "alarm topic": ("{arn:sns}:{name}-alarms",),
    "topics": ("{arn:sns}:{name}-digests", "{arn:sns}:{name}-summaries", "{arn:sns}:{name}-alarms"),
    "input bucket": ("{s3}:{input}",),
    "source objects": ("{s3}:{input}/*",),
    "output bucket": ("{s3}:{output}",),
    "outputs": ("{s3}:{output}/*",),
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
}


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a stage is, and its names that serverless.yml does not fix.

    Attributes:
        input_bucket: may hold CloudFormation's account and region.
        output_bucket: may hold them, too.
        kms_key: ARN of the customer managed key of the buckets' objects; empty without one.
    """

    stage: str
    account: str
    region: str
    partition: str = "aws"
    input_bucket: str = ""
    output_bucket: str = ""
    kms_key: str = ""

    def bucket(self, kind: str) -> str:
        """Return the name of the input or the output bucket."""
        given = {"input": self.input_bucket, "output": self.output_bucket}[kind]
        own = f"{SERVICE}-{self.stage}-{kind}-{self.account}-{self.region}"
        return resolve_name(given, self.account, self.region) or own

    def arns(self, resource: str) -> list[str]:
        """Return the ARNs of a resource; none of a key that the stage does not have."""
        arn = f"arn:{self.partition}"
        values = {f"arn:{service}": f"{arn}:{service}:{self.region}:{self.account}" for service in _REGIONAL}
        values |= {"partition": self.partition, "account": self.account, "name": f"{SERVICE}-{self.stage}"}
        values |= {"s3": f"{arn}:s3::", "input": self.bucket("input"), "output": self.bucket("output")}
        values |= {"key": self.kms_key}
        return [found for template in ARNS[resource] if (found := _fill(template, values))]


_REGIONAL = ("cloudformation", "sqs", "sns", "lambda", "events", "logs")


def policy_document(grants: Grants, place: Place) -> dict[str, Any]:
    """Return an IAM policy document: a statement for each resource."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "".join(word.capitalize() for word in resource.replace("-", " ").split()),
                "Effect": "Allow",
                "Action": list(actions),
                "Resource": arns,
            }
            for resource, actions in grants.items()
            if (arns := place.arns(resource))
        ],
    }


def _fill(template: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", value)
    return template
