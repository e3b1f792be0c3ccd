"""Fixtures that several folders share."""

import os
import shutil
from collections.abc import Iterator

import pytest
from hypothesis import settings

from scripts.aws.local_endpoint import LocalStack
from scripts.local_stack.stack import local_stack

# A busy machine is no bug: examples have no deadline of their own.
settings.register_profile("darkroom", deadline=None)
settings.load_profile("darkroom")

# Powertools reads these when a module that logs is first imported, and so before any fixture runs.
os.environ |= {"POWERTOOLS_SERVICE_NAME": "darkroom-test", "POWERTOOLS_METRICS_NAMESPACE": "Darkroom"}


@pytest.fixture(scope="session")
def guarded_stack() -> Iterator[LocalStack]:
    """The same under enforced roles and policies, over TLS."""
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command, which makes the local AWS's certificate, is not installed")
    with local_stack(enforce_iam=True) as stack:
        yield stack


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    """The deployed service on a local stack of its own, for the whole session."""
    with local_stack() as stack:
        yield stack
