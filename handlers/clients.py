"""Makes AWS clients with botocore itself: boto3's resources and transfers take 20 ms of the init phase, unused."""

import threading
from collections.abc import Callable
from functools import cache
from typing import Any

import botocore
from botocore.config import Config
from botocore.session import get_session

from handlers.settings import SettingsError
from handlers.time_budget import MESSAGING_ATTEMPTS, MESSAGING_TIMEOUT_SECONDS

LEAST_SDK = (1, 36)  # the first with conditional writes and with a choice of checksums


def check_sdk(version: str = botocore.__version__) -> str:
    """Return the version of botocore, which the Lambda runtime brings.

    Raises:
        SettingsError: it is too old.
    """
    if tuple(int(part) for part in version.split(".")[:2]) < LEAST_SDK:
        least = ".".join(map(str, LEAST_SDK))
        raise SettingsError(
            f"the runtime's botocore is {version}, {least} is needed: set the function's runtime management to Auto "
            "(aws lambda put-runtime-management-config --update-runtime-on Auto), or deploy to a newer runtime"
        )
    return version


SDK_VERSION = check_sdk()  # before `Config`, which would refuse the settings below with a TypeError

# S3 answers in tens of milliseconds; after a timeout the message's own retry is better than another attempt here.
S3_CONFIG = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=32,
    # TLS and the eTag condition guard the transfer; another checksum costs a quarter of a PUT's CPU time.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
# For requests of some kilobytes to SQS and SNS; see `TimeBudget.digest_seconds`.
MESSAGING_CONFIG = Config(
    connect_timeout=MESSAGING_TIMEOUT_SECONDS,
    read_timeout=MESSAGING_TIMEOUT_SECONDS,
    retries={"mode": "standard", "total_max_attempts": MESSAGING_ATTEMPTS},
    max_pool_connections=32,
)

ClientFactory = Callable[[str, Config], Any]

_lock = threading.RLock()  # clients may be used by many threads, but made by one at a time
_session = cache(get_session)


def make_client(service: str, config: Config) -> Any:
    """Make a client with credentials, region and endpoint from the environment.

    Args:
        service: `s3`, `sqs` or `sns`.
        config: timeouts and retries.
    """
    with _lock:
        return _session().create_client(service, config=config)


def once(make: Callable[[], Any]) -> Callable[[], Any]:
    """Return a thread-safe lazy initializer: `make` is called at the first call only."""
    made = cache(make)

    def get() -> Any:
        with _lock:
            return made()

    return get
