"""The README promises what the code does."""

import pytest

from processing.failures import FailureCode
from scripts.cli.repository import REPOSITORY

README = (REPOSITORY / "README.md").read_text()


@pytest.mark.parametrize("code", FailureCode)
def test_every_failure_code_is_documented_as_it_is_explained_to_people(code: FailureCode) -> None:
    assert f"| `{code}` | {code.family} | {code.meaning} | {code.what_to_do} |" in README
