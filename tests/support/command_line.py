"""Runs a command line in this process and captures its output."""

from dataclasses import dataclass, field

import pytest
import typer

from scripts.cli.command_line import run


@dataclass(frozen=True)
class Said:
    """A command's exit code and output."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


@dataclass(frozen=True)
class CommandLine:
    """Runs an app's commands for one stage."""

    app: typer.Typer
    stage: str
    capture: pytest.CaptureFixture[str] = field(repr=False)

    def __call__(self, *arguments: str) -> Said:
        self.capture.readouterr()
        code = run(self.app, "npm run it --", [*arguments, "--stage", self.stage])
        said = self.capture.readouterr()
        return Said(code, said.out, said.err)
