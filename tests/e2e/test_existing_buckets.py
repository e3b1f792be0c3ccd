"""A stage on buckets that exist already: deployed, used, removed and deployed again."""

import json
import time
from collections.abc import Iterator

import pytest

from scripts.local_stack.stack import local_aws
from tests.e2e.test_deploy_commands import TIMEOUT_SECONDS, Account
from tests.support.photos import jpeg

SOURCE, OUTPUT = "somebodys-photos", "somebodys-website"
PARAMETERS = {
    "inputBucket": SOURCE,
    "outputBucket": OUTPUT,
    "createInputBucket": "false",
    "createOutputBucket": "false",
    "keyPrefix": "photos/",
    "keySuffixes": ".jpg,.png",
}
OUTPUTS = {f"photos/beach.jpg/{name}" for name in ("large.jpg", "medium.jpg", "small.jpg", "document.pdf")}


def options(**changes: str) -> list[str]:
    return ["--stage", "shared", *(f"--param={name}={value}" for name, value in {**PARAMETERS, **changes}.items())]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """Make an account with two buckets; the first notifies a queue about invoices."""
    with local_aws() as aws:
        account = Account(aws, tmp_path_factory.mktemp("home"))
        queue = account.client("sqs").create_queue(QueueName="invoices")["QueueUrl"]
        for bucket in (SOURCE, OUTPUT):
            account.client("s3").create_bucket(Bucket=bucket)
        rules = [{"Name": "prefix", "Value": "invoices/"}]
        account.client("s3").put_bucket_notification_configuration(
            Bucket=SOURCE,
            NotificationConfiguration={
                "QueueConfigurations": [
                    {
                        "Id": "invoices",
                        "QueueArn": f"arn:aws:sqs:us-east-1:000000000000:{queue.rpartition('/')[2]}",
                        "Events": ["s3:ObjectCreated:*"],
                        "Filter": {"Key": {"FilterRules": rules}},
                    }
                ]
            },
        )
        deployed = account.run("deploy", "--", *options())
        assert deployed.returncode == 0, deployed.stdout + deployed.stderr
        assert "WARN: No bucket that existed before can be made public" in deployed.stdout
        yield account


def notified_queues(account: Account) -> list[str]:
    answer = account.client("s3").get_bucket_notification_configuration(Bucket=SOURCE)
    return sorted(each["QueueArn"].rpartition(":")[2] for each in answer.get("QueueConfigurations", []))


def test_the_stages_notifications_are_added_to_those_that_are_there(account: Account) -> None:
    assert notified_queues(account) == ["darkroom-shared-photos", "darkroom-shared-photos", "invoices"]


def test_nothing_else_of_the_buckets_is_changed(account: Account) -> None:
    resources = account.client("cloudformation").describe_stack_resources(StackName="darkroom-shared")
    names = {resource["LogicalResourceId"] for resource in resources["StackResources"]}
    assert names.isdisjoint({"InputBucket", "InputBucketPolicy", "OutputBucket", "OutputBucketPolicy"})


def test_only_photos_that_match_the_filter_are_processed(account: Account) -> None:
    for key in ("beach.jpg", "photos/notes.txt", "photos/beach.jpg"):
        account.client("s3").put_object(Bucket=SOURCE, Key=key, Body=jpeg())
    end = time.monotonic() + TIMEOUT_SECONDS
    while (found := account.keys(OUTPUT)) != OUTPUTS:
        assert time.monotonic() < end, found
        time.sleep(0.2)
    dlq = account.client("sqs").get_queue_url(QueueName="darkroom-shared-dead-letters")["QueueUrl"]
    depth = account.client("sqs").get_queue_attributes(QueueUrl=dlq, AttributeNames=["ApproximateNumberOfMessages"])
    assert depth["Attributes"]["ApproximateNumberOfMessages"] == "0"


def test_an_overlapping_notification_is_refused_before_the_deployment(account: Account) -> None:
    replace = ["--replace", "keyPrefix", "--replace", "keySuffixes"]
    done = account.run("deploy", "--", *replace, *options(keyPrefix="inv", keySuffixes=".pdf"))
    assert done.returncode == 1
    assert "invoices for keys invoices/*" in done.stderr
    assert notified_queues(account) == ["darkroom-shared-photos", "darkroom-shared-photos", "invoices"]


def test_a_deployment_that_forgets_that_the_buckets_exist_is_refused_and_advises_no_deletion(account: Account) -> None:
    done = account.run("deploy", "--", *options(createInputBucket="true", createOutputBucket="true"))
    assert done.returncode == 1
    assert f"CloudFormation cannot take them over: {SOURCE}, {OUTPUT}." in done.stderr
    assert "aws s3 rb" not in done.stderr


def test_a_bucket_that_does_not_exist_is_refused(account: Account) -> None:
    done = account.run("deploy", "--", "--replace", "inputBucket", *options(inputBucket="nowhere"))
    assert done.returncode == 1
    assert "the bucket nowhere does not exist or may not be read" in done.stderr


def test_removing_the_stage_leaves_the_buckets_and_the_notifications_of_others(account: Account) -> None:
    url = account.client("sqs").get_queue_url(QueueName="darkroom-shared-roll-up")["QueueUrl"]
    account.client("sqs").purge_queue(QueueUrl=url)
    done = account.run("remove", "--", "--stage", "shared", "--yes-remove", "shared")
    assert done.returncode == 0, done.stdout + done.stderr
    assert notified_queues(account) == ["invoices"]
    assert account.keys(OUTPUT) == OUTPUTS


def test_the_buckets_can_be_used_again_with_a_customers_key(account: Account) -> None:
    key = account.client("kms").create_key()["KeyMetadata"]["Arn"]
    again = account.run("deploy", "--", *options(kmsKeyArn=key))
    assert again.returncode == 0, again.stdout + again.stderr
    assert notified_queues(account) == ["darkroom-shared-photos", "darkroom-shared-photos", "invoices"]
    iam = account.client("iam")
    (role,) = [name for name in account.resources("shared") if "ProcessRole" in name]
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    granted = [s for s in document["Statement"] if s["Resource"] == key]
    assert [sorted(statement["Action"]) for statement in granted] == [["kms:Decrypt", "kms:GenerateDataKey"]], (
        json.dumps(document)
    )
