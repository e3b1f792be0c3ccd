"""Install the peers at pinned versions, each in an environment of its own below .tools/bench."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from scripts.bench.measurements import BenchError
from scripts.cli.repository import REPOSITORY
from scripts.packaging.target import find_uv

TOOLS = REPOSITORY / ".tools/bench"
_PEERS = Path(__file__).with_name("peers")
_TIMEOUT_SECONDS = 600


@dataclass(frozen=True, kw_only=True)
class Installation:
    """The installed peers.

    Attributes:
        sharp: the folder with sharp and the scripts that use it.
        pillow: a Python with Pillow.
        libvips: a Python with pyvips.
    """

    sharp: Path
    pillow: Path
    libvips: Path


def install() -> Installation:
    """Install the peers that are not installed yet.

    Raises:
        BuildError: uv is missing.
        BenchError: uv or npm failed.
    """
    TOOLS.mkdir(parents=True, exist_ok=True)
    return Installation(sharp=_install_sharp(), pillow=_install_python("pillow"), libvips=_install_python("libvips"))


def _install_sharp() -> Path:
    """Install sharp, and the scripts beside it, where Node.js finds it from."""
    folder = TOOLS / "sharp"
    folder.mkdir(exist_ok=True)
    lock = _PEERS / "package-lock.json"
    installed_lock = folder / "node_modules" / lock.name
    is_installed = installed_lock.exists() and installed_lock.read_bytes() == lock.read_bytes()
    for source in (_PEERS / "package.json", lock, REPOSITORY / ".npmrc", *_PEERS.glob("*.mjs")):
        shutil.copy(source, folder / source.name)
    if not is_installed:
        _run("npm", "ci", cwd=folder)
        shutil.copy(lock, installed_lock)
    return folder


def _install_python(name: str) -> Path:
    """Install a peer's requirements; uv does nothing when they are installed."""
    python, uv = TOOLS / name / "bin/python", find_uv()
    _run(uv, "venv", "--allow-existing", "--python", sys.executable, str(TOOLS / name))
    requirements = str(_PEERS / f"{name}.txt")
    _run(uv, "pip", "install", "--compile-bytecode", "--python", str(python), "--requirement", requirements)
    return python


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
        raise BenchError(f"{' '.join(command[:3])} failed:\n{(done.stdout + done.stderr)[-1500:]}")
