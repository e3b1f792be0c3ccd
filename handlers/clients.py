"""Clients of AWS, made by botocore itself.

boto3 would add resources and transfers in parts, which nothing here uses and which take 20 ms of the init phase.
"""

import threading
from collections.abc import Callable
from functools import cache
from typing import Any

from botocore.config import Config
from botocore.session import get_session

_one_at_a_time = threading.RLock()  # clients are made for many threads to use, but not by many
_session = cache(get_session)


def make_client(service: str, config: Config) -> Any:
    """A client for one AWS service, with credentials, region and endpoint as the environment says.

    Args:
        service: `s3`, `sqs` or `sns`.
        config: timeouts and retries.
    """
    with _one_at_a_time:
        return _session().create_client(service, config=config)


def once(make: Callable[[], Any]) -> Callable[[], Any]:
    """Answers what is made when it is first asked for, however many threads ask at once."""
    made = cache(make)

    def answer() -> Any:
        with _one_at_a_time:
            return made()

    return answer
