"""The Serverless CLI's words, as a user sees them."""

from pathlib import Path

import pytest

from scripts.cli.errors import OperatorError
from scripts.packaging import serverless_cli

# As osls 4.3.1 prints them: the reason to stdout, what it says about itself to stderr.
REASON = "UPDATE_FAILED: InputBucket (AWS::S3::Bucket)"
FAILS = f"""#!/bin/sh
echo 'Error:'
echo '{REASON}'
echo 'Environment: linux, node 20.20.2, osls 4.3.1 (local)' >&2
echo 'Docs:        github.com/oss-serverless/osls' >&2
exit 1
"""


@pytest.fixture
def failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the Serverless CLI by one that fails."""
    program = tmp_path / "osls"
    program.write_text(FAILS)
    program.chmod(0o755)
    monkeypatch.setattr(serverless_cli, "PROGRAM", str(program))


def test_a_failed_deployment_shows_its_reason_and_nothing_about_the_serverless_cli_itself(
    failing: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(OperatorError, match="see above"):
        serverless_cli.run_serverless("deploy", [], {})
    assert capsys.readouterr().err.splitlines() == [REASON]


def test_a_wrong_configuration_is_told_without_what_the_serverless_cli_says_about_itself(failing: None) -> None:
    with pytest.raises(OperatorError) as refused:
        serverless_cli.print_config([], {})
    assert refused.value.lines == ("serverless.yml cannot be deployed like this:", REASON)
