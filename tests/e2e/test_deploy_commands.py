"""`npm run deploy` and `npm run remove` as commands, against a local AWS in place of an account."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scripts.aws.local_endpoint import client_environment, make_local_client
from scripts.cli.command_line import EXIT_SOME_FAILED
from scripts.cli.repository import REPOSITORY
from scripts.local_stack.stack import LocalAws, local_aws
from tests.support.photos import jpeg

TIMEOUT_SECONDS = 60
ADDRESS = "--param=summaryEmail=me@example.com"
AWS_SETTINGS = ("AWS_", "SLS_", "SERVERLESS_")


@dataclass(frozen=True)
class Account:
    """An account, and a shell environment that points at it."""

    aws: LocalAws
    home: Path

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run `npm run ...`."""
        user = {name: value for name, value in os.environ.items() if not name.startswith(AWS_SETTINGS)}
        environment = {
            **user,
            **client_environment(self.aws.endpoint_url),
            "NO_PROXY": "127.0.0.1",
            "SLS_AWS_MONITORING_FREQUENCY": "200",  # ms between two polls of the stack
        }
        return subprocess.run(
            ["npm", "run", *command], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
        )

    def client(self, service: str) -> Any:
        return make_local_client(service, self.aws.endpoint_url)

    def resources(self, stage: str) -> set[str]:
        """Return the physical ids of a stage's resources."""
        answer = self.client("cloudformation").describe_stack_resources(StackName=f"darkroom-{stage}")
        return {resource["PhysicalResourceId"] for resource in answer["StackResources"]}

    def keys(self, bucket: str) -> set[str]:
        return {entry["Key"] for entry in self.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])}

    def buckets(self) -> set[str]:
        return {bucket["Name"] for bucket in self.client("s3").list_buckets()["Buckets"]}


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """Deploy the stages dev and prod to an account."""
    with local_aws() as aws:
        account = Account(aws, tmp_path_factory.mktemp("home"))
        for stage, parameters in {"dev": [], "prod": [ADDRESS, "--param=dashboard=off"]}.items():
            done = account.run("deploy", "--", "--stage", stage, *parameters)
            assert done.returncode == 0, done.stdout + done.stderr
            (account.home / stage).write_text(done.stdout)
        yield account


BEACH = {f"beach.jpg/{name}" for name in ("large.jpg", "medium.jpg", "small.jpg", "document.pdf")}


def own_buckets(stage: str) -> set[str]:
    return {f"darkroom-{stage}-{kind}-000000000000-us-east-1" for kind in ("input", "output")}


def test_deploying_tells_where_photos_go_and_how_to_subscribe(account: Account) -> None:
    told = (account.home / "dev").read_text()
    assert "aws s3 cp PHOTOS s3://darkroom-dev-input-000000000000-us-east-1/ --recursive" in told
    assert "aws sns subscribe --protocol email" in told


def test_a_first_deployment_names_account_and_region(account: Account) -> None:
    assert "The stage dev is new in us-east-1, account 000000000000." in (account.home / "dev").read_text()


def test_a_deployment_ends_with_a_checkup(account: Account) -> None:
    told = (account.home / "dev").read_text()
    assert "rules of `npm run doctor` hold." in told
    assert "FAIL" not in told
    assert "nobody is subscribed to the alarms" in told


