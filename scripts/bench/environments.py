"""Installs the peers, each in an environment of its own below .tools/bench, at pinned versions. Done once."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.cli.repository import REPOSITORY
from scripts.packaging.target import find_uv

TOOLS = REPOSITORY / ".tools/bench"
PEERS = Path(__file__).with_name("peers")
_TIMEOUT_SECONDS = 600
_NO_COMPILER = "needs a C compiler and the headers of libjpeg-turbo (Debian: apt install gcc libjpeg62-turbo-dev)"


class InstallError(Exception):
    """A peer could not be installed; the message holds the end of the installer's output."""


@dataclass(frozen=True, kw_only=True)
class Installed:
    """Where the peers are.

    Attributes:
        sharp: the folder with sharp and the scripts that use it.
        pillow: a Python with Pillow.
        libvips: a Python with pyvips.
        runtime: a Python with the client of the Lambda runtime and boto3, as AWS has them.
        floor: the program; None without a C compiler or libjpeg-turbo's headers.
        vipsthumbnail: the program; None where libvips' tools are not installed.
        missing: what is not there and why, for people.
    """

    sharp: Path
    pillow: Path
    libvips: Path
    runtime: Path
    floor: Path | None
    vipsthumbnail: str | None
    missing: tuple[str, ...]


def install() -> Installed:
    """Installs what is not installed yet.

    Raises:
        BuildError: uv is missing.
        InstallError: uv or npm failed.
    """
    TOOLS.mkdir(parents=True, exist_ok=True)
    floor, vipsthumbnail = _compile_floor(), shutil.which("vipsthumbnail")
    missing = [] if floor else [f"floor: {_NO_COMPILER}"]
    if not vipsthumbnail:
        missing.append("vipsthumbnail: not on the PATH (Debian: apt install libvips-tools)")
    return Installed(
        sharp=_install_sharp(),
        pillow=_install_python("pillow"),
        libvips=_install_python("libvips"),
        runtime=_install_python("runtime"),
        floor=floor,
        vipsthumbnail=vipsthumbnail,
        missing=tuple(missing),
    )


def _install_sharp() -> Path:
    """Npm resolves a module from its script's folder upwards, so the scripts lie beside node_modules."""
    folder = TOOLS / "sharp"
    sources = [PEERS / "package.json", PEERS / "package-lock.json", REPOSITORY / ".npmrc", *PEERS.glob("*.mjs")]
    if _is_new(folder, sources):
        folder.mkdir(exist_ok=True)
        for source in sources:
            shutil.copy(source, folder / source.name)
        _run("npm", "ci", cwd=folder)
        _mark_done(folder, sources)
    return folder


def _install_python(name: str) -> Path:
    folder, requirements = TOOLS / name, PEERS / f"{name}.txt"
    python = folder / "bin/python"
    if _is_new(folder, [requirements]):
        uv = find_uv()
        _run(uv, "venv", "--clear", "--python", sys.executable, str(folder))
        _run(uv, "pip", "install", "--compile-bytecode", "--python", str(python), "--requirement", str(requirements))
        _mark_done(folder, [requirements])
    return python


def _compile_floor() -> Path | None:
    """Compiles against the libjpeg-turbo in Pillow's own wheel, so that floor and engine run the same codec.

    libjpeg-turbo keeps one binary interface (62) over all its versions, so any version's header will do.
    """
    compiler, library = shutil.which("cc"), next(_codecs(), None)
    folder, source = TOOLS / "floor", PEERS / "floor.c"
    program = folder / "floor"
    if compiler is None or library is None:
        return None
    if _is_new(folder, [source, library]):
        folder.mkdir(exist_ok=True)
        options = ("-O2", "-o", str(program), str(source), str(library), f"-Wl,-rpath,{library.parent}")
        done = subprocess.run((compiler, *options), capture_output=True, check=False, timeout=_TIMEOUT_SECONDS)
        if done.returncode != 0:
            return None
        _mark_done(folder, [source, library])
    return program


def _codecs() -> Iterator[Path]:
    for entry in map(Path, sys.path):
        yield from (entry / "pillow.libs").glob("libjpeg-*.so.62*")


def _run(*command: str, cwd: Path = REPOSITORY) -> None:
    # Without pkg-config pyvips finds no libvips of this machine, whose binding would shadow its wheel's.
    environment = {
        **os.environ,
        "PKG_CONFIG_LIBDIR": os.devnull,
        "PKG_CONFIG_PATH": os.devnull,
        "UV_PYTHON_DOWNLOADS": "never",
        "NODE_NO_WARNINGS": "1",
    }
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=_TIMEOUT_SECONDS
    )
    if done.returncode != 0:
        raise InstallError(f"{' '.join(command[:3])} failed:\n{(done.stdout + done.stderr)[-1500:]}")


def _is_new(folder: Path, inputs: list[Path]) -> bool:
    stamp = folder / "installed-from"
    return not stamp.exists() or stamp.read_text() != _fingerprint(inputs)


def _mark_done(folder: Path, inputs: list[Path]) -> None:
    (folder / "installed-from").write_text(_fingerprint(inputs))


def _fingerprint(inputs: list[Path]) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(inputs):
        digest.update(path.read_bytes())
    return digest.hexdigest()
