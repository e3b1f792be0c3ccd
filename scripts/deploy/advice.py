"""Texts around a deployment: removed subscriptions, next steps, remaining buckets."""

from collections.abc import Mapping, Sequence
from typing import Any

from scripts.aws.stack_outputs import StackOutputs

# The CloudFormation parameters that subscribe people, with their names in serverless.yml.
SUBSCRIPTIONS = {"SummaryEmail": "summaryEmail", "SummaryPhone": "summaryPhone", "AlarmEmail": "alarmEmail"}


def after_deploy(outputs: StackOutputs, parameters: Sequence[str]) -> str:
    """Describe the next steps."""
    subscribe = "aws sns subscribe --protocol email --topic-arn {} --notification-endpoint ADDRESS"
    lines = [
        f"Upload photos:    aws s3 cp PHOTOS s3://{outputs.input_bucket}/ --recursive",
        f"Outputs:          s3://{outputs.output_bucket}/",
        f"Subscribe people: {subscribe.format(outputs.summary_topic_arn)}",
        f"... to alarms:    {subscribe.format(outputs.alarm_topic_arn)}",
    ]
    if any("Email=" in parameter for parameter in parameters):
        lines.append("SNS has sent an e-mail to each new address; it stays silent until the link in it is followed.")
    return "\n".join(lines)


def after_remove(outputs: StackOutputs) -> str:
    """Describe what remains, and how to delete it."""
    return (
        "The buckets stay, with all that is in them. To deploy this stage again, choose other names "
        '(--param="inputBucket=...", outputBucket), or save what you need from them and delete them:\n'
        f"{_how_to_delete((outputs.input_bucket, outputs.output_bucket))}"
    )


def removed_subscriptions(deployed: Mapping[str, str], config: Mapping[str, Any]) -> str:
    """Warn of subscriptions that this deployment removes; empty if there are none.

    Args:
        deployed: the deployed stack's parameters.
        config: the resolved serverless.yml.
    """
    wanted = config["resources"]["Parameters"]
    return "".join(
        f"This deployment has no {parameter}: {deployed[name]} is unsubscribed. To keep it, add "
        f'--param="{parameter}={deployed[name]}", or write it into serverless.yml.\n'
        for name, parameter in SUBSCRIPTIONS.items()
        if deployed.get(name) and not wanted[name]["Default"]
    )


def buckets_in_the_way(buckets: Sequence[str]) -> str:
    """Explain why a first deployment is refused, and what to do."""
    return (
        f"These buckets exist already, and CloudFormation cannot take them over: {', '.join(buckets)}. "
        'Choose other names (--param="inputBucket=...", outputBucket). Only if a removed deployment of this stage left '
        f"them behind: save what you need from them, then delete them with\n{_how_to_delete(buckets)}"
    )


def _how_to_delete(buckets: Sequence[str]) -> str:
    return "\n".join(f"  aws s3 rb --force s3://{bucket}" for bucket in buckets)
