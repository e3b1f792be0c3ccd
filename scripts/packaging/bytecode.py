"""Compile bytecode for Lambda: its file systems are read-only, so what does not ship is compiled at each cold start."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

_PRINT_VERSION = "import sys; print(sys.implementation.name, '%d.%d' % sys.version_info[:2])"


def find_python(version: str, *, uv: str) -> Path | None:
    """Find a CPython of this minor version (such as "3.13"), the only one that runs its bytecode; None without one."""
    return next((Path(path) for path in _candidates(version, uv) if _has_version(path, version)), None)


def compile_tree(interpreter: Path, tree: Path, *, mount: str) -> None:
    """Compile a tree to bytecode that is never checked against its source.

    Two builds are equal: hash-based files hold no modification time, and the hash seed fixes the order of sets.

    Args:
        interpreter: a Python of the version that will run the tree.
        tree: the directory with the sources.
        mount: where the tree will be mounted; tracebacks show it.

    Raises:
        subprocess.CalledProcessError: a source does not compile.
    """
    command = (str(interpreter), "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash")
    paths = ("-s", str(tree), "-p", mount, str(tree))
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    subprocess.run((*command, *paths), check=True, capture_output=True, text=True, env=environment)


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
