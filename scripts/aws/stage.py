"""What a script works on: a stage's resources and the clients that reach them."""

import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from scripts.aws.local_endpoint import STAGE as LOCAL_STAGE
from scripts.aws.local_endpoint import find_kept_stack
from scripts.aws.region import NO_REGION, find_region
from scripts.aws.stack_outputs import StackOutputs, StackOutputsError, read_stack_outputs
from scripts.cli.errors import TargetError

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient
    from types_boto3_s3 import S3Client
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient

# Patient: a script that gives up leaves a person with half a job, a function's message simply comes again.
CLIENT_CONFIG = Config(
    connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 8}, max_pool_connections=32
)


@dataclass(frozen=True, kw_only=True)
class Target:
    """A deployed stage.

    Attributes:
        stage: its name.
        outputs: the names of its resources.
        session: credentials and region.
        endpoint_url: of a local stack; None for AWS, or for what `AWS_ENDPOINT_URL` says.
    """

    stage: str
    outputs: StackOutputs
    session: boto3.Session
    endpoint_url: str | None = None

    @cached_property
    def s3(self) -> "S3Client":
        client: S3Client = self._client("s3")
        return client

    @cached_property
    def sqs(self) -> "SQSClient":
        client: SQSClient = self._client("sqs")
        return client

    @cached_property
    def sns(self) -> "SNSClient":
        client: SNSClient = self._client("sns")
        return client

    @cached_property
    def functions(self) -> "LambdaClient":
        client: LambdaClient = self._client("lambda")
        return client

    def _client(self, service: str) -> Any:
        return make_client(self.session, service, self.endpoint_url)


def make_client(session: boto3.Session, service: str, endpoint_url: str | None = None) -> Any:
    """A client that retries for long; bucket names go into the path where the endpoint is not AWS's own."""
    is_elsewhere = endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
    config = CLIENT_CONFIG.merge(Config(s3={"addressing_style": "path"})) if is_elsewhere else CLIENT_CONFIG
    return session.client(service, endpoint_url=endpoint_url, config=config)  # type: ignore[call-overload]


def find_target(stage: str) -> Target:
    """Finds a stage: `local` on this machine, any other by its CloudFormation stack in the account and region that
    the usual AWS environment variables and profile name. These also lead to a local stack when they name its endpoint.

    Raises:
        TargetError: it is not there.
    """
    if stage == LOCAL_STAGE and "AWS_ENDPOINT_URL" not in os.environ:
        return _find_local()
    region = find_region(os.environ)
    if region is None:
        raise TargetError(NO_REGION)
    session = boto3.Session(region_name=region)
    try:
        outputs = read_stack_outputs(make_client(session, "cloudformation"), stage)
    except StackOutputsError as error:
        raise TargetError(f"{error} (looked in {region})") from error
    return Target(stage=stage, outputs=outputs, session=session)


def _find_local() -> Target:
    kept = find_kept_stack()
    if kept is None:
        raise TargetError("no local stack is up: keep one up with `npm run stack` in another terminal")
    credentials = kept.environment
    session = boto3.Session(
        credentials["AWS_ACCESS_KEY_ID"], credentials["AWS_SECRET_ACCESS_KEY"], region_name=credentials["AWS_REGION"]
    )
    return Target(stage=LOCAL_STAGE, outputs=kept.outputs, session=session, endpoint_url=kept.endpoint_url)
