"""A deployed stage: its resources' names, its function's settings, and the boto3 clients that reach them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from processing.renditions import Rendition
from processing.settings import RenderSettings, read_render_settings
from scripts.aws.local_endpoint import ACCESS_KEY_ID, LOCAL_STAGE, REGION, SECRET_ACCESS_KEY, find_running_stack
from scripts.aws.slow_calls import SLOW_CALLS
from scripts.aws.sqs_queue import SqsQueue
from scripts.aws.stack_outputs import StackOutputs, StackOutputsError, read_stack_outputs
from scripts.cli.errors import OperatorError

if TYPE_CHECKING:
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_logs import CloudWatchLogsClient
    from types_boto3_s3 import S3Client
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient

NO_REGION = "no region: set AWS_REGION, or a profile that names one"
MAX_CONNECTIONS = 64  # of each client: as many requests as the commands make at once
# More retries than a function makes: after an error here a person has to run the command again.
CLIENT_CONFIG = Config(
    connect_timeout=5,
    read_timeout=60,
    retries={"mode": "standard", "total_max_attempts": 8},
    max_pool_connections=MAX_CONNECTIONS,
)


# The first calls: a wrong or dead endpoint is reported within ten seconds.
FIRST_CONTACT = Config(connect_timeout=4, read_timeout=4, retries={"mode": "standard", "total_max_attempts": 2})


@dataclass(frozen=True)
class DeployedSettings:
    """The renditions and the memory of a deployed function.

    Attributes:
        render: its settings, without its limits.
        memory_mb: the function's memory.
        max_bytes: larger files are refused; 0 when a function of an earlier version does not say.
    """

    render: RenderSettings
    memory_mb: int
    max_bytes: int = 0

    @property
    def renditions(self) -> tuple[Rendition, ...]:
        """Return the renditions, from the largest to the smallest."""
        return self.render.renditions

    @property
    def fingerprint(self) -> str:
        """The function's settings fingerprint, if these scripts and the function have the same version."""
        return self.render.fingerprint


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A deployed stage.

    Attributes:
        name: `local`, `dev`, `prod` ...
        endpoint_url: of a local stack; None for AWS, or for the endpoint in `AWS_ENDPOINT_URL`.
    """

    name: str
    outputs: StackOutputs
    session: boto3.Session
    endpoint_url: str | None = None

    @cached_property
    def s3(self) -> "S3Client":
        return cast("S3Client", self._client("s3"))

    @cached_property
    def sqs(self) -> "SQSClient":
        return cast("SQSClient", self._client("sqs"))

    @cached_property
    def sns(self) -> "SNSClient":
        return cast("SNSClient", self._client("sns"))

    @cached_property
    def cloudwatch(self) -> "CloudWatchClient":
        return cast("CloudWatchClient", self._client("cloudwatch"))

    @cached_property
    def logs(self) -> "CloudWatchLogsClient":
        return cast("CloudWatchLogsClient", self._client("logs"))

    @cached_property
    def functions(self) -> "LambdaClient":
        return cast("LambdaClient", self._client("lambda"))

    @property
    def queue(self) -> SqsQueue:
        """The source queue, which feeds the function."""
        return SqsQueue(self.sqs, self.outputs.queue_url)

    @property
    def dlq(self) -> SqsQueue:
        """The dead-letter queue."""
        return SqsQueue(self.sqs, self.outputs.dead_letter_queue_url)

    def read_settings(self) -> DeployedSettings:
        """Read the deployed function's settings from its Lambda configuration.

        Raises:
            OperatorError: its settings of the outputs cannot be parsed.
        """
        return read_function_settings(self.functions, self.outputs.process_function)

    def _client(self, service: str) -> Any:
        return make_client(self.session, service, self.endpoint_url)


def read_function_settings(functions: "LambdaClient", name: str) -> DeployedSettings:
    """Read a deployed function's settings from its Lambda configuration.

    Raises:
        OperatorError: its settings cannot be parsed.
    """
    answer = functions.get_function_configuration(FunctionName=name)
    variables = answer.get("Environment", {}).get("Variables", {})
    try:
        render, max_bytes = read_render_settings(variables), int(variables.get("MAX_BYTES", "0"))
    except ValueError as error:
        raise OperatorError(f"the function's settings cannot be read: {error}; deploy it again") from error
    return DeployedSettings(render, answer["MemorySize"], max_bytes)


def make_client(
    session: boto3.Session, service: str, endpoint_url: str | None = None, config: Config | None = None
) -> Any:
    """Make a boto3 client with many retries that says what it waits for; path-style bucket names outside AWS.

    Args:
        session: with credentials and region.
        service: its name in boto3.
        endpoint_url: outside AWS.
        config: replaces parts of `CLIENT_CONFIG`.
    """
    is_elsewhere = endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
    config = CLIENT_CONFIG.merge(config) if config else CLIENT_CONFIG
    config = config.merge(Config(s3={"addressing_style": "path"})) if is_elsewhere else config
    client = session.client(service, endpoint_url=endpoint_url, config=config)  # type: ignore[call-overload]
    SLOW_CALLS.watch(client)
    return client


def find_region(environment: Mapping[str, str]) -> str | None:
    """Return the AWS region: `AWS_REGION`, then `AWS_DEFAULT_REGION`, then the profile's.

    boto3 ignores `AWS_REGION`, which the Serverless CLI deploys to.

    Raises:
        ProfileNotFound: there is no such profile.
    """
    chosen = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    return chosen or boto3.Session(profile_name=environment.get("AWS_PROFILE")).region_name or None


def find_stage(name: str) -> Stage:
    """Find a deployed stage by its CloudFormation stack, `local` by its state file.

    Account and region come from the usual AWS environment variables and profile, or `AWS_ENDPOINT_URL`.

    Raises:
        OperatorError: the stage is not deployed there, or no region is set.
    """
    if name == LOCAL_STAGE and "AWS_ENDPOINT_URL" not in os.environ:
        return _find_local()
    region = find_region(os.environ)
    if region is None:
        raise OperatorError(NO_REGION)
    session = boto3.Session(region_name=region)
    try:
        outputs = read_stack_outputs(make_client(session, "cloudformation", config=FIRST_CONTACT), name)
    except StackOutputsError as error:
        where = f"(looked in {region}, {_account(session)})"
        raise OperatorError(f"{error} {where}. Wrong region, account or stage?") from error
    return Stage(name=name, outputs=outputs, session=session)


def _account(session: boto3.Session) -> str:
    try:
        return f"account {make_client(session, 'sts', config=FIRST_CONTACT).get_caller_identity()['Account']}"
    except (BotoCoreError, ClientError):
        return "an account that STS does not name"


def _find_local() -> Stage:
    stack = find_running_stack()
    if stack is None:
        raise OperatorError("no local stack is running: start one with `npm run stack` in another terminal")
    session = boto3.Session(ACCESS_KEY_ID, SECRET_ACCESS_KEY, region_name=REGION)
    return Stage(name=LOCAL_STAGE, outputs=stack.outputs, session=session, endpoint_url=stack.endpoint_url)
