"""Give a user of the local AWS exactly some permissions, and run commands as that user."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import boto3

from scripts.aws.local_endpoint import LOCAL_STAGE, REGION, LocalStack
from scripts.policies.documents import Place, policy_document
from scripts.policies.permissions import Grants

PLACE = Place(stage=LOCAL_STAGE, account="000000000000", region=REGION)
# AWS checks a batch call as its single action (Amazon SQS Developer Guide, "Amazon SQS API permissions"); ministack
# gives it a name of its own, which AWS does not know.
BATCHES = ("sqs:SendMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility")
# Actions that ministack checks by another name, or on no resource; AWS has a resource for each (Service Authorization
# Reference).
ANYWHERE = {
    "cloudwatch:GetDashboard": "cloudwatch:GetDashboard",
    "events:DescribeRule": "events:DescribeRule",  # with the default bus in the ARN, which AWS leaves out
    "lambda:GetLayerVersion": "lambda:ListLayers",
}


@dataclass(frozen=True)
class Person:
    """An IAM user whose permissions a test chooses."""

    stack: LocalStack
    name: str
    keys: dict[str, str]

    @classmethod
    def hire(cls, stack: LocalStack) -> "Person":
        """Create a user without permissions."""
        name = f"person-{uuid4().hex[:8]}"
        stack.client("iam").create_user(UserName=name)
        key = stack.client("iam").create_access_key(UserName=name)["AccessKey"]
        return cls(stack, name, {f"AWS_{each}": key[kind] for each, kind in _KEYS.items()})

    @property
    def environment(self) -> dict[str, str]:
        return self.stack.environment | self.keys

    def client(self, service: str) -> Any:
        """Return a boto3 client with the user's keys."""
        session = boto3.Session(self.keys["AWS_ACCESS_KEY_ID"], self.keys["AWS_SECRET_ACCESS_KEY"], region_name=REGION)
        endpoint, trust = self.stack.endpoint_url, str(self.stack.certificate)
        return session.client(service, endpoint_url=endpoint, verify=trust)  # type: ignore[call-overload]

    @contextmanager
    def allowed(self, grants: Grants, place: Place = PLACE) -> Iterator[None]:
        """Allow exactly these grants for the block."""
        document = policy_document(grants, place)
        document["Statement"] = [each for statement in document["Statement"] for each in _in_local_names(statement)]
        iam = self.stack.client("iam")
        iam.put_user_policy(UserName=self.name, PolicyName="exactly", PolicyDocument=json.dumps(document))
        try:
            yield
        finally:
            iam.delete_user_policy(UserName=self.name, PolicyName="exactly")


_KEYS = {"ACCESS_KEY_ID": "AccessKeyId", "SECRET_ACCESS_KEY": "SecretAccessKey"}


def without(grants: Grants, resource: str, action: str) -> dict[str, tuple[str, ...]]:
    """Return the grants without one action on one resource."""
    rest = {name: tuple(a for a in actions if (name, a) != (resource, action)) for name, actions in grants.items()}
    return {name: actions for name, actions in rest.items() if actions}


def _in_local_names(statement: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the statement as the local AWS knows its actions."""
    batches = [f"{action}Batch" for action in statement["Action"] if action in BATCHES]
    anywhere = [local for action, local in ANYWHERE.items() if action in statement["Action"]]
    everywhere = {"Effect": "Allow", "Action": anywhere, "Resource": "*"}
    return [{**statement, "Action": [*statement["Action"], *batches]}, *([everywhere] if anywhere else [])]
