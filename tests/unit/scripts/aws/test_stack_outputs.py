import boto3
import pytest
from botocore.stub import Stubber

from scripts.aws.stack_outputs import StackOutputs, StackOutputsError, read_stack_outputs

NAMES = [
    "InputBucketName",
    "OutputBucketName",
    "QueueUrl",
    "DeadLetterQueueUrl",
    "DigestTopicArn",
    "SummaryTopicArn",
    "AlarmTopicArn",
    "RollUpQueueUrl",
    "ProcessFunctionName",
]


def test_outputs_are_read_by_their_names() -> None:
    outputs = StackOutputs.from_outputs({name: f"the {name}" for name in NAMES})
    assert outputs.dead_letter_queue_url == "the DeadLetterQueueUrl"
    assert outputs.process_function == "the ProcessFunctionName"


def test_only_the_local_stage_has_a_queue_to_follow() -> None:
    assert StackOutputs.from_outputs({name: name for name in NAMES}).follow_queue_url == ""
    assert StackOutputs.from_outputs({name: name for name in [*NAMES, "FollowQueueUrl"]}).follow_queue_url


def test_missing_outputs_are_named() -> None:
    with pytest.raises(StackOutputsError, match="AlarmTopicArn, QueueUrl"):
        StackOutputs.from_outputs({name: name for name in NAMES if name not in ("QueueUrl", "AlarmTopicArn")})


def test_a_stage_that_is_not_deployed_is_a_clear_error() -> None:
    cloudformation = boto3.Session("test", "test", region_name="us-east-1").client("cloudformation")
    with Stubber(cloudformation) as stubber:
        stubber.add_client_error("describe_stacks", "ValidationError")
        with pytest.raises(StackOutputsError, match="no stack darkroom-prod"):
            read_stack_outputs(cloudformation, "prod")


def test_a_stack_whose_first_deployment_failed_is_named_as_such() -> None:
    with pytest.raises(StackOutputsError, match="first deployment did not finish: deploy it again"):
        StackOutputs.from_outputs({"ServerlessDeploymentBucketName": "darkroom-dev-deployments"})
