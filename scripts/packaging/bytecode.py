"""Compiled bytecode for Lambda: its file systems are read-only; what does not ship is compiled at each cold start."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

_QUESTION = "import sys; print(sys.implementation.name, '%d.%d' % sys.version_info[:2])"


def find_python(version: str, *, uv: str) -> Path | None:
    """A CPython of exactly this minor version (such as "3.13") on this machine; None when there is none.

    Bytecode is good for one minor version only.
    """
    return next((Path(path) for path in _candidates(version, uv) if _answers(path, version)), None)


def compile_tree(interpreter: Path, tree: Path, *, mount: str) -> None:
    """Compiles a tree to bytecode that is never checked against its source, since it is mounted read-only.

    Hash-based files carry no modification time, and a fixed hash seed fixes the order of sets: two builds are equal.

    Args:
        interpreter: a Python of the version that will run the tree.
        tree: the directory with the sources.
        mount: where the tree will be mounted, the path that tracebacks show.

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
    found = subprocess.run(
        (uv, "python", "find", "--system", "--no-project", "--no-python-downloads", version),
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode == 0:
        yield found.stdout.strip()


def _answers(path: str, version: str) -> bool:
    """Whether it runs and is what its name says."""
    try:
        done = subprocess.run((path, "-c", _QUESTION), capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.stdout.split() == ["cpython", version]
