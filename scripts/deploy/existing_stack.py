"""Read what is in the account before and after a deployment; an account that cannot be read is no error."""

from collections.abc import Iterable, Mapping
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from scripts.aws.stack_outputs import SERVICE, StackOutputs, StackOutputsError, read_stack_outputs
from scripts.deploy.rules import resolve_name

_CANNOT_READ = (BotoCoreError, ClientError)


class ExistingStack:
    """A stage in the account of the environment's credentials.

    Args:
        stage: its name.
        region: AWS's name for it.
        environment: the Serverless CLI's.
    """

    def __init__(self, stage: str, region: str, environment: Mapping[str, str]) -> None:
        self._stage = stage
        self._region = region
        self._endpoint_url = environment.get("AWS_ENDPOINT_URL")
        self._session = boto3.Session(
            environment.get("AWS_ACCESS_KEY_ID"),
            environment.get("AWS_SECRET_ACCESS_KEY"),
            environment.get("AWS_SESSION_TOKEN"),
            region_name=region,
            profile_name=environment.get("AWS_PROFILE"),
        )

    def outputs(self) -> StackOutputs | None:
        """Return the stack's outputs; None when it is not deployed."""
        try:
            return read_stack_outputs(self._client("cloudformation"), self._stage)
        except (*_CANNOT_READ, StackOutputsError):
            return None

    def stack_parameters(self) -> dict[str, str]:
        """Return the parameters of the deployed stack; empty when it is not deployed."""
        try:
            (stack,) = self._client("cloudformation").describe_stacks(StackName=f"{SERVICE}-{self._stage}")["Stacks"]
        except _CANNOT_READ:
            return {}
        return {entry["ParameterKey"]: entry["ParameterValue"] for entry in stack.get("Parameters", [])}

    def resolve_names(self, names: Iterable[str]) -> list[str]:
        """Put the account and the region into names of serverless.yml; return none when the account is not known."""
        try:
            account = self._client("sts").get_caller_identity()["Account"]
        except _CANNOT_READ:
            return []
        return [resolve_name(name, account, self._region) for name in names]

    def find_left_over_buckets(self, names: Iterable[str]) -> list[str]:
        """List the buckets that exist without the stack: removing a stack leaves its buckets."""
        return [] if self.outputs() else [name for name in names if self._owns_bucket(name)]

    def _owns_bucket(self, name: str) -> bool:
        try:
            self._client("s3").head_bucket(Bucket=name)
        except _CANNOT_READ:
            return False
        return True

    def _client(self, service: str) -> Any:
        return self._session.client(service, endpoint_url=self._endpoint_url)  # type: ignore[call-overload]
