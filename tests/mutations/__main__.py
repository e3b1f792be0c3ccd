"""Break the code on purpose and expect the named tests to fail: `python -m tests.mutations`.

Each mutation of `table.py` runs in a temporary copy of the repository; the working tree stays as it is.
Exit codes: 0 every mutation is caught; 1 one survives, or its text or its tests are not found.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from scripts.cli.repository import REPOSITORY
from tests.mutations.table import LINT_IMPORTS, MUTATIONS, Mutation

_LINKED = (".venv", ".tools", "node_modules")
_COPIED = (".build/layer-*",)  # so that a test of the template does not build the layers anew
_TESTS_FAILED, _CONTRACT_BROKEN = 1, 1  # exit codes of pytest and of lint-imports
_TIMEOUT_SECONDS, _UNBROKEN_TIMEOUT_SECONDS = 300, 1200  # of the tests of one mutation, and of all of them


class MutationError(Exception):
    """A mutation was not caught, or could not be tried; the message says which and why."""


def copy_repository(into: Path) -> Path:
    """Copy the files that git tracks or would track; link the installed tools."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (REPOSITORY / name).is_file():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, into / name)
    for name in _LINKED:
        (into / name).symlink_to(REPOSITORY / name)
    for found in (path for pattern in _COPIED for path in REPOSITORY.glob(pattern)):
        (into / ".build").mkdir(exist_ok=True)
        copy = shutil.copytree if found.is_dir() else shutil.copy2
        copy(found, into / ".build" / found.name)
    return into


def command_of(mutation: Mutation, copy: Path) -> list[str]:
    """Return the command that must fail.

    Raises:
        MutationError: a test file is not found exactly once.
    """
    if mutation.tests == LINT_IMPORTS:
        return [".venv/bin/lint-imports", "--no-logo", "--no-cache"]
    return [".venv/bin/pytest", "-x", "-q", "-p", "no:cacheprovider", *_find_tests(mutation.tests, copy)]


def _find_tests(names: Sequence[str], copy: Path) -> list[str]:
    """Return the paths of test files, wherever below `tests/` they are."""
    found = []
    for name in names:
        paths = [path for path in (copy / "tests").rglob(Path(name).name) if path.as_posix().endswith(f"/{name}")]
        if len(paths) != 1:
            raise MutationError(f"{len(paths)} test files match {name}, expected 1")
        found.append(str(paths[0].relative_to(copy)))
    return found


def try_mutation(mutation: Mutation, copy: Path) -> str:
    """Apply a mutation to a copy, run its tests, restore the copy; return the test that failed.

    Raises:
        MutationError: the text is not found exactly once, or the tests pass.
    """
    file = copy / mutation.file
    original = file.read_text() if file.is_file() else ""
    if original.count(mutation.before) != 1:
        raise MutationError(f"its text is found {original.count(mutation.before)} times in {mutation.file}, expected 1")
    command = command_of(mutation, copy)
    file.write_text(original.replace(mutation.before, mutation.after))
    try:
        exit_code, output = run(command, copy)
    finally:
        file.write_text(original)
    if exit_code == 0:
        raise MutationError(f"it survives {' '.join(command)}")
    if exit_code not in (_TESTS_FAILED, _CONTRACT_BROKEN):
        raise MutationError(f"{' '.join(command)} ended with {exit_code}:\n{output[-2000:]}")
    failed = [line for line in output.splitlines() if line.startswith(("FAILED tests/", "ERROR tests/"))]
    return failed[0].split(" - ")[0].rpartition("::")[2] if failed else Path(command[0]).name


def run(command: Sequence[str], copy: Path, timeout_seconds: float = _TIMEOUT_SECONDS) -> tuple[int, str]:
    """Run a command in a copy; return its exit code and output."""
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "NODE_NO_WARNINGS": "1"}
    done = subprocess.run(
        command, cwd=copy, env=environment, capture_output=True, text=True, check=False, timeout=timeout_seconds
    )
    return done.returncode, done.stdout + done.stderr


def check_unbroken(mutations: Sequence[Mutation], copy: Path) -> None:
    """Run all the tests on the unbroken code: a test that fails anyway proves nothing.

    Raises:
        MutationError: one fails, or a test file is not found.
    """
    commands = {tuple(command_of(mutation, copy)) for mutation in mutations}
    tests = sorted({word for command in commands for word in command if word.endswith(".py")})
    contracts = sorted(command for command in commands if "lint-imports" in command[0])
    pytest = [[".venv/bin/pytest", "-x", "-q", "-n", "2", "-p", "no:cacheprovider", *tests]] if tests else []
    for command in [*pytest, *contracts]:
        exit_code, output = run(command, copy, _UNBROKEN_TIMEOUT_SECONDS)
        if exit_code:
            raise MutationError(f"the unbroken code fails {' '.join(command)}:\n{output[-3000:]}")


def try_all(mutations: Sequence[Mutation], workers: int) -> int:
    """Try every mutation, each worker in a copy of its own; return how many were not caught."""
    copies: SimpleQueue[Path] = SimpleQueue()
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder:
        for number in range(workers):
            copies.put(copy_repository(Path(folder) / str(number)))
        first = copies.get()
        check_unbroken(mutations, first)
        copies.put(first)

        def attempt(mutation: Mutation) -> tuple[bool, str]:
            copy = copies.get()
            try:
                return True, try_mutation(mutation, copy)
            except (MutationError, subprocess.TimeoutExpired) as error:
                return False, str(error)
            finally:
                copies.put(copy)

        survivors = 0
        with ThreadPoolExecutor(workers) as threads:
            for mutation, (caught, how) in zip(mutations, threads.map(attempt, mutations), strict=True):
                print(f"{'caught' if caught else 'NOT CAUGHT':<12}{mutation.name}: {how}", flush=True)
                survivors += not caught
    return survivors


def main() -> int:
    """Read the command line and try the mutations."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description="Expect tests to catch broken code.")
    parser.add_argument("only", nargs="*", help="words; only mutations whose name or file contains one of them")
    parser.add_argument("--list", action="store_true", help="print the mutations and their tests, try none")
    parser.add_argument("--workers", type=int, default=2, help="mutations tried at a time")
    arguments = parser.parse_args()
    chosen = [
        mutation
        for mutation in MUTATIONS
        if not arguments.only or any(word in f"{mutation.name} {mutation.file}" for word in arguments.only)
    ]
    if arguments.list:
        for mutation in chosen:
            print(f"{mutation.name}\n    {mutation.file}: {', '.join(mutation.tests)}")
        return 0
    try:
        survivors = try_all(chosen, arguments.workers)
    except MutationError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(chosen) - survivors} of {len(chosen)} mutations are caught.")
    return 1 if survivors or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