def test_a_deployment_leaves_a_mapping_that_was_disabled_by_hand_and_ends_with_2(account: Account) -> None:
    functions = account.client("lambda")
    (mapping,) = functions.list_event_source_mappings(FunctionName="darkroom-dev-process")["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        done = account.run("deploy", "--", "--stage", "dev")
        assert "the event source mapping is disabled: messages wait" in done.stdout
        assert done.returncode == EXIT_SOME_FAILED
        assert functions.get_event_source_mapping(UUID=mapping["UUID"])["State"] == "Disabled"
    finally:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


def test_who_gave_an_address_is_told_to_confirm_it(account: Account) -> None:
    assert "nothing else until the link in it is followed" in (account.home / "prod").read_text()
    assert "until the link" not in (account.home / "dev").read_text()


def test_the_address_is_subscribed_to_the_summaries_of_its_stage_only(account: Account) -> None:
    subscriptions = account.client("sns").list_subscriptions()["Subscriptions"]
    mails = [s["TopicArn"].rpartition(":")[2] for s in subscriptions if s["Protocol"] == "email"]
    assert mails == ["darkroom-prod-summaries"]


def test_two_stages_live_side_by_side(account: Account) -> None:
    dev, prod = account.resources("dev"), account.resources("prod")
    assert len(dev) > 30
    assert dev.isdisjoint(prod)


def test_a_photo_that_is_uploaded_to_the_stage_comes_out(account: Account) -> None:
    source, output = (f"darkroom-prod-{kind}-000000000000-us-east-1" for kind in ("input", "output"))
    account.client("s3").put_object(Bucket=source, Key="beach.jpg", Body=jpeg())
    end = time.monotonic() + TIMEOUT_SECONDS
    while (found := account.keys(output)) != BEACH:
        assert time.monotonic() < end, found
        time.sleep(0.2)


def test_each_stage_has_a_dashboard_of_its_own_unless_the_parameter_switches_it_off(account: Account) -> None:
    cloudwatch = account.client("cloudwatch")
    names = {entry["DashboardName"] for entry in cloudwatch.list_dashboards()["DashboardEntries"]}
    assert names == {"darkroom-dev-overview"}
    body = cloudwatch.get_dashboard(DashboardName="darkroom-dev-overview")["DashboardBody"]
    assert "${" not in body
    shown = json.loads(body)["widgets"]
    queues = {row[3] for widget in shown for row in widget["properties"].get("metrics", []) if row[0] == "AWS/SQS"}
    assert queues == {f"darkroom-dev-{name}" for name in ("photos", "dead-letters", "roll-up")}
    sources = {widget["properties"]["query"].split("'")[1] for widget in shown if widget["type"] == "log"}
    assert sources == {"/aws/lambda/darkroom-dev-process"}


def test_removing_a_stage_leaves_its_buckets_and_the_other_stage(account: Account) -> None:
    prod = account.resources("prod")
    kept = "darkroom-dev-output-000000000000-us-east-1"
    account.client("s3").put_object(Bucket=kept, Key="holiday.jpg/large.jpg", Body=b"a photo")
    removed = account.run("remove", "--", "--stage", "dev", "--yes-remove", "dev")
    assert removed.returncode == 0, removed.stdout + removed.stderr
    assert own_buckets("dev") <= account.buckets()
    assert account.client("s3").get_object(Bucket=kept, Key="holiday.jpg/large.jpg")["Body"].read() == b"a photo"
    assert f"aws s3 rb --force s3://{kept}" in removed.stdout
    assert account.resources("prod") == prod
    again = account.run("deploy", "--", "--stage", "dev")
    assert again.returncode == 1
    assert "exist already" in again.stderr
    assert f"aws s3 rb --force s3://{kept}" in again.stderr


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        (
            ["inputBucket=here", "outputBucket=here", "concurency=7", "timeoutSeconds=300"],
            ["every output would be processed again", "did you mean concurrency?", "visibilitySeconds"],
        ),
        (["inputBucket=photos-000000000000", "outputBucket=photos-${AWS::AccountId}"], ["every output would"]),
        (["concurrency=1"], ["maximumConcurrency': must be >= 2"]),
        (["concurrency=1000"], ["concurrency is 1000, but this account runs at most"]),
    ],
    ids=[
        "all at once",
        "the same bucket in this account",
        "what the Serverless CLI finds",
        "above the limit",
    ],
)
def test_mistakes_are_told_before_anything_is_deployed(
    account: Account, parameters: list[str], words: list[str]
) -> None:
    options = [f"--param={parameter}" for parameter in parameters]
    done = account.run("deploy", "--", "--stage", "other", *options)
    assert done.returncode == 1
    assert [word for word in words if word not in done.stderr] == []
    stacks = account.client("cloudformation").list_stacks()["StackSummaries"]
    assert "darkroom-other" not in {stack["StackName"] for stack in stacks}


def stack(account: Account, stage: str) -> dict[str, Any]:
    """Return CloudFormation's description of a stage's stack."""
    (found,) = account.client("cloudformation").describe_stacks(StackName=f"darkroom-{stage}")["Stacks"]
    return dict(found)


def empty_queues(account: Account, stage: str) -> None:
    for queue in ("dead-letters", "roll-up"):
        url = account.client("sqs").get_queue_url(QueueName=f"darkroom-{stage}-{queue}")["QueueUrl"]
        account.client("sqs").purge_queue(QueueUrl=url)


def test_a_deployment_that_would_drop_an_address_is_refused(account: Account) -> None:
    done = account.run("deploy", "--", "--stage", "prod")
    assert done.returncode == 1
    assert "me@example.com is unsubscribed from the summaries" in done.stderr
    assert "--replace summaryEmail" in done.stderr


def test_a_deployment_that_would_replace_a_bucket_is_refused(account: Account) -> None:
    options = ["--param=summaryEmail=me@example.com", "--param=inputBucket=another-bucket"]
    done = account.run("deploy", "--", "--stage", "prod", *options)
    assert done.returncode == 1
    assert f"inputBucket: {min(own_buckets('prod'))} -> another-bucket" in done.stdout
    assert "--replace inputBucket" in done.stderr
    assert "another-bucket" not in account.buckets()


def test_what_was_asked_for_by_name_is_deployed(account: Account) -> None:
    done = account.run("deploy", "--", "--stage", "prod", "--replace", "summaryEmail")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "summaryEmail: me@example.com -> (none)" in done.stdout


def test_a_stage_with_dead_letters_is_not_removed(account: Account) -> None:
    empty_queues(account, "prod")
    dlq = account.client("sqs").get_queue_url(QueueName="darkroom-prod-dead-letters")["QueueUrl"]
    account.client("sqs").send_message(QueueUrl=dlq, MessageBody="a dead letter")
    done = account.run("remove", "--", "--stage", "prod", "--yes-remove", "prod")
    assert done.returncode == 1
    assert "these would be lost: dead letters: 1." in done.stderr
    assert stack(account, "prod")["StackStatus"] != "DELETE_COMPLETE"


def test_a_stage_is_not_removed_before_its_name_is_given_twice(account: Account) -> None:
    empty_queues(account, "prod")
    done = account.run("remove", "--", "--stage", "prod")
    assert done.returncode == 1
    assert "add --yes-remove prod" in done.stderr
    assert "functions, queues, topics" in done.stdout
    assert stack(account, "prod")["StackStatus"] != "DELETE_COMPLETE"


def test_cloudformation_protects_prod_from_deletion(account: Account) -> None:
    assert stack(account, "prod")["EnableTerminationProtection"] is True


def test_a_stage_that_is_not_deployed_cannot_be_removed(account: Account) -> None:
    done = account.run("remove", "--", "--stage", "nowhere", "--yes-remove", "nowhere")
    assert done.returncode == 1
    assert "Wrong region, account or stage?" in done.stderr
    assert "github.com" not in done.stdout + done.stderr
