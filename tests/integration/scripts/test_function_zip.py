import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from scripts.packaging import function_zip as module
from scripts.packaging.function_zip import build_function
from scripts.packaging.target import BuildTarget

SOURCES = {
    "handlers/__init__.py": "",
    "handlers/process.py": "from processing import core\n\n\ndef lambda_handler(*_):\n    return core.ANSWER\n",
    "processing/core.py": "ANSWER = 42\n",
    "processing/images/formats/jpeg.py": "NAMES = frozenset({'jpg', 'jpeg', 'jpe'})\n",
}
OTHERS = (
    "handlers/__pycache__/old.cpython-39.pyc",
    "handlers/notes.txt",
    "scripts/start/__main__.py",
    "tests/x.py",
    ".env",
)


@pytest.fixture(autouse=True)
def interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_interpreter", lambda *_: Path(sys.executable))


def make_repository(folder: Path) -> Path:
    for name, content in SOURCES.items() | dict.fromkeys(OTHERS, "not for Lambda").items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return folder


def names(archive: Path) -> set[str]:
    with zipfile.ZipFile(archive) as zipped:
        return set(zipped.namelist())


def bytecode(source: str) -> str:
    return importlib.util.cache_from_source(source)


def test_the_zip_holds_our_two_packages_compiled_and_nothing_else(tmp_path: Path) -> None:
    archive = build_function(BuildTarget.ARM64, repository=make_repository(tmp_path))
    assert names(archive) == set(SOURCES) | {bytecode(source) for source in SOURCES}


def test_two_builds_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = (
        build_function(BuildTarget.ARM64, repository=make_repository(tmp_path / name)).read_bytes()
        for name in ("a", "b")
    )
    assert first == second


def test_a_changed_source_changes_the_zip(tmp_path: Path) -> None:
    before = build_function(BuildTarget.ARM64, repository=make_repository(tmp_path)).read_bytes()
    (tmp_path / "processing/core.py").write_text("ANSWER = 43\n")
    assert build_function(BuildTarget.ARM64, repository=tmp_path).read_bytes() != before


def test_the_zip_runs(tmp_path: Path) -> None:
    archive = build_function(BuildTarget.ARM64, repository=make_repository(tmp_path))
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(tmp_path / "task")
    program = "from handlers.process import lambda_handler; print(lambda_handler({}, None))"
    printed = subprocess.check_output([sys.executable, "-c", program], cwd=tmp_path / "task", text=True)
    assert printed == "42\n"


def test_without_a_python_of_the_runtimes_version_the_sources_go_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "find_interpreter", lambda *_: None)
    assert names(build_function(BuildTarget.ARM64, repository=make_repository(tmp_path))) == set(SOURCES)


def test_nothing_else_is_left_behind(tmp_path: Path) -> None:
    archive = build_function(BuildTarget.ARM64, repository=make_repository(tmp_path))
    assert list(archive.parent.iterdir()) == [archive]
