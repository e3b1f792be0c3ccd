"""A packaged CloudFormation template, rules about it and changes that break a rule."""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

Properties = dict[str, Any]


@dataclass(frozen=True)
class Template:
    """The template that `npm run package` writes."""

    document: dict[str, Any]

    def __getitem__(self, logical_id: str) -> Properties:
        """Return the properties of one resource."""
        properties: Properties = self.document["Resources"][logical_id]["Properties"]
        return properties

    def resource(self, logical_id: str) -> dict[str, Any]:
        """Return a resource with its attributes, such as its deletion policy."""
        resource: dict[str, Any] = self.document["Resources"][logical_id]
        return resource

    def names(self, resource_type: str) -> list[str]:
        """Return the logical ids of a resource type, without those of stage local."""
        return [
            logical_id
            for logical_id, resource in self.document["Resources"].items()
            if resource["Type"] == resource_type and resource.get("Condition") != "IsLocal"
        ]

    def statements(self, policy_type: str, target: str) -> list[dict[str, Any]]:
        """Return the statements of the resource policies of a queue, bucket or topic."""
        policies = [self[name] for name in self.names(policy_type) if target in str(_targets(self[name]))]
        return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]

    def role_statements(self, role: str) -> list[dict[str, Any]]:
        """Return the statements of a role's inline policies, conditional ones included."""
        found = [s for policy in self[role]["Policies"] for s in policy["PolicyDocument"]["Statement"]]
        return [if_so(statement) for statement in found]

    def bucket_arn(self, bucket: str) -> dict[str, str]:
        """Return the ARN of a bucket, which need not be of this stack."""
        return {"Fn::Sub": f"arn:${{AWS::Partition}}:s3:::{self[bucket]['BucketName']['Fn::Sub']}"}

    def copy(self) -> "Template":
        """Return a deep copy."""
        return Template(deepcopy(self.document))


@dataclass(frozen=True)
class Rule:
    """A condition on a template.

    Attributes:
        name: the condition in words.
        holds: returns a true value when it holds; a missing property counts as false.
        breaks: changes to a template, each of which the rule must notice.
    """

    name: str
    holds: Callable[[Template], object]
    breaks: Sequence[Callable[[Template], object]]

    def is_kept(self, template: Template) -> bool:
        try:
            return bool(self.holds(template))
        except (KeyError, IndexError):
            return False


def put(logical_id: str, path: str, value: Any) -> Callable[[Template], None]:
    """Return a change that sets a property at a slash-separated path."""

    def change(template: Template) -> None:
        *steps, last = _steps(path)
        place: Any = template[logical_id]
        for step in steps:
            place = place[step]
        place[last] = value

    return change


def drop(logical_id: str, path: str) -> Callable[[Template], None]:
    """Return a change that deletes a property or a list item."""

    def change(template: Template) -> None:
        *steps, last = _steps(path)
        place: Any = template[logical_id]
        for step in steps:
            place = place[step]
        del place[last]

    return change


def remove(logical_id: str) -> Callable[[Template], None]:
    """Return a change that removes a resource."""
    return lambda template: template.document["Resources"].pop(logical_id)


def attribute(logical_id: str, name: str, value: Any) -> Callable[[Template], None]:
    """Return a change that sets a resource attribute; None removes it."""

    def change(template: Template) -> None:
        if value is None:
            del template.resource(logical_id)[name]
        else:
            template.resource(logical_id)[name] = value

    return change


def arn_of(logical_id: str) -> dict[str, list[str]]:
    """Return the template's reference to a resource's ARN."""
    return {"Fn::GetAtt": [logical_id, "Arn"]}


def if_so(value: Any) -> Any:
    """Return what a Fn::If gives when its condition holds; any other value as it is."""
    return value["Fn::If"][1] if "Fn::If" in value else value


def denies_without_tls(statement: dict[str, Any], action: str) -> bool:
    """Return True if a statement denies every request without TLS."""
    told = {key: statement.get(key) for key in ("Effect", "Principal", "Action")}
    condition = str(statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")).lower()
    return told == {"Effect": "Deny", "Principal": "*", "Action": action} and condition == "false"


def listed(value: Any) -> list[Any]:
    """Wrap a single value in a list."""
    return value if isinstance(value, list) else [value]


def _targets(policy: Properties) -> Any:
    return policy.get("Queues") or policy.get("Topics") or policy.get("Bucket")


def _steps(path: str) -> Iterator[Any]:
    return (int(step) if step.isdigit() else step for step in path.split("/"))
