"""The deployer's permissions: deploying and removing work with exactly the document, and not without any of it.

Only the requests of the commands themselves are tried here. The local CloudFormation checks nothing in a caller's name;
tests/integration/template/test_deployer_document.py compares its calls with AWS's resource schemas.
"""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scripts.aws.local_endpoint import REGION, LocalStack
from scripts.cli.errors import OperatorError
from scripts.cli.repository import REPOSITORY
from scripts.deploy.buckets import DeploymentBuckets, disconnect
from scripts.deploy.existing_stack import ExistingStack
from scripts.local_stack.stack import serverless_environment
from scripts.packaging import serverless_cli
from scripts.policies.deployer import COMMANDS, DEPLOYER_COMMANDS
from scripts.policies.documents import Place
from scripts.policies.permissions import OPERATOR_COMMANDS, Grants, combine
from tests.e2e.operators_policy import PLACE, Person, without

STAGE = "policies"
ALL = combine(*DEPLOYER_COMMANDS.values())

NOT_SHOWN: dict[tuple[str, str], str] = {
    ("deployment packages", "s3:AbortMultipartUpload"): "No upload in parts is given up here.",
    ("any resource", "lambda:GetAccountSettings"): "The local AWS allows it to everybody; `deploy` asks AWS for it.",
    ("stack", "cloudformation:TagResource"): "AWS asks for it when a stack has tags; the local AWS does not.",
    ("every function", "lambda:GetFunctionConfiguration"): "The checkup's: shown in test_operator_policies.py.",
    ("every log", "logs:FilterLogEvents"): "The checkup's: shown in test_operator_policies.py.",
}
# Requests of Darkroom's own part of the commands; the others are the Serverless CLI's.
OWN = {
    ("deploy", "cloudformation:GetTemplate"),
    ("remove", "cloudformation:GetTemplate"),
    ("remove", "cloudformation:UpdateTerminationProtection"),
    ("remove", "sqs:GetQueueAttributes"),
}
# Requests about a bucket that is not the stack's own.
ABOUT_BUCKETS = ("input bucket", "output bucket")
SOMEBODYS = {"InputBucket": "somebodys-photos", "OutputBucket": "somebodys-website"}
SOMEBODYS_PLACE = replace(
    PLACE,
    stage=STAGE,
    input_bucket=SOMEBODYS["InputBucket"],
    output_bucket=SOMEBODYS["OutputBucket"],
    existing=("input", "output"),
)


