import pytest
from typer.testing import CliRunner

from scripts.deploy.__main__ import app


@pytest.mark.parametrize("command", ["deploy", "remove"])
def test_a_command_that_changes_a_stage_needs_its_name(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.deploy.__main__._environment", lambda *_: pytest.fail("it acted"))
    done = CliRunner().invoke(app, [command])
    assert done.exit_code == 2
    assert "--stage" in done.output
