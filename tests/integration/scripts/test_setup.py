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


def run_setup(tmp_path: Path, tools: Path, *parts: str) -> subprocess.CompletedProcess[str]:
    """Run a copy of the script in an empty repository, with these tools first on the PATH."""
    script = tmp_path / "repository/scripts/setup.sh"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(SETUP.read_text())
    environment = {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}
    return subprocess.run(
        ["sh", str(script), *parts], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


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


def forbid_installing(tools: Path) -> None:
    for name in ("uv", "npm", "node", *PYTHONS):
        write_program(tools, name, "echo not now >&2; exit 1")


def test_an_environment_that_works_stands_whatever_the_shells_python_is(tmp_path: Path, tools: Path) -> None:
    environment = tmp_path / "repository/.venv"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin/python").symlink_to(REPOSITORY / ".venv/bin/python")
    (environment / "pyvenv.cfg").write_text((REPOSITORY / ".venv/pyvenv.cfg").read_text())
    (environment / "lib").symlink_to(REPOSITORY / ".venv/lib")
    forbid_installing(tools)
    done = run_setup(tmp_path, tools, "operate")
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")


def test_an_environment_that_does_not_work_is_no_environment(tmp_path: Path, tools: Path) -> None:
    (tmp_path / "repository/.venv/bin").mkdir(parents=True)
    write_program(tmp_path / "repository/.venv/bin", "python", "exit 1")
    forbid_installing(tools)
    done = run_setup(tmp_path, tools, "operate")
    assert done.returncode == 1
    assert "Python 3.11 or newer is missing" in done.stderr


def test_operating_needs_no_serverless_cli(tmp_path: Path, tools: Path) -> None:
    write_program(tools, "npm", "echo not now >&2; exit 1")
    write_program(
        tools,
        "uv",
        'case "$1" in --version) echo "uv 0.13.9";; sync) mkdir -p .venv/bin && touch .venv/bin/python;; esac',
    )
    write_program(tools, "python3", f"echo {tools}/python3 3.12")
    (tmp_path / "repository").mkdir()
    for name in ("pyproject.toml", "uv.lock"):
        (tmp_path / "repository" / name).write_text("")
    done = run_setup(tmp_path, tools, "operate")
    assert done.returncode == 0, done.stderr
    assert "Serverless" not in done.stderr


def test_what_one_python_has_installed_is_not_installed_again_by_another(tmp_path: Path, tools: Path) -> None:
    log = tmp_path / "uv.log"
    write_program(
        tools,
        "uv",
        f'case "$1" in --version) echo "uv 0.13.9";; '
        f"sync) mkdir -p .venv/bin && touch .venv/bin/python; echo sync >> {log};; esac",
    )
    (tmp_path / "repository").mkdir()
    for name in ("pyproject.toml", "uv.lock"):
        (tmp_path / "repository" / name).write_text("")
    calls = []
    for version in ("3.12", "3.13"):
        write_program(tools, "python3", f"echo {tools}/python{version} {version}")
        assert run_setup(tmp_path, tools, "operate").returncode == 0
        calls.append(log.read_text())
    assert calls[0] == calls[1] != ""
