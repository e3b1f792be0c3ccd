from pathlib import Path

import pytest

from scripts.cli.errors import OperatorError
from scripts.local_stack.parameters import check_local_parameters


class Check:
    """Notes what is checked; refuses it while `mistake` is set."""

    def __init__(self) -> None:
        self.options: list[list[str]] = []
        self.mistake = ""

    def __call__(self, options: list[str]) -> None:
        self.options.append(options)
        if self.mistake:
            raise OperatorError(self.mistake)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "settings").mkdir()
    (tmp_path / "serverless.yml").write_text("service: darkroom")
    (tmp_path / "settings/local.yml").write_text("maxBytes: 5")
    return tmp_path


def test_parameters_are_checked_once_and_again_when_they_changed(repository: Path) -> None:
    check = Check()
    check_local_parameters(check, repository)
    check_local_parameters(check, repository)
    assert check.options == [["--stage", "local", "--param=maxBytes=5"]]
    for file in ("serverless.yml", "settings/local.yml"):
        (repository / file).write_text("maxBytes: 7")
        check_local_parameters(check, repository)
    assert len(check.options) == 3


def test_wrong_parameters_are_refused_each_time(repository: Path) -> None:
    check = Check()
    check.mistake = "maxBytes is 'much': it must be a whole number"
    for _ in range(2):
        with pytest.raises(OperatorError, match="must be a whole number"):
            check_local_parameters(check, repository)
