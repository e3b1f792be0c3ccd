"""The audit of dependencies, with stubs for the tools that ask the advisory databases."""

import os
import subprocess
from pathlib import Path

import pytest

from scripts.cli.repository import REPOSITORY

CLEAN_NPM = "echo '{\"vulnerabilities\": {}}'"


def audit(tmp_path: Path, *, uv: str, npm: str) -> subprocess.CompletedProcess[str]:
    """Run the script with these shell commands in place of `uv` and `npm`."""
    for name, body in {"uv": f'case "$*" in *--help*) exit 0 ;; esac\n{uv}', "npm": npm}.items():
        stub = tmp_path / name
        stub.write_text(f"#!/bin/sh\n{body}\n")
        stub.chmod(0o755)
    return subprocess.run(
        ["sh", "scripts/audit.sh"],
        check=False,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )


def test_nothing_known_is_well(tmp_path: Path) -> None:
    ended = audit(tmp_path, uv="exit 0", npm=CLEAN_NPM)
    assert ended.returncode == 0
    assert ended.stdout.count("OK ") == 3


def test_a_known_vulnerability_in_what_is_shipped_fails_and_is_told(tmp_path: Path) -> None:
    ended = audit(tmp_path, uv='case "$*" in *--no-dev*) echo CVE-2026-1 in pillow; exit 1 ;; esac', npm=CLEAN_NPM)
    assert ended.returncode == 1
    assert "CVE-2026-1 in pillow" in ended.stdout


@pytest.mark.parametrize(
    ("uv", "npm"),
    [
        ('case "$*" in *--only-dev*) echo CVE-2026-2 in a tool; exit 1 ;; esac', CLEAN_NPM),
        ("exit 0", 'echo \'{"vulnerabilities": {"x": {}}}\'; exit 1'),
    ],
)
def test_a_known_vulnerability_in_a_tool_is_told_and_fails_nothing(tmp_path: Path, uv: str, npm: str) -> None:
    ended = audit(tmp_path, uv=uv, npm=npm)
    assert ended.returncode == 0
    assert ended.stdout.count("KNOWN") == 1


def test_databases_that_cannot_be_reached_are_told_and_fail_nothing(tmp_path: Path) -> None:
    ended = audit(tmp_path, uv="echo no such host >&2; exit 2", npm='echo \'{"message": "405"}\'; exit 1')
    assert ended.returncode == 0
    assert ended.stdout.count("SKIPPED") == 3
    assert "no such host" in ended.stdout
    assert "405" in ended.stdout
