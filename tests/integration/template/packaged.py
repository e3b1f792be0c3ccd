"""A packaged CloudFormation template, and rules about one: what must hold, and what breaks it."""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

Properties = dict[str, Any]


@dataclass(frozen=True)
class Template:
    """What `npm run package` writes."""

    document: dict[str, Any]

    def __getitem__(self, logical_id: str) -> Properties:
        """The properties of one resource."""
        properties: Properties = self.document["Resources"][logical_id]["Properties"]
        return properties

    def resource(self, logical_id: str) -> dict[str, Any]:
        """One resource with its attributes, such as its deletion policy."""
        resource: dict[str, Any] = self.document["Resources"][logical_id]
        return resource

    def names(self, resource_type: str) -> list[str]:
        """The logical ids of all resources of a type, without those of the stage local."""
        return [
            logical_id
            for logical_id, resource in self.document["Resources"].items()
            if resource["Type"] == resource_type and resource.get("Condition") != "IsLocal"
        ]

    def statements(self, policy_type: str, target: str) -> list[dict[str, Any]]:
        """All statements of the resource policies of a queue, a bucket or a topic."""
        policies = [self[name] for name in self.names(policy_type) if target in str(_targets(self[name]))]
        return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]

    def role_statements(self, role: str) -> list[dict[str, Any]]:
        """What a role may do."""
        return [s for policy in self[role]["Policies"] for s in policy["PolicyDocument"]["Statement"]]

    def copy(self) -> "Template":
        """One to break."""
        return Template(deepcopy(self.document))


@dataclass(frozen=True)
class Rule:
    """What must hold in a template.

    Attributes:
        name: in words.
        holds: answers whether it does; a missing property counts as no.
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
    """A change: sets a property of one resource; the path's steps are separated by slashes."""

    def change(template: Template) -> None:
        *steps, last = _steps(path)
        place: Any = template[logical_id]
        for step in steps:
            place = place[step]
        place[last] = value

    return change


def drop(logical_id: str, path: str) -> Callable[[Template], None]:
    """A change: removes a property, or an item of a list, of one resource."""

    def change(template: Template) -> None:
        *steps, last = _steps(path)
        place: Any = template[logical_id]
        for step in steps:
            place = place[step]
        del place[last]

    return change


def remove(logical_id: str) -> Callable[[Template], None]:
    """A change: removes a resource."""
    return lambda template: template.document["Resources"].pop(logical_id)


def attribute(logical_id: str, name: str, value: Any) -> Callable[[Template], None]:
    """A change: sets an attribute of a resource, such as its deletion policy; None removes it."""

    def change(template: Template) -> None:
        if value is None:
            del template.resource(logical_id)[name]
        else:
            template.resource(logical_id)[name] = value

    return change


def arn_of(logical_id: str) -> dict[str, list[str]]:
    """How a template refers to the ARN of one of its own resources."""
    return {"Fn::GetAtt": [logical_id, "Arn"]}


def denies_without_tls(statement: dict[str, Any], action: str) -> bool:
    """Whether a statement keeps everybody out who does not use TLS."""
    told = {key: statement.get(key) for key in ("Effect", "Principal", "Action")}
    condition = str(statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")).lower()
    return told == {"Effect": "Deny", "Principal": "*", "Action": action} and condition == "false"


def listed(value: Any) -> list[Any]:
    """A list, whether one was written or a single value."""
    return value if isinstance(value, list) else [value]


def _targets(policy: Properties) -> Any:
    return policy.get("Queues") or policy.get("Topics") or policy.get("Bucket")


def _steps(path: str) -> Iterator[Any]:
    return (int(step) if step.isdigit() else step for step in path.split("/"))
