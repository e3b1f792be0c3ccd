import os
import subprocess
from pathlib import Path

import pytest

from scripts.cli.repository import REPOSITORY

SETUP = REPOSITORY / "scripts/setup.sh"
PYTHONS = ("python3", "python3.14", "python3.13", "python3.12", "python3.11")


def write_program(directory: Path, name: str, body: str) -> None:
    program = directory / name
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)


def run_setup(tmp_path: Path, tools: Path) -> subprocess.CompletedProcess[str]:
    """Run a copy of the script in an empty repository, with these tools first on the PATH."""
    script = tmp_path / "repository/scripts/setup.sh"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(SETUP.read_text())
    environment = {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}
    return subprocess.run(["sh", str(script)], env=environment, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """Make a directory with a Node.js that is new enough."""
    directory = tmp_path / "tools"
    directory.mkdir()
    write_program(directory, "node", "echo 20.1.0")
    write_program(directory, "npm", "echo 10.0.0")
    return directory


def test_a_node_that_is_too_old_is_refused_with_what_to_do(tmp_path: Path, tools: Path) -> None:
    write_program(tools, "node", "echo 9.11.2")
    done = run_setup(tmp_path, tools)
    assert done.returncode == 1
    assert "Node.js 9.11.2 is too old. Install Node.js 20 or newer" in done.stderr


def test_a_python_that_is_too_old_is_refused_with_what_to_do(tmp_path: Path, tools: Path) -> None:
    for name in PYTHONS:
        write_program(tools, name, "echo /usr/bin/python3 3.9")
    done = run_setup(tmp_path, tools)
    assert done.returncode == 1
    assert "Python 3.11 or newer is missing" in done.stderr


def test_without_uv_and_pip_it_says_what_to_install(tmp_path: Path, tools: Path) -> None:
    write_program(tools, "uv", "exit 1")
    write_program(tools, "python3", f'[ "$1" = -m ] && exit 1; echo {tools}/python3 3.12')
    done = run_setup(tmp_path, tools)
    assert done.returncode == 1
    assert "install python3-pip" in done.stderr


def test_uv_is_installed_by_hash(tmp_path: Path, tools: Path) -> None:
    write_program(tools, "uv", "exit 1")
    write_program(tools, "python3", f'[ "$1" = -m ] && echo "$@" >>{tmp_path}/pip && exit; echo {tools}/python3 3.12')
    (tmp_path / "repository/scripts").mkdir(parents=True)
    (tmp_path / "repository/scripts/uv.txt").write_text("uv==1.2.3 --hash=sha256:0\n")
    run_setup(tmp_path, tools)
    install = (tmp_path / "pip").read_text().splitlines()[-1]
    assert "--require-hashes" in install
    assert "--only-binary :all:" in install
    assert install.endswith("--requirement scripts/uv.txt")


def test_a_step_that_fails_shows_the_end_of_its_output(tmp_path: Path, tools: Path) -> None:
    write_program(tools, "uv", '[ "$1" = --version ] && echo "uv 0.13.9" && exit; echo the lock file is gone; exit 2')
    write_program(tools, "python3", f"echo {tools}/python3 3.12")
    for name in ("pyproject.toml", "uv.lock", "package-lock.json", ".npmrc"):
        (tmp_path / "repository").mkdir(exist_ok=True)
        (tmp_path / "repository" / name).write_text("")
    done = run_setup(tmp_path, tools)
    assert done.returncode == 1
    assert "the lock file is gone" in done.stderr
    assert '"Installing Python packages" failed' in done.stderr