@dataclass(frozen=True)
class Deployer:
    """Somebody who deploys a stage with some permissions."""

    person: Person

    def run(self, command: str, grants: Grants) -> str:
        """Run `deploy` or `remove` as people type it; return what it says if it fails."""
        confirmed = ("--yes-remove", STAGE) if command == "remove" else ()
        words = [sys.executable, "-m", "scripts.deploy", command, "--stage", STAGE, *confirmed]
        with self.person.allowed(grants, _place(STAGE)):
            return self._run(words)

    def run_serverless(self, command: str, grants: Grants, *options: str, stage: str = STAGE, of: str = STAGE) -> str:
        """Run the Serverless CLI's part of it alone; return what it says if it fails.

        Args:
            command: `deploy` or `remove`.
            grants: on the resources of the stage `of`.
            options: further ones of the CLI.
            stage: the stage that is deployed or removed.
            of: see `grants`.
        """
        with serverless_cli.locked() as program, self.person.allowed(grants, _place(of)):
            return self._run([program, command, "--stage", stage, "--param=builtFor=local", *options])

    def use_existing_buckets(self, grants: Grants) -> str:
        """Check somebody's buckets before a deployment, and set the notification; return what fails."""
        properties: dict[str, dict[str, Any]] = {
            name: {"BucketName": {"Fn::Sub": bucket}} for name, bucket in SOMEBODYS.items()
        }
        properties["InputBucket"]["NotificationConfiguration"] = {"QueueConfigurations": []}
        parameters = {f"Create{name}": {"Default": "false"} for name in SOMEBODYS}
        resources = {name: {"Properties": each} for name, each in properties.items()}
        existing = ExistingStack(STAGE, REGION, self._environment)
        try:
            with self.person.allowed(grants, SOMEBODYS_PLACE):
                DeploymentBuckets(existing, {"resources": {"Resources": resources, "Parameters": parameters}}).check()
                disconnect(existing, SOMEBODYS["InputBucket"])
        except (OperatorError, ClientError) as error:
            return str(error)
        return ""

    @property
    def _environment(self) -> dict[str, str]:
        stack = self.person.stack
        return serverless_environment(stack.endpoint_url, stack.certificate) | self.person.keys

    def _run(self, words: list[str]) -> str:
        done = subprocess.run(words, cwd=REPOSITORY, env=self._environment, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr if done.returncode else ""


def _place(stage: str) -> Place:
    return replace(PLACE, stage=stage)


@pytest.fixture(scope="module")
def deployer(guarded_stack: LocalStack) -> Deployer:
    """Deploy a stage with exactly the document."""
    made = Deployer(Person.hire(guarded_stack))
    assert made.run("deploy", ALL) == ""
    return made


@pytest.fixture
def deployed(deployer: Deployer) -> Deployer:
    """Deploy the stage again if a test before has removed it."""
    stack = deployer.person.stack
    stacks = stack.client("cloudformation").describe_stacks()["Stacks"]
    if f"darkroom-{STAGE}" not in [each["StackName"] for each in stacks]:
        for kind in ("input", "output"):  # a removed stack leaves them
            stack.client("s3").delete_bucket(Bucket=_place(STAGE).bucket(kind))
        assert deployer.run_serverless("deploy", ALL) == ""
    return deployer


def _command_permissions(command: str) -> Iterator[tuple[str, str, str]]:
    for resource, actions in COMMANDS[command].items():
        for action in actions:
            if (resource, action) not in NOT_SHOWN and action not in OPERATOR_COMMANDS["doctor"].get(resource, ()):
                yield command, resource, action


SHOWN = [*_command_permissions("deploy"), *_command_permissions("remove")]


@pytest.mark.parametrize(("command", "resource", "action"), [each for each in SHOWN if each[1] not in ABOUT_BUCKETS])
def test_a_command_fails_without_this_permission(deployed: Deployer, command: str, resource: str, action: str) -> None:
    grants = without(COMMANDS[command], resource, action)
    assert _run(deployed, command, action, grants) != ""


def _run(deployed: Deployer, command: str, action: str, grants: Grants) -> str:
    """Run the part of a command that makes a request."""
    if (command, action) in OWN:
        return deployed.run(command, grants)
    if action == "cloudformation:CreateStack":
        return deployed.run_serverless(command, grants, stage="new", of="new")
    # Without --force nothing is uploaded, because nothing has changed: that is what s3:GetObject finds out.
    options = ["--force"] if command == "deploy" and action != "s3:GetObject" else []
    return deployed.run_serverless(command, grants, *options)


@pytest.mark.parametrize(
    ("resource", "action"), sorted({(name, action) for _, name, action in SHOWN if name in ABOUT_BUCKETS})
)
def test_buckets_that_exist_already_need_this_permission(
    deployed: Deployer, resource: str, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(deployed.person.stack.certificate))
    grants = combine(*COMMANDS.values())
    for bucket in SOMEBODYS.values():
        deployed.person.stack.client("s3").create_bucket(Bucket=bucket)
    assert deployed.use_existing_buckets(grants) == ""
    assert deployed.use_existing_buckets(without(grants, resource, action)) != ""


def test_every_permission_is_shown_to_be_needed_or_says_why_it_cannot_be() -> None:
    by_checkup = {(name, each) for name, actions in OPERATOR_COMMANDS["doctor"].items() for each in actions}
    granted = {(name, each) for grants in COMMANDS.values() for name, actions in grants.items() for each in actions}
    assert granted == {(name, action) for _, name, action in SHOWN} | set(NOT_SHOWN) | by_checkup


def test_another_stage_cannot_be_deployed_with_the_document(deployed: Deployer) -> None:
    assert "not authorized" in deployed.run_serverless("deploy", ALL, stage="other")


def test_a_stage_is_deployed_again_and_removed_with_exactly_the_document(deployed: Deployer) -> None:
    assert deployed.run("deploy", ALL) == ""
    assert deployed.run("remove", ALL) == ""
