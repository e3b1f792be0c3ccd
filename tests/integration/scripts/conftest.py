"""A bare local AWS: no deployment, and so no function that empties queues while a test looks at them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.aws.dlq_timing import Timing
from scripts.cli.repository import REPOSITORY
from scripts.dlq.__main__ import app
from scripts.local_stack.ministack import LocalAws, local_aws
from scripts.sending import journal
from tests.integration.scripts.bare_stage import BareStage, deploy_bare_stage
from tests.integration.scripts.command_line import CommandLine


@pytest.fixture(scope="session")
def bare_aws() -> Iterator[LocalAws]:
    """A local AWS for the session."""
    with local_aws(REPOSITORY / ".tools/stack/bin/python", REPOSITORY / ".build") as aws:
        yield aws


@pytest.fixture
def bare_stage(bare_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> BareStage:
    """A stage of the test's own; the environment points at it, and journals go nowhere near the real ones."""
    stage = deploy_bare_stage(bare_aws.endpoint_url)
    for name, value in stage.environment.items():
        monkeypatch.setenv(name, value)
    return stage


@pytest.fixture
def impatient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Short clocks, because the local AWS answers at once, and journals that are nobody else's."""
    monkeypatch.setattr(journal, "JOURNALS", tmp_path / "journals")
    defaults = Timing.__init__.__kwdefaults__
    assert defaults is not None
    for clock, seconds in {"wait_seconds": 0, "poll_seconds": 0.1, "hold_seconds": 5}.items():
        monkeypatch.setitem(defaults, clock, seconds)


@pytest.fixture
def dlq(bare_stage: BareStage, impatient: None, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(app, bare_stage.name, capsys)
