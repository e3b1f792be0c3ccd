"""Texts around a deployment: next steps, what a removal deletes, remaining buckets."""

from collections.abc import Mapping, Sequence
from typing import Any

from scripts.aws.stack_outputs import StackOutputs


def after_deploy(outputs: StackOutputs, config: Mapping[str, Any]) -> list[str]:
    """Describe the next steps.

    Args:
        outputs: the deployed stack's.
        config: the resolved serverless.yml.
    """
    subscribe = "aws sns subscribe --protocol email --topic-arn {} --notification-endpoint ADDRESS"
    lines = [
        f"Upload photos:    aws s3 cp PHOTOS s3://{outputs.input_bucket}/ --recursive",
        f"Outputs:          s3://{outputs.output_bucket}/",
        f"Subscribe people: {subscribe.format(outputs.summary_topic_arn)}",
        f"... to alarms:    {subscribe.format(outputs.alarm_topic_arn)}",
    ]
    addresses = [config["resources"]["Parameters"][name]["Default"] for name in ("SummaryEmail", "AlarmEmail")]
    if any(addresses):
        lines.append("SNS sends an e-mail to each new address, and nothing else until the link in it is followed.")
    return lines


def before_remove(stage: str, outputs: StackOutputs) -> list[str]:
    """Describe what removing a stage deletes and what stays."""
    return [
        f"Removing the stage {stage} deletes its functions, queues, topics with their subscriptions, alarms and logs.",
        f"The buckets {outputs.input_bucket} and {outputs.output_bucket} stay, with all that is in them.",
    ]


def refuse_removal(stage: str, waiting: Mapping[str, int]) -> str:
    """Explain why a stage with messages in its queues is not removed, and what to do."""
    kept = ", ".join(f"{what}: {count:,}" for what, count in waiting.items() if count)
    return (
        f"Not removed, because these would be lost: {kept}. Photos: wait until they are processed. Dead letters: "
        f"`npm run dlq -- export --stage {stage}`, then `npm run dlq -- purge --stage {stage}`. "
        "Digests: wait for the next summary."
    )


def after_remove(outputs: StackOutputs) -> list[str]:
    """Describe what remains, and how to delete it."""
    return [
        "The buckets stay, with all that is in them. To deploy this stage again with them, set createInputBucket and "
        "createOutputBucket to false. If you need nothing from them, delete them:",
        *_how_to_delete((outputs.input_bucket, outputs.output_bucket)),
    ]


def buckets_in_the_way(buckets: Sequence[str], *, is_deployed: bool) -> list[str]:
    """Explain why a deployment that would create them is refused, and what to do.

    Args:
        buckets: their names.
        is_deployed: the stage exists, and may be using them.
    """
    reason = (
        f"These buckets exist already, and CloudFormation cannot take them over: {', '.join(buckets)}. To use them "
        "with what is in them, set createInputBucket: false (or createOutputBucket); or choose other names "
        "(inputBucket, outputBucket)."
    )
    if is_deployed:
        return [reason]
    left = (
        "Only if a removed deployment of this stage left them behind and you need nothing from them, delete them with"
    )
    return [f"{reason} {left}", *_how_to_delete(buckets)]


def _how_to_delete(buckets: Sequence[str]) -> list[str]:
    return [f"  aws s3 rb --force s3://{bucket}" for bucket in buckets]
