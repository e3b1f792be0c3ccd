"""What tests of several folders share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from scripts.local_stack import LocalStack, local_stack

# A busy machine is no bug: examples have no deadline of their own.
settings.register_profile("darkroom", deadline=None)
settings.load_profile("darkroom")

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def guarded_stack() -> Iterator[LocalStack]:
    """The same under enforced roles and policies, over TLS."""
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command, which makes the local AWS's certificate, is not installed")
    with local_stack(REPOSITORY, guarded=True) as stack:
        yield stack


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    """The deployed service on a local stack of its own, for the whole session."""
    with local_stack(REPOSITORY) as stack:
        yield stack
