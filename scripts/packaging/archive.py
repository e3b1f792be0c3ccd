"""Trim, compile, hash, measure and zip a tree of files for Lambda."""

import hashlib
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

# Nothing imports these at run time: cffi's compiler (pyvips' binding is compiled already and needs only
# _cffi_backend), type stubs, start-up scripts, the OpenAPI page of Powertools' REST resolver, and Pillow's AVIF, text
# and Tk modules (libvips reads AVIF, and nothing draws text).
UNUSED_PATTERNS = (
    ".lock",
    "bin",
    "cffi",
    "pycparser",
    "cffi-*.dist-info",
    "pycparser-*.dist-info",
    "aws_lambda_powertools/event_handler/openapi/swagger_ui",
    "PIL/_avif.*.so",
    "PIL/_imagingft.*.so",
    "PIL/_imagingtk.*.so",
    "pillow.libs/libavif-*",
    "pillow.libs/libfreetype-*",
    "pillow.libs/libharfbuzz-*",
    "pillow.libs/libbrotli*",
    "pillow.libs/libpng16-*",
    "**/*.pyi",
    "**/__pycache__",
)
# Notes of the installer, which differ from machine to machine. The licences stay.
INSTALLERS_NOTES = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_build.json", "uv_cache.json")


def trim(tree: Path) -> None:
    """Remove the files that no import needs, and those that would make two builds differ."""
    for pattern in (*UNUSED_PATTERNS, *(f"*.dist-info/{note}" for note in INSTALLERS_NOTES)):
        for path in sorted(tree.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def compile_tree(interpreter: Path, tree: Path, *, mount: str) -> None:
    """Compile a tree to bytecode that is never checked against its source.

    Lambda's file systems are read-only: what is not compiled here is compiled at each cold start.
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


def write_zip(tree: Path, archive: Path, *, folder: str = "") -> None:
    """Zip a tree reproducibly: sorted, without dates, modes reduced to the executable bit.

    Args:
        tree: the directory.
        archive: the zip, written atomically.
        folder: the tree's folder in the zip.
    """
    fresh = archive.with_suffix(f".{os.getpid()}.new")
    with zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as zipped:
        for path in _files(tree):
            name = Path(folder, path.relative_to(tree)).as_posix()
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))  # the zip format's first date
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix: the next line holds a Unix mode
            entry.external_attr = (0o755 if _is_executable(path) else 0o644) << 16
            zipped.writestr(entry, path.read_bytes())
    fresh.replace(archive)


def tree_hash(tree: Path) -> str:
    """Return the SHA-256 over every file's relative path, executable bit and content."""
    digest = hashlib.sha256()
    for path in _files(tree):
        name = path.relative_to(tree).as_posix().encode()
        content = hashlib.sha256(path.read_bytes()).digest()
        digest.update(len(name).to_bytes(4) + name + bytes([_is_executable(path)]) + content)
    return digest.hexdigest()


def tree_bytes(tree: Path) -> int:
    """Return the size of all files, as Lambda counts it against its limit."""
    return sum(path.stat().st_size for path in _files(tree))


def _files(tree: Path) -> list[Path]:
    return sorted(path for path in tree.rglob("*") if path.is_file())


def _is_executable(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o100)
