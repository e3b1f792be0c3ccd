"""What is in the account before and after a deployment; only for hints, so that what cannot be asked is no error."""

from collections.abc import Iterable, Mapping

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from scripts.aws.stack_outputs import SERVICE, StackOutputs, StackOutputsError, read_stack_outputs
from scripts.deploy.rules import resolve_name


class DeployedStage:
    """Looks at one stage in the account that the environment's credentials belong to.

    Args:
        stage: the stage.
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
            region_name=self._region,
            profile_name=environment.get("AWS_PROFILE"),
        )

    def find_outputs(self) -> StackOutputs | None:
        """The deployed names; None when the stage is not deployed, or cannot be asked."""
        try:
            client = self._session.client("cloudformation", endpoint_url=self._endpoint_url)
            return read_stack_outputs(client, self._stage)
        except (BotoCoreError, ClientError, StackOutputsError):
            return None

    def find_people(self) -> dict[str, str]:
        """The parameters of the deployed stack, among them who is subscribed; empty when there is none to ask."""
        try:
            client = self._session.client("cloudformation", endpoint_url=self._endpoint_url)
            (stack,) = client.describe_stacks(StackName=f"{SERVICE}-{self._stage}")["Stacks"]
        except (BotoCoreError, ClientError):
            return {}
        return {entry["ParameterKey"]: entry["ParameterValue"] for entry in stack.get("Parameters", [])}

    def resolve_names(self, names: Iterable[str]) -> list[str]:
        """Names as this account will have them; empty when it cannot be asked which one it is.

        Args:
            names: as serverless.yml has them, with CloudFormation's account and region in them.
        """
        try:
            account = self._session.client("sts", endpoint_url=self._endpoint_url).get_caller_identity()["Account"]
        except (BotoCoreError, ClientError):
            return []
        return [resolve_name(name, account, self._region) for name in names]

    def find_left_over_buckets(self, names: Iterable[str]) -> list[str]:
        """Which of these buckets are there although the stage is not: a removed stack leaves its buckets."""
        return [] if self.find_outputs() else [name for name in names if self._owns_bucket(name)]

    def _owns_bucket(self, name: str) -> bool:
        try:
            self._session.client("s3", endpoint_url=self._endpoint_url).head_bucket(Bucket=name)
        except (BotoCoreError, ClientError):
            return False
        return True
