"""Read a resolved serverless.yml: the output of `osls print --format json`."""

import re
from collections.abc import Mapping
from typing import Any


def bucket_names(config: Mapping[str, Any]) -> tuple[str, str]:
    """Return the names of the input and output bucket, with CloudFormation's account and region in them."""
    resources = config["resources"]["Resources"]
    source, output = (
        resources[name]["Properties"]["BucketName"]["Fn::Sub"] for name in ("InputBucket", "OutputBucket")
    )
    return str(source), str(output)


def created_buckets(config: Mapping[str, Any]) -> list[bool]:
    """Say of the input and the output bucket whether the stack creates it."""
    parameters = config["resources"]["Parameters"]
    return [parameters[name]["Default"] == "true" for name in ("CreateInputBucket", "CreateOutputBucket")]


def resolve_name(name: str, account: str, region: str) -> str:
    """Put the account and the region into a name, as CloudFormation does; in the template's metadata, too."""
    return re.sub(r"\$?\{AWS::(AccountId|Region)\}", lambda found: account if found[1] == "AccountId" else region, name)


def build_target(config: Mapping[str, Any]) -> str:
    """Return the target of the zips that a resolved serverless.yml deploys."""
    artifact = str(config["layers"]["dependencies"]["package"]["artifact"])
    return artifact.removeprefix(".build/layer-").removesuffix(".zip")


def process_function(config: Mapping[str, Any]) -> Any:
    """Return the function that processes photos."""
    return config["functions"]["process"]


def function_environment(config: Mapping[str, Any]) -> Any:
    """Return the environment variables of the function that processes photos."""
    return process_function(config)["environment"]


def event_source(config: Mapping[str, Any]) -> Any:
    """Return the event source mapping of the queue."""
    return process_function(config)["events"][0]["sqs"]


def photo_queue(config: Mapping[str, Any]) -> Any:
    """Return the properties of the queue."""
    return config["resources"]["Resources"]["PhotoQueue"]["Properties"]
