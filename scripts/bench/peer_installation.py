"""Install the peers at pinned versions, each in an environment of its own below .tools/bench, once."""

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from scripts.cli.repository import REPOSITORY
from scripts.packaging.target import find_uv

TOOLS = REPOSITORY / ".tools/bench"
_PEERS = Path(__file__).with_name("peers")
_TIMEOUT_SECONDS = 600


class InstallError(Exception):
    """A peer could not be installed; the message holds the end of the installer's output."""


@dataclass(frozen=True, kw_only=True)
class Installation:
    """The installed peers.

    Attributes:
        sharp: the folder with sharp and the scripts that use it.
        pillow: a Python with Pillow.
        libvips: a Python with pyvips.
        floor: the program; None without a C compiler or libjpeg-turbo's headers.
    """

    sharp: Path
    pillow: Path
    libvips: Path
    floor: Path | None

    @property
    def missing(self) -> list[str]:
        """Peers that cannot run here, with the packages to install."""
        notes = []
        if not self.floor:
            notes.append("floor: needs gcc and libjpeg-turbo's headers (Debian: apt install gcc libjpeg62-turbo-dev)")
        if not shutil.which("vipsthumbnail"):
            notes.append("vipsthumbnail: not on the PATH (Debian: apt install libvips-tools)")
        return notes


def install() -> Installation:
    """Install the peers that are not installed yet.

    Raises:
        BuildError: uv is missing.
        InstallError: uv or npm failed.
    """
    TOOLS.mkdir(parents=True, exist_ok=True)
    pillow, libvips = _install_python("pillow"), _install_python("libvips")
    return Installation(sharp=_install_sharp(), pillow=pillow, libvips=libvips, floor=_compile_floor())


def _install_sharp() -> Path:
    """Copy the scripts beside node_modules, where Node.js looks for their imports."""
    folder = TOOLS / "sharp"
    sources = [_PEERS / "package.json", _PEERS / "package-lock.json", REPOSITORY / ".npmrc", *_PEERS.glob("*.mjs")]
    if _is_outdated(folder, sources):
        folder.mkdir(exist_ok=True)
        for source in sources:
            shutil.copy(source, folder / source.name)
        _run("npm", "ci", cwd=folder)
        _mark_installed(folder, sources)
    return folder


def _install_python(name: str) -> Path:
    folder, requirements = TOOLS / name, _PEERS / f"{name}.txt"
    python = folder / "bin/python"
    if _is_outdated(folder, [requirements]):
        uv = find_uv(REPOSITORY)
        _run(uv, "venv", "--clear", "--python", sys.executable, str(folder))
        _run(uv, "pip", "install", "--compile-bytecode", "--python", str(python), "--requirement", str(requirements))
        _mark_installed(folder, [requirements])
    return python


def _compile_floor() -> Path | None:
    """Compile against the libjpeg-turbo in Pillow's wheel, so that the floor and Darkroom run the same codec.

    libjpeg-turbo keeps one binary interface (62) over all its versions, so the header of any version fits.
    """
    compiler = shutil.which("cc")
    libraries = [
        library for entry in map(Path, sys.path) for library in (entry / "pillow.libs").glob("libjpeg-*.so.62*")
    ]
    if compiler is None or not libraries:
        return None
    folder, source, library = TOOLS / "floor", _PEERS / "floor.c", libraries[0]
    program = folder / "floor"
    if _is_outdated(folder, [source, library]):
        folder.mkdir(exist_ok=True)
        try:
            _run(compiler, "-O2", "-o", str(program), str(source), str(library), f"-Wl,-rpath,{library.parent}")
        except InstallError:
            return None
        _mark_installed(folder, [source, library])
    return program


def _run(*command: str, cwd: Path = REPOSITORY) -> None:
    # Without pkg-config pyvips finds no libvips of this machine, whose binding would replace its wheel's.
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


def _is_outdated(folder: Path, inputs: list[Path]) -> bool:
    stamp = folder / "installed-from"
    return not stamp.exists() or stamp.read_text() != _fingerprint(inputs)


def _mark_installed(folder: Path, inputs: list[Path]) -> None:
    (folder / "installed-from").write_text(_fingerprint(inputs))


def _fingerprint(inputs: list[Path]) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(inputs):
        digest.update(path.read_bytes())
    return digest.hexdigest()
