from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from scripts.cli.errors import OperatorError
from scripts.deploy.existing_stack import ExistingStack


class CloudFormation:
    """A client whose template is an answer, or that refuses all calls."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 (boto3's name)
        return {"Stacks": [self.get_template(StackName=StackName)]}

    def get_template(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 (boto3's name)
        assert StackName == "darkroom-prod"
        if isinstance(self.answer, Exception):
            raise self.answer
        return {"TemplateBody": self.answer}


class Account:
    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "123456789012"}


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "as AWS says it"}}, "GetTemplate")


def existing(monkeypatch: pytest.MonkeyPatch, answer: Any) -> ExistingStack:
    clients = {"cloudformation": CloudFormation(answer), "sts": Account()}
    monkeypatch.setattr(ExistingStack, "client", lambda _, service: clients[service])
    return ExistingStack("prod", "eu-central-1", {})


def test_a_stage_that_does_not_exist_has_no_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    assert existing(monkeypatch, refused("ValidationError")).parameters() == {}


@pytest.mark.parametrize(
    "error",
    [refused("AccessDenied"), refused("Throttling"), EndpointConnectionError(endpoint_url="https://aws")],
    ids=["no access", "throttled", "no connection"],
)
def test_a_stage_that_cannot_be_read_is_not_taken_for_a_new_one(
    monkeypatch: pytest.MonkeyPatch, error: BotoCoreError | ClientError
) -> None:
    with pytest.raises(OperatorError, match="the deployed template cannot be read, to compare it"):
        existing(monkeypatch, error).parameters()


def test_a_stage_of_another_version_is_compared_whatever_its_outputs(monkeypatch: pytest.MonkeyPatch) -> None:
    template = {"Metadata": {"Parameters": {"inputBucket": "photos-{AWS::AccountId}-{AWS::Region}"}}, "Outputs": {}}
    assert existing(monkeypatch, template).parameters() == {"inputBucket": "photos-123456789012-eu-central-1"}
