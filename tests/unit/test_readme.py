"""README and docs agree with the code: failure codes, paths and links."""

import re
from pathlib import Path

import pytest

from processing.failures import FailureCode
from scripts.cli.repository import REPOSITORY

README = (REPOSITORY / "README.md").read_text()
PAGES = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
NAMED_PATH = re.compile(r"`((?:docs|handlers|processing|scripts|tests)/[\w./-]*)`")
LINK = re.compile(r"\]\((?!https?://)([^)#]+)\)")


@pytest.mark.parametrize("code", FailureCode)
def test_every_failure_code_is_documented_with_its_meaning_and_advice(code: FailureCode) -> None:
    assert f"| `{code}` | {code.family} | {code.meaning} | {code.what_to_do} |" in README


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text()
    named = [REPOSITORY / path for path in NAMED_PATH.findall(text)]
    linked = [page.parent / path for path in LINK.findall(text)]
    assert [path for path in named + linked if not path.exists()] == []


@pytest.mark.parametrize("top", ["processing", "scripts"])
def test_contributing_describes_every_folder(top: str) -> None:
    folders = {path.parent.name for path in (REPOSITORY / top).glob("*/__init__.py")}
    described = set(re.findall(r"^\| `(\w+)/` \|", (REPOSITORY / "CONTRIBUTING.md").read_text(), re.MULTILINE))
    assert folders - described == set()
