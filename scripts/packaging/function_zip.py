"""Builds the zip of the Lambda functions' own code: our two packages, compiled, and nothing else."""

import shutil
import tempfile
from pathlib import Path

from scripts.packaging.archive import write_zip
from scripts.packaging.bytecode import compile_tree
from scripts.packaging.target import Target, find_interpreter

PACKAGES = ("handlers", "processing")
# Where Lambda unpacks a function: the path that tracebacks of compiled code show.
FUNCTION_MOUNT = "/var/task"


def build_function(target: Target, *, repository: Path) -> Path:
    """Builds `.build/function-{target}.zip` and returns it; the same sources give the same bytes.

    Raises:
        BuildError: the interpreter is missing.
        subprocess.CalledProcessError: a source does not compile.
    """
    archive = repository / ".build" / f"function-{target}.zip"
    archive.parent.mkdir(exist_ok=True)
    interpreter = find_interpreter(target, repository)
    with tempfile.TemporaryDirectory(dir=archive.parent, prefix="function-") as scratch:
        tree = Path(scratch) / "function"
        for package in PACKAGES:
            _copy_sources(repository / package, tree / package)
        if interpreter is not None:
            compile_tree(interpreter, tree, mount=FUNCTION_MOUNT)
        write_zip(tree, archive)
    return archive


def _copy_sources(package: Path, into: Path) -> None:
    for source in sorted(package.rglob("*.py")):
        copy = into / source.relative_to(package)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)
