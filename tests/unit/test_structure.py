"""The structure of the code, measured from its imports and definitions."""

import ast
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import grimp
import pytest

from scripts.cli.repository import REPOSITORY

PACKAGES = ("handlers", "processing", "scripts")
MAX_LEVELS = 6
OUTPUT = REPOSITORY / "scripts/cli/output.py"
PEERS = REPOSITORY / "scripts/bench/peers"  # programs of their own, whose parent reads their output
MODULES = [path for package in PACKAGES for path in sorted((REPOSITORY / package).rglob("*.py"))]


@pytest.fixture(scope="module")
def folders() -> dict[str, set[str]]:
    """Each folder with the folders that its modules import."""
    graph = grimp.build_graph(*PACKAGES)
    imported: dict[str, set[str]] = {}
    for module in graph.modules:
        folder = _folder(module)
        others = {_folder(name) for name in graph.find_modules_directly_imported_by(module)}
        imported.setdefault(folder, set()).update(others - {folder})
    return imported


def test_folders_stand_on_at_most_six_levels_without_a_cycle(folders: dict[str, set[str]]) -> None:
    open_folders: set[str] = set()

    @cache
    def level(folder: str) -> int:
        assert folder not in open_folders, f"{folder} imports itself through other folders"
        open_folders.add(folder)
        height = 1 + max(map(level, folders[folder]), default=0)
        open_folders.discard(folder)
        return height

    assert max(map(level, folders)) <= MAX_LEVELS


def test_modules_import_each_other_without_a_cycle() -> None:
    graph = grimp.build_graph(*PACKAGES)
    in_cycles = [
        module
        for module in graph.modules
        if any(graph.chain_exists(imported, module) for imported in graph.find_modules_directly_imported_by(module))
    ]
    assert in_cycles == []


def test_no_two_classes_share_a_name() -> None:
    names = Counter(
        node.name for path in MODULES for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_no_module_has_the_name_of_a_standard_library_module() -> None:
    assert [path for path in MODULES if path.stem in sys.stdlib_module_names and path.stem != "__main__"] == []


def test_scripts_has_python_modules_in_folders_only() -> None:
    assert [path.name for path in (REPOSITORY / "scripts").glob("*.py")] == ["__init__.py"]


def test_in_scripts_only_cli_output_prints() -> None:
    printing = [
        f"{path.relative_to(REPOSITORY)}: {ast.unparse(node)}"
        for path in MODULES
        if "scripts" in path.parts and path != OUTPUT and PEERS not in path.parents
        for node in ast.walk(ast.parse(path.read_text()))
        if _prints(node)
    ]
    assert printing == []


def _prints(node: ast.AST) -> bool:
    """Tell prints, consoles and standard streams; a test for a terminal (`sys.stdin.isatty`) prints nothing."""
    if isinstance(node, ast.Attribute):
        return node.attr in ("stdout", "stderr") and ast.unparse(node.value) == "sys"
    called = ast.unparse(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""
    return called in ("print", "pprint", "echo", "secho", "Console", "print_exc")


def _folder(module: str) -> str:
    path = Path(REPOSITORY, *module.split("."))
    return module if path.is_dir() else module.rpartition(".")[0]
