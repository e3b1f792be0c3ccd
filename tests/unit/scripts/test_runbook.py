"""The commands, codes and advice that the runbook shows agree with the code."""

import re
import shlex

import pytest
import typer
from typer.main import get_command

from processing.failures import FailureCode
from scripts.cli.command_line import run
from scripts.cli.repository import REPOSITORY
from scripts.dlq.__main__ import app as dlq_app
from scripts.reconcile.__main__ import app as reconcile_app
from scripts.status.__main__ import app as status_app
from scripts.upload.__main__ import app as upload_app

RUNBOOK = (REPOSITORY / "docs" / "runbook.md").read_text()
APPS: dict[str, typer.Typer] = {"dlq": dlq_app, "reconcile": reconcile_app, "status": status_app, "upload": upload_app}
COMMANDS = sorted(set(re.findall(r"npm run (?:--silent )?((?:dlq|reconcile|status|upload) -- [^`\n]+)", RUNBOOK)))


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_in_the_runbook_parses(line: str) -> None:
    script, _, *arguments = shlex.split(line)
    command = get_command(APPS[script])
    if script == "dlq":
        command = command.commands[arguments.pop(0)]  # type: ignore[attr-defined]
    if "--stage" not in arguments:
        arguments += ["--stage", "prod"]
    assert command.make_context(script, arguments).params["stage"] in ("local", "prod")


def test_the_runbook_shows_every_command() -> None:
    shown = {tuple(line.split()[:3:2]) if line.startswith("dlq") else (line.split()[0],) for line in COMMANDS}
    assert shown >= {("upload",), ("reconcile",), ("status",)} | {
        ("dlq", name) for name in ("list", "show", "export", "import", "redrive", "purge")
    }


def test_the_runbook_shows_the_advice_of_each_failure_code() -> None:
    lines = re.findall(rf"^(({'|'.join(FailureCode)}) +\d+ .*)$", RUNBOOK, re.MULTILINE)
    assert lines
    assert [line for line, code in lines if FailureCode(code).what_to_do not in line] == []


@pytest.mark.parametrize("script", ["reconcile", "upload"])
def test_help_has_an_example(script: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(APPS[script], f"npm run {script} --", ["--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"Example: npm run {script} -- " in said
    assert "Exit codes: 0 done; 1 could not run" in said
