"""The buckets of a deployment in the account: those that the stack creates, and those that exist already."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from scripts.aws.stack_outputs import StackOutputs
from scripts.cli.errors import OperatorError
from scripts.deploy.advice import buckets_in_the_way
from scripts.deploy.bucket_notifications import BucketNotifications, wanted_notifications
from scripts.deploy.existing_stack import ExistingStack
from scripts.packaging.deployment_rules import SAME_BUCKET
from scripts.packaging.resolved_config import bucket_names, created_buckets

_PARAMETERS = ("createInputBucket", "createOutputBucket")


@dataclass(frozen=True)
class Bucket:
    """A bucket that a deployment uses.

    Attributes:
        name: with account and region.
        parameter: `createInputBucket` or `createOutputBucket`.
        is_created: the stack creates it; False: it exists already.
    """

    name: str
    parameter: str
    is_created: bool


class DeploymentBuckets:
    """The buckets that a deployment uses, compared with the account.

    Args:
        existing: the stage in the account.
        config: the resolved serverless.yml.
    """

    def __init__(self, existing: ExistingStack, config: Mapping[str, Any]) -> None:
        self._existing = existing
        self._config = config
        names = existing.resolve_names(bucket_names(config))
        self._buckets = [Bucket(*each) for each in zip(names, _PARAMETERS, created_buckets(config), strict=False)]

    def check(self) -> None:
        """Refuse buckets that lie in the way, that do not exist, or whose notifications overlap with the stage's.

        Raises:
            OperatorError: with what to do.
        """
        if self._buckets and len({bucket.name for bucket in self._buckets}) == 1:
            raise OperatorError(SAME_BUCKET)
        in_the_way = [bucket.name for bucket in self._buckets if bucket.is_created and self._lies_in_the_way(bucket)]
        if in_the_way:
            raise OperatorError(*buckets_in_the_way(in_the_way, is_deployed=bool(self._existing.parameters())))
        for bucket in self._buckets:
            if not bucket.is_created:
                self._check_existing(bucket)

    def connect(self, outputs: StackOutputs, deployed: Mapping[str, str]) -> None:
        """Add the stage's notification to an existing input bucket; remove it from the one before.

        Args:
            outputs: the stack's, after the deployment.
            deployed: the parameters before the deployment.
        """
        before, now = deployed.get("inputBucket", outputs.input_bucket), outputs.input_bucket
        if deployed.get("createInputBucket") == "false" and before != now:
            disconnect(self._existing, before)
        if not created_buckets(self._config)[0]:
            _notifications(self._existing, now).set_own(wanted_notifications(self._config))

    def _lies_in_the_way(self, bucket: Bucket) -> bool:
        """Return True if a bucket to create exists and does not belong to the stack yet."""
        deployed = self._existing.parameters()
        own = {deployed.get("inputBucket"), deployed.get("outputBucket")}
        is_own = bucket.name in own and deployed.get(bucket.parameter) == "true"
        return not is_own and self._region_of(bucket.name) is not None

    def _check_existing(self, bucket: Bucket) -> None:
        region = self._region_of(bucket.name)
        if region is None:
            raise OperatorError(
                f"{bucket.parameter} is false, but the bucket {bucket.name} does not exist or may not be read"
            )
        if region != self._existing.region:
            raise OperatorError(
                f"the bucket {bucket.name} is in {region}: S3 notifies queues of its own region only. "
                f"Deploy with --region {region}"
            )
        if bucket.parameter == _PARAMETERS[0]:
            self._check_notifications(bucket.name)

    def _check_notifications(self, bucket: str) -> None:
        overlapping = _notifications(self._existing, bucket).overlapping(wanted_notifications(self._config))
        if overlapping:
            raise OperatorError(
                f"The bucket {bucket} has notifications that overlap with this stage's, and S3 refuses both:",
                *(f"- {each}" for each in overlapping),
                "Choose other keys (keyPrefix, keySuffixes), or let one of them fan out (SNS, EventBridge)",
            )

    def _region_of(self, bucket: str) -> str | None:
        """Return a bucket's region; None if there is no such bucket, or it belongs to another account."""
        try:
            answer = self._existing.client("s3").head_bucket(Bucket=bucket)
        except (ClientError, BotoCoreError):
            return None
        return str(answer.get("BucketRegion") or self._existing.region)


def disconnect(existing: ExistingStack, bucket: str) -> None:
    """Remove the stage's notification from an input bucket that is not the stack's.

    Raises:
        OperatorError: it cannot be removed.
    """
    try:
        _notifications(existing, bucket).set_own([])
    except (ClientError, BotoCoreError) as error:
        raise OperatorError(f"the notification of the bucket {bucket} cannot be removed: {error}") from error


def _notifications(existing: ExistingStack, bucket: str) -> BucketNotifications:
    return BucketNotifications(existing.client("s3"), bucket, existing.queue_arn())
