"""Lambda's Python for arm64 on another machine: Debian's packages, unpacked into .tools, under qemu-user."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.packaging.target import LAMBDA_PYTHON

EMULATOR = "qemu-aarch64"
RELEASE = "trixie"  # the Debian release that has Lambda's Python
PACKAGES = (f"python{LAMBDA_PYTHON}-minimal", f"libpython{LAMBDA_PYTHON}-stdlib", "libstdc++6")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_APT_SOURCES = Path("/etc/apt")


class NoArm64PythonError(Exception):
    """No arm64 Python can be installed on this machine; the message says why."""


class Arm64Python:
    """A Python for arm64.

    Args:
        root: the emulator's root directory, where the loader finds its libraries.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def run(self, program: str, *arguments: str, path: Sequence[Path]) -> str:
        """Run a program with this PYTHONPATH and return its output."""
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(map(str, path)), "LANG": "C.UTF-8"}
        python = str(self._root / f"usr/bin/python{LAMBDA_PYTHON}")
        # -S: without the site packages of Debian.
        command = [EMULATOR, "-L", str(self._root), python, "-S", "-c", program, *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


def find_arm64_python(tools: Path) -> Arm64Python:
    """Find the arm64 Python; download it the first time.

    Args:
        tools: the directory that keeps it.

    Raises:
        NoArm64PythonError: qemu-user is not installed, or this is no Debian whose mirror answers.
    """
    if not shutil.which(EMULATOR):
        raise NoArm64PythonError("qemu-user is not installed (Debian: apt install qemu-user)")
    root = tools / "arm64-python"
    if not (root / "complete").exists():
        shutil.rmtree(root, ignore_errors=True)
        _unpack(_fetch(root / "apt"), root)
        (root / "complete").touch()
    return Arm64Python(root)


def _fetch(apt: Path) -> list[Path]:
    """Download the packages and their dependencies; apt checks the signatures."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb") and KEYRING.exists()):
        raise NoArm64PythonError("there is no apt of Debian here to fetch an arm64 Python with")
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (apt / folder).mkdir(parents=True)
    (apt / "state/status").touch()  # nothing is installed
    (apt / "sources.list").write_text(f"deb [arch=arm64 signed-by={KEYRING}] {_find_mirror()} {RELEASE} main\n")
    settings = {
        "Dir::State": apt / "state",
        "Dir::State::status": apt / "state/status",
        "Dir::Cache": apt / "cache",
        "Dir::Etc::sourcelist": apt / "sources.list",
        "Dir::Etc::sourceparts": os.devnull,
        "APT::Architecture": "arm64",
        "APT::Architectures": "arm64",
        "APT::Sandbox::User": "",  # apt's own user cannot read this folder
    }
    _apt_get(settings, "update", "--error-on=any")
    _apt_get(settings, "install", "--download-only", "--no-install-recommends", "--yes", *PACKAGES)
    return sorted((apt / "cache/archives").glob("*.deb"))


def _apt_get(settings: Mapping[str, object], *arguments: str) -> None:
    options = [option for name, value in settings.items() for option in ("-o", f"{name}={value}")]
    done = subprocess.run(["apt-get", "-q", *options, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoArm64PythonError(f"apt-get {arguments[0]} did not get an arm64 Python: {done.stderr.strip()[-300:]}")


def _find_mirror() -> str:
    """Return the Debian mirror in this machine's apt sources."""
    for file in sorted([*_APT_SOURCES.glob("sources.list"), *_APT_SOURCES.glob("sources.list.d/*")]):
        found = re.search(r"^(?:URIs:|deb .*?)\s*(\S+/debian)/?\s", file.read_text(), re.MULTILINE)
        if found:
            return found[1]
    raise NoArm64PythonError("this machine has no Debian mirror to fetch an arm64 Python from")


def _unpack(packages: Sequence[Path], root: Path) -> None:
    # Debian keeps /lib in /usr, but programs expect the loader in /lib.
    (root / "usr/lib").mkdir(parents=True, exist_ok=True)
    (root / "lib").symlink_to("usr/lib")
    for package in packages:
        unpacked = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE)
        skip = ("--exclude=./usr/share", "--exclude=./etc", "--exclude=./var")
        subprocess.run(["tar", "-x", "-C", str(root), *skip], stdin=unpacked.stdout, check=True)
        unpacked.communicate()
        assert unpacked.returncode == 0
