import importlib.util
import marshal
import sys
from pathlib import Path

import pytest

from scripts.packaging.archive import compile_tree, tree_hash
from scripts.packaging.target import find_python

PYC_HEADER_BYTES = 16
HASH_BASED_UNCHECKED = 0b01  # PEP 552


def write_source(tree: Path) -> Path:
    tree.mkdir()
    source = tree / "module.py"
    source.write_text("ANSWERS = frozenset({'a', 'b', 'c', 'd'})\n")
    return source


def test_bytecode_is_never_checked_against_its_source(tmp_path: Path) -> None:
    source = write_source(tmp_path / "tree")
    compile_tree(Path(sys.executable), source.parent, mount="/opt/python")
    compiled = Path(importlib.util.cache_from_source(str(source))).read_bytes()
    assert int.from_bytes(compiled[4:8], "little") == HASH_BASED_UNCHECKED


def test_tracebacks_show_where_the_tree_is_mounted(tmp_path: Path) -> None:
    source = write_source(tmp_path / "tree")
    compile_tree(Path(sys.executable), source.parent, mount="/opt/python")
    compiled = Path(importlib.util.cache_from_source(str(source))).read_bytes()
    assert marshal.loads(compiled[PYC_HEADER_BYTES:]).co_filename == "/opt/python/module.py"


def test_two_builds_give_the_same_bytecode(tmp_path: Path) -> None:
    for name in ("one", "two"):
        compile_tree(Path(sys.executable), write_source(tmp_path / name).parent, mount="/opt/python")
    assert tree_hash(tmp_path / "one") == tree_hash(tmp_path / "two")


def test_a_python_of_another_version_is_not_taken(tmp_path: Path) -> None:
    assert find_python("3.0", uv=write_program(tmp_path, f"echo {sys.executable}")) is None


def test_a_python_that_uv_knows_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    assert find_python(version, uv=write_program(tmp_path, f"echo {sys.executable}")) == Path(sys.executable)


def write_program(directory: Path, body: str) -> str:
    program = directory / "program"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    return str(program)
