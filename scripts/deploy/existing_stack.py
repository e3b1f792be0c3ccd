"""Read what is in the account before and after a deployment."""

import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from scripts.aws.sqs_queue import SqsQueue
from scripts.aws.stack_outputs import SERVICE, StackOutputs, StackOutputsError, read_stack_outputs
from scripts.aws.stage import Stage
from scripts.cli.errors import OperatorError
from scripts.packaging.resolved_config import resolve_name

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
        self.region = region
        self._endpoint_url = environment.get("AWS_ENDPOINT_URL")
        self._session = boto3.Session(
            environment.get("AWS_ACCESS_KEY_ID"),
            environment.get("AWS_SECRET_ACCESS_KEY"),
            environment.get("AWS_SESSION_TOKEN"),
            region_name=region,
            profile_name=environment.get("AWS_PROFILE"),
        )

    def require(self) -> StackOutputs:
        """Return the stack's outputs.

        Raises:
            OperatorError: it is not deployed in this account and region, or cannot be read.
        """
        try:
            return read_stack_outputs(self.client("cloudformation"), self._stage)
        except StackOutputsError as error:
            where = f"(looked in {self.region}, account {self.account or 'unknown'})"
            raise OperatorError(f"{error} {where}. Wrong region, account or stage?") from error
        except _CANNOT_READ as error:
            raise OperatorError(f"the stage {self._stage} cannot be read: {error}") from error

    def stage(self, outputs: StackOutputs) -> Stage:
        """Return the deployed stage, as the operators' commands use it."""
        return Stage(name=self._stage, outputs=outputs, session=self._session, endpoint_url=self._endpoint_url)

    def parameters(self) -> dict[str, str]:
        """Return the parameters of the deployed stage by their names in serverless.yml; empty without a stack.

        Raises:
            OperatorError: it is not known whether there is a stack, or what its template says.
        """
        cloudformation, name = self.client("cloudformation"), f"{SERVICE}-{self._stage}"
        try:
            cloudformation.describe_stacks(StackName=name)  # a local AWS knows templates of deleted stacks
            answer = cloudformation.get_template(StackName=name)
        except _CANNOT_READ as error:
            if _is_no_stack(error):
                return {}
            raise OperatorError(f"the deployed template cannot be read, to compare it: {error}") from error
        return self.resolve_values(_parse_template(answer["TemplateBody"]).get("Metadata", {}).get("Parameters", {}))

    def resolve_values(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """Put the account and the region into the values of parameters."""
        account = self.account
        return {name: resolve_name(value, account, self.region) for name, value in parameters.items()}

    def concurrency_limit(self) -> int | None:
        """Return how many invocations the account may run at once without those reserved; None if it cannot be read."""
        try:
            limits = self.client("lambda").get_account_settings()["AccountLimit"]
        except _CANNOT_READ:
            return None
        return int(limits["UnreservedConcurrentExecutions"])

    def waiting_messages(self, outputs: StackOutputs) -> dict[str, int]:
        """Count the messages in each queue of the stage, those in flight and delayed included.

        Raises:
            OperatorError: a queue cannot be read.
        """
        urls = {
            "messages about photos": outputs.queue_url,
            "dead letters": outputs.dead_letter_queue_url,
            "digests": outputs.roll_up_queue_url,
        }
        try:
            return {what: SqsQueue(self.client("sqs"), url).depth().all for what, url in urls.items()}
        except _CANNOT_READ as error:
            raise OperatorError(f"the queues cannot be read, to see what waits in them: {error}") from error

    def allow_deletion(self) -> None:
        """Turn off the stack's termination protection.

        Raises:
            OperatorError: it cannot be turned off.
        """
        try:
            self.client("cloudformation").update_termination_protection(
                StackName=f"{SERVICE}-{self._stage}", EnableTerminationProtection=False
            )
        except _CANNOT_READ as error:
            raise OperatorError(f"the stack's termination protection cannot be turned off: {error}") from error

    def resolve_names(self, names: Iterable[str]) -> list[str]:
        """Put the account and the region into names of serverless.yml; return none when the account is not known."""
        account = self.account
        return [resolve_name(name, account, self.region) for name in names] if account else []

    @cached_property
    def account(self) -> str:
        """Return the account's number; empty when STS does not say."""
        try:
            return str(self.client("sts").get_caller_identity()["Account"])
        except _CANNOT_READ:
            return ""

    def queue_arn(self) -> str:
        """Return the ARN of the stage's queue, whose name serverless.yml fixes."""
        partition = self._session.get_partition_for_region(self.region)
        return f"arn:{partition}:sqs:{self.region}:{self.account}:{SERVICE}-{self._stage}-photos"

    def client(self, service: str) -> Any:
        """Return a boto3 client of the account and region."""
        return self._session.client(service, endpoint_url=self._endpoint_url)  # type: ignore[call-overload]


def _is_no_stack(error: Exception) -> bool:
    """Return True for CloudFormation's answer about a stack that does not exist."""
    return isinstance(error, ClientError) and error.response["Error"]["Code"] == "ValidationError"


def _parse_template(body: Any) -> Any:
    """Return a template's content; botocore has parsed JSON already where the service says that it is JSON."""
    return json.loads(body) if isinstance(body, str) else body
