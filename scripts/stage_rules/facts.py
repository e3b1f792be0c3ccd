"""The facts that rules judge, read from a deployed stage or from a template."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Statement = Mapping[str, Any]
# The settings of a bucket's public access block, as S3 and CloudFormation name them.
ACCESS_BLOCKS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


@dataclass(frozen=True, kw_only=True)
class QueueFacts:
    """A queue's settings.

    Attributes:
        dead_letter_target: ARN of its dead-letter queue; empty without one.
        allowed_sources: ARNs of the queues that may dead-letter into it; None: any.
        statements: of its policy.
        waiting: messages in it, those in flight included.
    """

    arn: str
    visibility_seconds: int
    retention_seconds: int
    dead_letter_target: str = ""
    max_receive_count: int = 0
    allowed_sources: tuple[str, ...] | None = None
    statements: tuple[Statement, ...] = ()
    waiting: int = 0


@dataclass(frozen=True, kw_only=True)
class FunctionFacts:
    """A function's configuration.

    Attributes:
        is_ready: neither its creation nor its last update failed.
        description: with the dependencies' lock file in it.
        layer_descriptions: of the layers it uses.
    """

    arn: str
    is_ready: bool
    runtime: str
    timeout_seconds: int
    memory_mb: int
    environment: Mapping[str, str]
    description: str
    layer_descriptions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class MappingFacts:
    """The event source mapping between the queue and the function."""

    queue_arn: str
    is_enabled: bool
    reports_failures: bool
    batch_size: int
    window_seconds: int
    concurrency: int | None


@dataclass(frozen=True, kw_only=True)
class SubscriptionFacts:
    """A subscription of a topic."""

    topic_arn: str
    protocol: str
    endpoint: str
    is_confirmed: bool
    is_raw: bool = False


@dataclass(frozen=True, kw_only=True)
class AlarmFacts:
    """An alarm."""

    name: str
    is_armed: bool
    actions: tuple[str, ...]
    state: str


@dataclass(frozen=True)
class Notification:
    """A bucket's notification to a queue."""

    events: tuple[str, ...]
    queue_arn: str


@dataclass(frozen=True)
class InitLog:
    """The log line of the function's last cold start.

    Attributes:
        sandbox: whether each layer of the workers' sandbox holds; empty when the function did not start.
        sdk: the version of botocore.
    """

    sandbox: Mapping[str, bool]
    sdk: str
