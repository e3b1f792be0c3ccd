"""Fixtures that several folders share, and how pytest-xdist distributes the tests."""

import os
import shutil
from collections.abc import Iterator

import pytest
from hypothesis import settings

from scripts.aws.local_endpoint import LocalStack
from scripts.cli.repository import REPOSITORY
from scripts.local_stack.stack import local_stack

# A busy machine is no bug: examples have no deadline of their own.
settings.register_profile("darkroom", deadline=None)
settings.load_profile("darkroom")

# Powertools reads these when a module that logs is first imported, and so before any fixture runs.
os.environ |= {"POWERTOOLS_SERVICE_NAME": "darkroom-test", "POWERTOOLS_METRICS_NAMESPACE": "Darkroom"}

DEPLOYED_ONCE = ("guarded_stack", "stack")


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Choose which tests run in one worker (`--dist loadgroup`): those that share a deployed stack or a module."""
    for item in items:
        if not (item.get_closest_marker("xdist_group") or item.get_closest_marker("independent")):
            used = getattr(item, "fixturenames", ())
            group = next((name for name in DEPLOYED_ONCE if name in used), item.path.stem)
            item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def guarded_stack() -> Iterator[LocalStack]:
    """Deploy the service to a local stack that enforces roles and policies, over TLS."""
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command, which makes the local AWS's certificate, is not installed")
    with local_stack(REPOSITORY, guarded=True) as stack:
        yield stack


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    """Deploy the service to a local stack for the whole session."""
    with local_stack(REPOSITORY) as stack:
        yield stack
