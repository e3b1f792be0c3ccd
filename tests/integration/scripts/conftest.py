"""A local AWS without Darkroom's functions, so that tests alone receive from the queues."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from scripts.aws import dlq_reader
from scripts.dlq import outcomes
from scripts.dlq.__main__ import app
from scripts.local_stack.stack import LocalAws, local_aws
from scripts.sending import journal
from tests.support.bare_stage import BareStage, deploy_bare_stage
from tests.support.chromium import NO_CHROMIUM, chromium, is_chromium_installed
from tests.support.command_line import CommandLine


@pytest.fixture(scope="session")
def bare_aws() -> Iterator[LocalAws]:
    """Start a local AWS for the session."""
    with local_aws() as aws:
        yield aws


@pytest.fixture
def bare_stage(request: pytest.FixtureRequest, bare_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> BareStage:
    """Deploy a stage for one test and point the environment at it; the parameter is the keys that it processes."""
    stage = deploy_bare_stage(bare_aws.endpoint_url, getattr(request, "param", "*"))
    for name, value in stage.environment.items():
        monkeypatch.setenv(name, value)
    return stage


@pytest.fixture
def short_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits, and keep journals in the test's folder."""
    monkeypatch.setattr(journal, "JOURNALS", tmp_path / "journals")
    monkeypatch.setattr(dlq_reader, "VISIBILITY_TIMEOUT_SECONDS", 5)
    monkeypatch.setattr(dlq_reader, "WAIT_SECONDS", 0)
    monkeypatch.setattr(outcomes, "POLL_SECONDS", 0.1)


@pytest.fixture
def dlq(bare_stage: BareStage, short_waits: None, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(app, bare_stage.name, capsys)


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    """Start Chromium; skip without it unless it is required."""
    if not is_chromium_installed():
        missing = pytest.fail if os.environ.get("DARKROOM_REQUIRE_CHROMIUM") else pytest.skip
        missing(NO_CHROMIUM)
    with chromium() as browser:
        yield browser
