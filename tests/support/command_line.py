"""Runs a command line in this process and captures its output."""

import re
from dataclasses import dataclass, field

import pytest
import typer

from scripts.cli.command_line import run

# What rich writes at a terminal: styles, the cursor, an erased line, up to the progress bar's first line.
_DRAWING = re.compile(r"\x1b\[[0-9;]*m|\x1b\[\?25[lh]|\x1b\[2K|\x1b\[1A|\r")


def without_drawing(text: str) -> str:
    """Return what was printed at a terminal without rich's own control sequences."""
    return _DRAWING.sub("", text)


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
