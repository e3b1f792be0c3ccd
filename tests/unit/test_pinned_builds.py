"""Nothing that is built or installed is chosen by a package index on that day: every version and hash is in a file."""

import re
import tomllib
from typing import Any

from scripts.cli.repository import REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
LOCK = tomllib.loads((REPOSITORY / "uv.lock").read_text())
# [build-system] of the only package that is published as source only.
NEEDED_BY_PYVIPS = {"setuptools", "cffi", "pkgconfig"}


def locked(name: str) -> list[dict[str, Any]]:
    return [package for package in LOCK["package"] if package["name"] == name]


def test_what_is_published_as_source_only_is_built_with_locked_packages() -> None:
    source_only = {p["name"] for p in LOCK["package"] if not p.get("wheels") and "registry" in p["source"]}
    assert source_only == set(PROJECT["tool"]["uv"]["no-build-isolation-package"]) == {"pyvips"}
    names = {re.split("[<>=]", requirement)[0] for requirement in PROJECT["dependency-groups"]["build"]}
    assert names == NEEDED_BY_PYVIPS


def test_every_build_requirement_has_its_hashes_in_the_lock() -> None:
    for name in NEEDED_BY_PYVIPS:
        (package,) = locked(name)
        assert all(wheel["hash"].startswith("sha256:") for wheel in package["wheels"])


def test_every_environment_that_builds_a_layer_has_the_build_requirements() -> None:
    groups = PROJECT["dependency-groups"]
    assert all({"include-group": "build"} in groups[name] for name in ("dev", "stack"))


def test_uv_itself_has_a_version_and_hashes() -> None:
    requirement, *hashes = (REPOSITORY / "scripts/uv.txt").read_text().replace("\\\n", "").split()
    assert re.fullmatch(r"uv==[0-9.]+", requirement)
    assert hashes
    assert all(re.fullmatch("--hash=sha256:[0-9a-f]{64}", each) for each in hashes)
