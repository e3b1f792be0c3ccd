"""The packaged function, and a local AWS with nothing deployed, so that no function takes the messages."""

from collections.abc import Iterator

import pytest

from scripts.bench.lambda_emulator import Package, unpack
from scripts.local_stack.stack import LocalAws, local_aws
from tests.integration.runtime.surroundings import Surroundings


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    return unpack(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="session")
def aws() -> Iterator[LocalAws]:
    """Start a local AWS for the session."""
    with local_aws() as aws:
        yield aws


@pytest.fixture
def surroundings(aws: LocalAws) -> Surroundings:
    return Surroundings.make(aws)
