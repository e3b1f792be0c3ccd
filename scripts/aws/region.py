"""The AWS region that the usual settings name: one answer for deployments and for operators."""

from collections.abc import Mapping

import boto3

NO_REGION = "no region: set AWS_REGION, or a profile that names one"


def find_region(environment: Mapping[str, str]) -> str | None:
    """`AWS_REGION`, as the Serverless CLI and other SDKs have it, then `AWS_DEFAULT_REGION`, then the profile's.

    boto3 itself knows only the last two: with the first alone it would look elsewhere than where a stage was deployed.

    Raises:
        ProfileNotFound: there is no such profile.
    """
    chosen = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    return chosen or boto3.Session(profile_name=environment.get("AWS_PROFILE")).region_name
