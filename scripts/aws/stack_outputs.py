"""The CloudFormation outputs of a deployed stack: its resources' names, as serverless.yml declares them."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from scripts.aws.key_filter import KeyFilter

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient

SERVICE = "darkroom"


class StackOutputsError(Exception):
    """The stack does not exist, or another version of Darkroom deployed it."""


def _output(name: str, **default: Any) -> Any:
    return field(metadata={"output": name}, **default)


@dataclass(frozen=True, kw_only=True)
class StackOutputs:
    """Names of a deployed stack's resources.

    Attributes:
        input_bucket: source objects.
        output_bucket: renditions and PDFs.
        queue_url: messages about uploaded photos.
        dead_letter_queue_url: messages that failed for good.
        digest_topic_arn: a digest of every batch.
        summary_topic_arn: summaries for people.
        alarm_topic_arn: alarms for operators.
        roll_up_queue_url: digests that wait for the next summary.
        process_function: the function that makes the renditions.
        processed_keys: the keys that the stage processes, see `KeyFilter`.
        follow_queue_url: every digest, for `npm start`; empty outside the stage local.
    """

    input_bucket: str = _output("InputBucketName")
    output_bucket: str = _output("OutputBucketName")
    queue_url: str = _output("QueueUrl")
    dead_letter_queue_url: str = _output("DeadLetterQueueUrl")
    digest_topic_arn: str = _output("DigestTopicArn")
    summary_topic_arn: str = _output("SummaryTopicArn")
    alarm_topic_arn: str = _output("AlarmTopicArn")
    roll_up_queue_url: str = _output("RollUpQueueUrl")
    process_function: str = _output("ProcessFunctionName")
    processed_keys: str = _output("ProcessedKeys", default="*")
    follow_queue_url: str = _output("FollowQueueUrl", default="")

    @property
    def key_filter(self) -> KeyFilter:
        """The keys that the stage processes."""
        return KeyFilter.parse(self.processed_keys)

    @classmethod
    def from_outputs(cls, outputs: Mapping[str, str]) -> "StackOutputs":
        """Read them from a stack's outputs.

        Raises:
            StackOutputsError: one is missing.
        """
        names = {each.name: each.metadata["output"] for each in fields(cls)}
        required = {names[each.name] for each in fields(cls) if each.default is MISSING}
        if not required & set(outputs):
            raise StackOutputsError(
                "the stack's first deployment did not finish: deploy it again (or delete the stack in CloudFormation)"
            )
        if missing := sorted(required - set(outputs)):
            raise StackOutputsError(f"the stack has no output {', '.join(missing)}: deploy it again")
        return cls(**{attribute: outputs[name] for attribute, name in names.items() if name in outputs})


def read_stack_outputs(cloudformation: "CloudFormationClient", stage: str) -> StackOutputs:
    """Read the outputs of a stage's stack from CloudFormation.

    Raises:
        StackOutputsError: the stage is not deployed, or by another version.
    """
    stack_name = f"{SERVICE}-{stage}"
    try:
        stacks = cloudformation.describe_stacks(StackName=stack_name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        raise StackOutputsError(f"there is no stack {stack_name}: `npm run deploy -- --stage {stage}` first") from error
    return StackOutputs.from_outputs({o["OutputKey"]: o["OutputValue"] for o in stacks[0].get("Outputs", [])})
