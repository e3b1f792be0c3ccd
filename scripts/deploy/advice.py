"""What a person is told around a deployment: what it takes back, what to do next, what is left."""

from collections.abc import Mapping, Sequence
from typing import Any

from scripts.aws.stack_outputs import StackOutputs

# Who is subscribed by a parameter of serverless.yml, by the name of its CloudFormation parameter.
PEOPLE = {"SummaryEmail": "summaryEmail", "SummaryPhone": "summaryPhone", "AlarmEmail": "alarmEmail"}


def after_deploy(outputs: StackOutputs, parameters: Sequence[str]) -> str:
    """What to do next."""
    lines = [
        f"Upload photos:    aws s3 cp PHOTOS s3://{outputs.input_bucket}/ --recursive",
        f"Outputs:          s3://{outputs.output_bucket}/",
        f"Subscribe people: aws sns subscribe --protocol email --topic-arn {outputs.summary_topic_arn} "
        "--notification-endpoint ADDRESS",
        f"... to alarms:    aws sns subscribe --protocol email --topic-arn {outputs.alarm_topic_arn} "
        "--notification-endpoint ADDRESS",
    ]
    if any("Email=" in parameter for parameter in parameters):
        lines.append("SNS has sent an e-mail to each new address; it stays silent until the link in it is followed.")
    return "\n".join(lines)


def after_remove(outputs: StackOutputs) -> str:
    """What is left, and how to get rid of it."""
    buckets = (outputs.input_bucket, outputs.output_bucket)
    return (
        "The buckets stay, with all that is in them. To deploy this stage again, choose other names "
        '(--param="inputBucket=...", outputBucket), or save what you need from them and delete them:\n'
        f"{_how_to_delete(buckets)}"
    )


def taken_back(people: Mapping[str, str], config: Mapping[str, Any]) -> str:
    """Warns of subscriptions that the last deployment made and this one does not ask for; empty if there are none.

    Args:
        people: the deployed stack's parameters.
        config: the resolved serverless.yml.
    """
    wanted = config["resources"]["Parameters"]
    lines = [
        f"This deployment has no {parameter}: {people[name]} is unsubscribed. To keep it, add "
        f'--param="{parameter}={people[name]}", or write it into serverless.yml.\n'
        for name, parameter in PEOPLE.items()
        if people.get(name) and not wanted[name]["Default"]
    ]
    return "".join(lines)


def buckets_in_the_way(buckets: Sequence[str]) -> str:
    """Why a first deployment is refused, and what to do."""
    return (
        f"These buckets exist already, and CloudFormation cannot take them over: {', '.join(buckets)}. "
        'Choose other names (--param="inputBucket=...", outputBucket). Only if a removed deployment of this stage left '
        f"them behind: save what you need from them, then delete them with\n{_how_to_delete(buckets)}"
    )


def _how_to_delete(buckets: Sequence[str]) -> str:
    return "\n".join(f"  aws s3 rb --force s3://{bucket}" for bucket in buckets)
