"""The names that a deployed stack gave its resources: CloudFormation's outputs, as serverless.yml declares them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient

SERVICE = "darkroom"


class StackOutputsError(Exception):
    """The stack is not there, or is not one of ours."""


@dataclass(frozen=True, kw_only=True)
class StackOutputs:
    """Names of a deployed stack's resources.

    Attributes:
        input_bucket: photos go here.
        output_bucket: renditions and PDFs come out here.
        queue_url: messages about uploaded photos.
        dead_letter_queue_url: messages that were given up.
        digest_topic_arn: a digest of every batch.
        summary_topic_arn: what people subscribe to.
        alarm_topic_arn: what operators subscribe to.
        roll_up_queue_url: digests that wait for the next summary.
        process_function: the function that makes the renditions.
        follow_queue_url: every digest, for `npm start`; empty outside the stage local.
    """

    input_bucket: str
    output_bucket: str
    queue_url: str
    dead_letter_queue_url: str
    digest_topic_arn: str
    summary_topic_arn: str
    alarm_topic_arn: str
    roll_up_queue_url: str
    process_function: str
    follow_queue_url: str = ""

    @classmethod
    def from_outputs(cls, outputs: Mapping[str, str]) -> "StackOutputs":
        """Picks ours from a stack's outputs.

        Raises:
            StackOutputsError: one is missing.
        """
        missing = sorted(name for field, name in _OUTPUTS.items() if name not in outputs and field not in _OPTIONAL)
        if missing:
            raise StackOutputsError(f"the stack has no output {', '.join(missing)}: deploy it again")
        return cls(**{field: outputs.get(name, "") for field, name in _OUTPUTS.items()})


_OUTPUTS = {
    "input_bucket": "InputBucketName",
    "output_bucket": "OutputBucketName",
    "queue_url": "QueueUrl",
    "dead_letter_queue_url": "DeadLetterQueueUrl",
    "digest_topic_arn": "DigestTopicArn",
    "summary_topic_arn": "SummaryTopicArn",
    "alarm_topic_arn": "AlarmTopicArn",
    "roll_up_queue_url": "RollUpQueueUrl",
    "process_function": "ProcessFunctionName",
    "follow_queue_url": "FollowQueueUrl",
}
_OPTIONAL = {"follow_queue_url"}


def read_stack_outputs(cloudformation: "CloudFormationClient", stage: str) -> StackOutputs:
    """Asks CloudFormation for the outputs of a stage's stack.

    Raises:
        StackOutputsError: the stage is not deployed there, or by another version.
    """
    stack_name = f"{SERVICE}-{stage}"
    try:
        stacks = cloudformation.describe_stacks(StackName=stack_name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        raise StackOutputsError(f"there is no stack {stack_name}: `npm run deploy -- --stage {stage}` first") from error
    return StackOutputs.from_outputs({o["OutputKey"]: o["OutputValue"] for o in stacks[0].get("Outputs", [])})
