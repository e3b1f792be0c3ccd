"""A stage without a function: tests alone receive from its queues."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any
from uuid import uuid4

from scripts.aws.local_endpoint import client_environment, make_local_client
from scripts.aws.stage import Stage, find_stage

RENDITIONS = "large:1200:80,medium:600:80,small:300:80"
_OUTPUTS = {
    "InputBucketName": {"Ref": "Input"},
    "OutputBucketName": {"Ref": "Output"},
    "QueueUrl": {"Ref": "Queue"},
    "DeadLetterQueueUrl": {"Ref": "Dlq"},
    "DigestTopicArn": {"Ref": "Topic"},
    "SummaryTopicArn": {"Ref": "Topic"},
    "AlarmTopicArn": {"Ref": "Topic"},
    "RollUpQueueUrl": {"Ref": "Queue"},
    "ProcessFunctionName": {"Ref": "Function"},
}


@dataclass(frozen=True)
class BareStage:
    """A stage of a local AWS, with clients and environment variables."""

    name: str
    endpoint_url: str

    @property
    def environment(self) -> dict[str, str]:
        return client_environment(self.endpoint_url)

    @cached_property
    def target(self) -> Stage:
        """The stage as the scripts find it; needs `environment` in the environment."""
        return find_stage(self.name)

    def client(self, service: str) -> Any:
        return _client(service, self.endpoint_url)


@cache
def _client(service: str, endpoint_url: str) -> Any:
    return make_local_client(service, endpoint_url)  # making one takes as long as a hundred calls


def deploy_bare_stage(endpoint_url: str, processed_keys: str = "*") -> BareStage:
    """Deploy a stage with a unique name.

    Args:
        endpoint_url: of the local AWS.
        processed_keys: the stack's output of this name.
    """
    name = f"t{uuid4().hex[:10]}"
    outputs = {**_OUTPUTS, "ProcessedKeys": processed_keys}
    template = {"Resources": _resources(name), "Outputs": {key: {"Value": value} for key, value in outputs.items()}}
    cloudformation = make_local_client("cloudformation", endpoint_url)
    stack_name = f"darkroom-{name}"
    cloudformation.create_stack(StackName=stack_name, TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=stack_name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    return BareStage(name, endpoint_url)


def _resources(name: str) -> dict[str, Any]:
    dlq = {"deadLetterTargetArn": {"Fn::GetAtt": ["Dlq", "Arn"]}, "maxReceiveCount": 5}
    return {
        "Input": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": f"{name}-input"}},
        "Output": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": f"{name}-output"}},
        "Dlq": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"{name}-dead-letters"}},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"{name}-photos", "RedrivePolicy": dlq}},
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": f"{name}-digests"}},
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": f"{name}-process",
                "Runtime": "python3.13",
                "Handler": "index.handler",
                "Role": "arn:aws:iam::000000000000:role/any",
                "MemorySize": 1769,
                "Code": {"ZipFile": "def handler(event, context): pass"},
                "Environment": {"Variables": {"RENDITIONS": RENDITIONS, "MAX_BYTES": "200000000"}},
            },
        },
    }


def fill_dlq(stage: BareStage, letters: Sequence[dict[str, Any]]) -> list[str]:
    """Send dead letters to the stage's DLQ; return their ids."""
    return send_all(stage.client("sqs"), stage.target.outputs.dead_letter_queue_url, letters)


def send_all(sqs: Any, url: str, messages: Sequence[dict[str, Any]]) -> list[str]:
    """Send messages, given as SendMessage's arguments; return their ids."""
    ids: list[str] = []
    for start in range(0, len(messages), 10):
        entries = [{"Id": str(i), **message} for i, message in enumerate(messages[start : start + 10])]
        answers = sqs.send_message_batch(QueueUrl=url, Entries=entries)["Successful"]
        ids += [answer["MessageId"] for answer in sorted(answers, key=lambda answer: int(answer["Id"]))]
    return ids


def drain(sqs: Any, url: str) -> list[dict[str, Any]]:
    """Receive and delete all visible messages."""
    messages: list[dict[str, Any]] = []
    while answer := _receive(sqs, url):
        entries = [{"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]} for i, message in enumerate(answer)]
        sqs.delete_message_batch(QueueUrl=url, Entries=entries)
        messages += answer
    return messages


def _receive(sqs: Any, url: str) -> list[dict[str, Any]]:
    names = {"MessageAttributeNames": ["All"], "MessageSystemAttributeNames": ["All"]}
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, **names)
    return list(answer.get("Messages", []))
