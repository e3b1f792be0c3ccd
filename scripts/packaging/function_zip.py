"""Build the zip of the Lambda functions: the packages handlers and processing, compiled, and nothing else."""

import shutil
import tempfile
from pathlib import Path

from scripts.cli.repository import REPOSITORY
from scripts.packaging.archive import compile_tree, write_zip
from scripts.packaging.target import BuildTarget, find_interpreter

PACKAGES = ("handlers", "processing")
FUNCTION_MOUNT = "/var/task"  # where Lambda unpacks a function


def build_function(target: BuildTarget, *, repository: Path = REPOSITORY) -> Path:
    """Build `.build/function-{target}.zip` and return its path; the same sources give the same bytes.

    Raises:
        OperatorError: the interpreter is missing.
        subprocess.CalledProcessError: a source does not compile.
    """
    archive = repository / ".build" / f"function-{target}.zip"
    archive.parent.mkdir(exist_ok=True)
    interpreter = find_interpreter(target)
    with tempfile.TemporaryDirectory(dir=archive.parent, prefix="function-") as temporary:
        tree = Path(temporary) / "function"
        for source in sorted(path for package in PACKAGES for path in (repository / package).rglob("*.py")):
            copy = tree / source.relative_to(repository)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
        if interpreter is not None:
            compile_tree(interpreter, tree, mount=FUNCTION_MOUNT)
        write_zip(tree, archive)
    return archive
