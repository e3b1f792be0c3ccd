"""Fixtures that several folders share, and how pytest-xdist distributes the tests."""

import os
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import botocore.session
import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from scripts.aws.local_endpoint import LocalStack
from scripts.local_stack.stack import local_stack

# A busy machine is no bug: examples have no deadline of their own.
settings.register_profile("darkroom", deadline=None)
settings.load_profile("darkroom")

# Powertools reads these when a module that logs is first imported, and so before any fixture runs.
os.environ |= {"POWERTOOLS_SERVICE_NAME": "darkroom-test", "POWERTOOLS_METRICS_NAMESPACE": "Darkroom"}

# Reading a service's description takes longer than a hundred calls to the service: all sessions share one reader.
botocore.session.create_loader = cache(botocore.session.create_loader)

# Modules that share a deployed stack, or the zips that are built for AWS: one pytest-xdist worker runs them all.
GROUPS = {
    "test_least_privilege.py": "guarded_stack",
    "test_deployer_policy.py": "guarded_stack",
    "test_operator_policies.py": "guarded_stack",
    "test_doctor.py": "stack",
    "test_mixed_folder.py": "stack",
    "test_operators.py": "stack",
    "test_prove.py": "stack",
    "test_repeats.py": "stack",
    "test_deploy_commands.py": "packages",
    "test_deployer_document.py": "packages",
    "test_layers.py": "packages",
    "test_originals.py": "packages",
    "test_real_runtime.py": "packages",
    "test_template.py": "packages",
}
# Modules of slow tests that share nothing: each test may run in another worker.
INDEPENDENT = ("test_dlq_killed.py", "test_start_command.py", "test_time_budget.py")
# Groups and modules that take more than half a minute. They start first, so that none of them runs alone at the end.
SLOW = (
    *("stack", "packages", "guarded_stack", "test_benchmark.py", "test_start_command.py", "test_existing_buckets.py"),
    *("test_crashing_photo.py", "test_redrive_killed.py", "test_exploited_runtime.py", "test_reconcile_command.py"),
    *("test_upload_command.py", "test_exploits.py", "test_dlq_killed.py", "test_hostile_photos.py"),
)


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc] # pytest-xdist is not typed
    """Keeps the tests of a group, and otherwise of a module, in one worker."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid if group_of(nodeid) in INDEPENDENT else group_of(nodeid)


def group_of(nodeid: str) -> str:
    """Return the group of a test, otherwise the name of its module."""
    path, _, test = nodeid.partition("::")
    return "guarded_stack" if "[guarded_stack" in test else GROUPS.get(Path(path).name, Path(path).name)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put slow groups first; the order within a group stays."""
    rank = {group: number for number, group in enumerate(SLOW)}
    items.sort(key=lambda item: rank.get(group_of(item.nodeid), len(SLOW)))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> GroupScheduling | None:
    """Replace `--dist loadgroup`, whose marks pytest-xdist 3.8 does not find under pytest 9.2."""
    return GroupScheduling(config, log) if config.getoption("dist") == "loadgroup" else None


@pytest.fixture(scope="session")
def guarded_stack() -> Iterator[LocalStack]:
    """Deploy the service to a local stack that enforces roles and policies, over TLS."""
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command, which makes the local AWS's certificate, is not installed")
    with local_stack(enforce_iam=True) as stack:
        yield stack


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    """Deploy the service to a local stack for the whole session."""
    with local_stack() as stack:
        yield stack
