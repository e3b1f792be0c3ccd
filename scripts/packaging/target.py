"""What the zips of a deployment are built for, and with what.

python -m scripts.packaging.target     prints the Python that runs the zips built for this machine
"""

import os
import platform
import shutil
from enum import StrEnum
from pathlib import Path

from scripts.cli.repository import REPOSITORY
from scripts.packaging.bytecode import find_python

LAMBDA_PYTHON = "3.13"  # serverless.yml: provider.runtime


class Target(StrEnum):
    """What a zip is for."""

    LOCAL = "local"
    ARM64 = "arm64"
    X86_64 = "x86_64"


class BuildError(Exception):
    """A zip could not be built; the message says why and what to do."""


NO_BYTECODE = (
    f"Note: no Python {LAMBDA_PYTHON} on this machine, so the zips carry no compiled bytecode and a cold start imports "
    "about twice as long. Install that Python and deploy again."
)


def find_uv(repository: Path) -> str:
    """The uv that `scripts/setup.sh` uses.

    Raises:
        BuildError: there is none.
    """
    places = (repository / ".tools/uv/bin", os.environ.get("PATH", ""))
    uv = shutil.which("uv", path=os.pathsep.join(map(str, places)))
    if uv is None:
        raise BuildError("uv is missing: run `sh scripts/setup.sh` first")
    return uv


def find_interpreter(target: Target, repository: Path) -> Path | None:
    """The Python that compiles the target's bytecode; None when this machine has none of the target's version.

    Raises:
        BuildError: the local stack, whose Python it would be, is not set up.
    """
    if target is Target.LOCAL:
        stack = repository / ".tools/stack/bin/python"
        if not stack.exists():
            raise BuildError("the local stack's environment is missing: run `sh scripts/setup.sh` first")
        return stack
    return find_python(LAMBDA_PYTHON, uv=find_uv(repository))


def native_target(repository: Path) -> Target:
    """What to build for, to run on this machine: AWS's target when it can run here, otherwise the local stack's."""
    machines = {"x86_64": Target.X86_64, "aarch64": Target.ARM64}
    target = machines.get(platform.machine(), Target.LOCAL)
    return target if find_interpreter(target, repository) else Target.LOCAL


def main() -> None:
    """Prints the path of an interpreter."""
    repository = REPOSITORY
    print(find_interpreter(native_target(repository), repository))


if __name__ == "__main__":
    main()
