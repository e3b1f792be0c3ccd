"""The commands, codes, clocks and advice that the runbook shows agree with the code."""

import re
import shlex

import pytest
import typer
import yaml
from typer.main import get_command

from processing.failures import FailureCode
from scripts.cli.command_line import run
from scripts.cli.repository import REPOSITORY
from scripts.dlq.__main__ import app as dlq_app
from scripts.doctor.__main__ import app as doctor_app
from scripts.prove.__main__ import app as prove_app
from scripts.reconcile.__main__ import app as reconcile_app
from scripts.report.__main__ import app as report_app
from scripts.status.__main__ import app as status_app
from scripts.upload.__main__ import app as upload_app

RUNBOOK = (REPOSITORY / "docs" / "runbook.md").read_text()
APPS: dict[str, typer.Typer] = {
    "dlq": dlq_app,
    "doctor": doctor_app,
    "prove": prove_app,
    "reconcile": reconcile_app,
    "report": report_app,
    "status": status_app,
    "upload": upload_app,
}
COMMANDS = sorted(set(re.findall(r"npm run (?:--silent )?((?:dlq|reconcile|status|upload) -- [^`\n]+)", RUNBOOK)))
# The commands of operators that the other pages show.
SHOWN = re.compile(r"npm run ((?:dlq|doctor|prove|reconcile|report|status|upload) -- [^`#\n]*--[^`#\n]*)")
PAGES = [REPOSITORY / "README.md", *(REPOSITORY / "docs" / f"{page}.md" for page in ("deployment", "situations"))]
ELSEWHERE = sorted({line.strip() for page in PAGES for line in SHOWN.findall(page.read_text())} - set(COMMANDS))


@pytest.mark.parametrize("line", COMMANDS + ELSEWHERE)
def test_every_command_in_the_runbook_parses(line: str) -> None:
    script, _, *arguments = shlex.split(line)
    command = get_command(APPS[script])
    if script == "dlq":
        command = command.commands[arguments.pop(0)]  # type: ignore[attr-defined]
    if "--stage" not in arguments:
        arguments += ["--stage", "prod"]
    assert command.make_context(script, arguments).params["stage"] in ("local", "prod", "test")


def test_the_clocks_of_prod_and_of_a_laptop_are_those_of_the_deployment() -> None:
    clocks = {row[0]: row[1:] for row in re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", RUNBOOK, re.MULTILINE)}
    parameters = yaml.load((REPOSITORY / "serverless.yml").read_text(), yaml.BaseLoader)["params"]
    of_stages = [{**parameters["default"], **parameters[stage]} for stage in ("local", "prod")]
    assert clocks["a message of a crashed batch is visible again"] == tuple(
        f"{int(stage['visibilitySeconds']) // 60} min" for stage in of_stages
    )
    assert clocks["longest invocation"] == tuple(f"{stage['timeoutSeconds']} s" for stage in of_stages)
    assert clocks["summaries"] == tuple(f"every {stage['rollUpMinutes']} min" for stage in of_stages)
    (shortest, longest), (least, most) = (_until_dead_lettered(stage) for stage in of_stages)
    assert clocks["a retryable failure is dead-lettered after five attempts"] == (
        f"{round(shortest)} to {round(longest)} s",
        f"{round(least / 60)} to {round(most / 60)} min",
    )


def _until_dead_lettered(stage: dict[str, str]) -> tuple[float, float]:
    """Return the shortest and the longest sum of the backoffs before the last attempt; jitter halves at most."""
    base, longest, attempts = (int(stage[name]) for name in ("retryBaseSeconds", "retryMaxSeconds", "maxReceiveCount"))
    seconds = sum(min(base * 2**attempt, longest) for attempt in range(attempts - 1))
    return seconds / 2, seconds


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
