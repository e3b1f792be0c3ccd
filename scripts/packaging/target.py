"""The targets that zips are built for, and the Python of each.

python -m scripts.packaging.target     prints the Python that runs the zips built for this machine
"""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from scripts.cli.errors import OperatorError
from scripts.cli.output import Screen
from scripts.cli.repository import REPOSITORY

LAMBDA_PYTHON = "3.13"  # serverless.yml: provider.runtime
NO_BYTECODE = (
    f"Note: no Python {LAMBDA_PYTHON} on this machine, so the zips carry no compiled bytecode and a cold start imports "
    "about twice as long. Install that Python and deploy again."
)
_PRINT_VERSION = "import sys; print(sys.implementation.name, '%d.%d' % sys.version_info[:2])"


class BuildTarget(StrEnum):
    """The machine that runs a zip."""

    LOCAL = "local"
    ARM64 = "arm64"
    X86_64 = "x86_64"


def find_uv() -> str:
    """Find the uv that `scripts/setup.sh` uses.

    Raises:
        OperatorError: there is none.
    """
    uv = shutil.which("uv", path=f"{REPOSITORY / '.tools/uv/bin'}{os.pathsep}{os.environ.get('PATH', '')}")
    if uv is None:
        raise OperatorError("uv is missing: run `sh scripts/setup.sh` first")
    return uv


def find_interpreter(target: BuildTarget) -> Path | None:
    """Find the Python that compiles the target's bytecode; None when this machine has no Python of that version.

    Raises:
        OperatorError: the local stack's environment is missing.
    """
    if target is not BuildTarget.LOCAL:
        return find_python(LAMBDA_PYTHON, uv=find_uv())
    stack = REPOSITORY / ".tools/stack/bin/python"
    if not stack.exists():
        raise OperatorError("the local stack's environment is missing: run `sh scripts/setup.sh` first")
    return stack


def native_target() -> BuildTarget:
    """Return AWS's target for this machine if its Python is installed, else the local stack's."""
    machines = {"x86_64": BuildTarget.X86_64, "aarch64": BuildTarget.ARM64}
    target = machines.get(platform.machine(), BuildTarget.LOCAL)
    return target if find_interpreter(target) else BuildTarget.LOCAL


def find_python(version: str, *, uv: str) -> Path | None:
    """Find a CPython of this minor version (such as "3.13"), the only one that runs its bytecode; None without one."""
    return next((Path(path) for path in _candidates(version, uv) if _has_version(path, version)), None)


def _candidates(version: str, uv: str) -> Iterator[str]:
    name = f"python{version}"
    on_path = shutil.which(name)
    if on_path:
        yield on_path
    # pyenv's shim on the PATH refuses unless that version is activated; the interpreter itself works.
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(map(str, pyenv.glob(f"versions/{version}.*/bin/{name}")), reverse=True)
    command = (uv, "python", "find", "--system", "--no-project", "--no-python-downloads", version)
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode == 0:
        yield found.stdout.strip()


def _has_version(path: str, version: str) -> bool:
    command = (path, "-c", _PRINT_VERSION)
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.stdout.split() == ["cpython", version]


if __name__ == "__main__":
    Screen().result([str(find_interpreter(native_target()))], None)
