import shutil
import zipfile
from pathlib import Path

import pytest

from scripts.packaging.archive import tree_bytes, tree_hash, trim, write_zip


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Make a small installed tree."""
    files = {
        "pyvips/__init__.py": "x = 1\n",
        "pyvips/__init__.pyi": "x: int\n",
        "pyvips/__pycache__/__init__.cpython-311.pyc": "old",
        "cffi/api.py": "",
        "_cffi_backend.cpython-313-x86_64-linux-gnu.so": "binary",
        "PIL/_imaging.cpython-313-x86_64-linux-gnu.so": "binary",
        "PIL/_avif.cpython-313-x86_64-linux-gnu.so": "binary",
        "pillow.libs/libjpeg-1.so": "binary",
        "pillow.libs/libavif-1.so": "binary",
        "pyvips-3.2.0.dist-info/RECORD": "here",
        "pyvips-3.2.0.dist-info/licenses/LICENSE": "MIT",
        "bin/tool": "#!/bin/sh\n",
    }
    for name, content in files.items():
        path = tmp_path / "python" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return tmp_path / "python"


def names(tree: Path) -> set[str]:
    return {path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()}


def test_trimming_keeps_what_is_imported_and_the_licences(tree: Path) -> None:
    trim(tree)
    assert names(tree) == {
        "pyvips/__init__.py",
        "_cffi_backend.cpython-313-x86_64-linux-gnu.so",
        "PIL/_imaging.cpython-313-x86_64-linux-gnu.so",
        "pillow.libs/libjpeg-1.so",
        "pyvips-3.2.0.dist-info/licenses/LICENSE",
    }


def test_a_copy_has_the_same_hash_and_the_same_zip(tree: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy" / "python"
    shutil.copytree(tree, copy, copy_function=shutil.copyfile)  # other dates
    write_zip(tree, tmp_path / "a.zip")
    write_zip(copy, tmp_path / "b.zip")
    assert tree_hash(tree) == tree_hash(copy)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


@pytest.mark.parametrize("change", ["content", "name", "mode"])
def test_any_difference_changes_the_hash(tree: Path, change: str) -> None:
    before, path = tree_hash(tree), tree / "pyvips/__init__.py"
    match change:
        case "content":
            path.write_text("x = 2\n")
        case "name":
            path.rename(path.with_name("other.py"))
        case "mode":
            path.chmod(0o755)
    assert tree_hash(tree) != before


def test_the_zip_unpacks_to_the_tree(tree: Path, tmp_path: Path) -> None:
    (tree / "bin/tool").chmod(0o755)
    write_zip(tree, tmp_path / "layer.zip", folder="python")
    with zipfile.ZipFile(tmp_path / "layer.zip") as archive:
        assert {f"python/{name}" for name in names(tree)} == set(archive.namelist())
        assert archive.read("python/pyvips/__init__.py") == b"x = 1\n"
        assert archive.getinfo("python/bin/tool").external_attr >> 16 == 0o755


def test_the_size_counts_every_byte(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a").write_bytes(b"12345")
    (tmp_path / "deep/b").write_bytes(b"123")
    assert tree_bytes(tmp_path) == 8
