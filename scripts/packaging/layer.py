"""Build the dependency layer of the Lambda functions from uv.lock, on any machine and without Docker.

python -m scripts.packaging.layer local     for this machine and the local stack's Python
python -m scripts.packaging.layer arm64     for AWS Lambda on Graviton, Python 3.13
python -m scripts.packaging.layer x86_64    for AWS Lambda on Intel and AMD, Python 3.13
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from scripts.cli.errors import OperatorError
from scripts.cli.output import Screen
from scripts.cli.repository import REPOSITORY
from scripts.packaging.archive import compile_tree, tree_bytes, tree_hash, trim, write_zip
from scripts.packaging.target import (
    LAMBDA_PYTHON,
    NO_BYTECODE,
    BuildTarget,
    find_interpreter,
    find_uv,
)

MAX_BYTES = 45_000_000
LAYER_MOUNT = "/opt/python"  # where Lambda unpacks a layer
# The layer is built again when one of these changes.
SOURCES = tuple(Path(__file__).with_name(name) for name in ("layer.py", "target.py", "archive.py"))
# manylinux_2_28: Lambda's Python 3.13 runs on Amazon Linux 2023, glibc 2.34.
PLATFORMS = {BuildTarget.ARM64: "aarch64-manylinux_2_28", BuildTarget.X86_64: "x86_64-manylinux_2_28"}


@dataclass(frozen=True)
class Layer:
    """A built layer.

    Attributes:
        tree: the directory that becomes /opt/python.
        hash: of the tree, see `tree_hash`.
        size_bytes: unzipped.
        note: for people; empty when the layer contains compiled bytecode.
        was_cached: built before, from the same inputs.
    """

    archive: Path
    tree: Path
    hash: str
    size_bytes: int
    note: str
    was_cached: bool


def build_layer(target: BuildTarget, *, repository: Path = REPOSITORY) -> Layer:
    """Build `.build/layer-{target}/python` and its zip, unless they were built from the same inputs.

    Raises:
        OperatorError: uv or an interpreter is missing, a package could not be installed, or the layer is too large.
    """
    build = repository / ".build"
    tree, archive, stamp = (build / f"layer-{target}{suffix}" for suffix in ("/python", ".zip", ".stamp"))
    interpreter = find_interpreter(target)
    inputs = _inputs_hash(target, interpreter, repository)
    was_cached = archive.is_file() and tree.is_dir() and stamp.is_file() and stamp.read_text() == inputs
    if not was_cached:
        stamp.unlink(missing_ok=True)
        _build(target, interpreter, tree, repository)
        write_zip(tree, archive, folder=tree.name)
        stamp.write_text(inputs)
    layer = Layer(archive, tree, tree_hash(tree), tree_bytes(tree), "" if interpreter else NO_BYTECODE, was_cached)
    if layer.size_bytes > MAX_BYTES:
        raise OperatorError(f"{tree} has {layer.size_bytes:,} bytes, more than {MAX_BYTES:,}: trim it in archive.py")
    return layer


def _build(target: BuildTarget, interpreter: Path | None, tree: Path, repository: Path) -> None:
    """Build in a temporary folder and move the tree, so that an interrupted build leaves no partial layer."""
    tree.parent.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=tree.parent.parent, prefix="layer-") as temporary:
        fresh = Path(temporary) / "python"
        _install(target, interpreter, fresh, repository)
        trim(fresh)
        if interpreter is not None:
            compile_tree(interpreter, fresh, mount=LAYER_MOUNT)
        shutil.rmtree(tree.parent, ignore_errors=True)
        tree.parent.mkdir()
        fresh.rename(tree)


def _install(target: BuildTarget, interpreter: Path | None, tree: Path, repository: Path) -> None:
    """Install the locked dependencies as wheels; pyvips is pure Python here, but published as source only."""
    requirements = tree.parent / "requirements.txt"
    export = ("export", "--frozen", "--quiet", "--no-default-groups", "--no-emit-project")
    _run_uv(*export, "--project", str(repository), "--output-file", str(requirements))
    platform = (
        ("--python", str(interpreter))
        if target is BuildTarget.LOCAL
        else ("--python", sys.executable, "--python-platform", PLATFORMS[target], "--python-version", LAMBDA_PYTHON)
    )
    wheels = ("--only-binary", ":all:", "--require-hashes", "--requirement", str(requirements))
    # Built with what uv.lock has installed into the interpreter's environment: the group `build` of pyproject.toml.
    built = ("--no-binary", "pyvips", "--no-build-isolation-package", "pyvips")
    # Copies: uv's hard links would tie the layer to its cache.
    install = ("pip", "install", "--quiet", "--link-mode", "copy", "--target", str(tree))
    _run_uv(*install, *platform, *wheels, *built)


def _run_uv(*arguments: str) -> None:
    # Without pkg-config pyvips finds no libvips of this machine: with its headers it would compile a binding of
    # the same name as pyvips-binary's.
    no_system_libvips = {"PKG_CONFIG_LIBDIR": "/nonexistent", "PKG_CONFIG_PATH": "/nonexistent"}
    environment = {**os.environ, **no_system_libvips, "UV_PYTHON_DOWNLOADS": "never"}
    command = (find_uv(), *arguments)
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        output = f"{done.stdout}{done.stderr}".splitlines()
        raise OperatorError(" ".join(command), f"ended with status {done.returncode}:", *output)


def _inputs_hash(target: BuildTarget, interpreter: Path | None, repository: Path) -> str:
    digest = hashlib.sha256(f"{target} {LAMBDA_PYTHON} {interpreter}".encode())
    # A virtual environment's interpreter keeps its path when its Python changes.
    version = (interpreter.parent.parent / "pyvenv.cfg") if interpreter else None
    for path in (repository / "uv.lock", *SOURCES, version):
        if path is not None and path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def main(target: Annotated[BuildTarget, typer.Argument(help="The machine that runs the layer.")]) -> None:
    """Build the dependency layer into .build/layer-TARGET.zip and print its hash.

    Example: python -m scripts.packaging.layer arm64
    """
    screen = Screen()
    try:
        layer = build_layer(target)
    except OperatorError as error:
        screen.note(*error.lines)
        raise typer.Exit(1) from error
    if layer.note:
        screen.note(layer.note)
    state = "unchanged" if layer.was_cached else "built"
    size = f"{layer.size_bytes / 2**20:.1f} MiB, zipped {layer.archive.stat().st_size / 2**20:.1f} MiB"
    screen.result([f"{layer.archive.relative_to(REPOSITORY)}  {state}  {size}  sha256:{layer.hash}"], None)


if __name__ == "__main__":
    typer.run(main)
