from pathlib import Path

import pytest
from botocore.exceptions import ProfileNotFound

from scripts.aws.stage import find_region

CONFIG = "[default]\nregion = eu-west-1\n[profile photos]\nregion = eu-north-1\n[profile nowhere]\n"


@pytest.fixture(autouse=True)
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").write_text(CONFIG)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")


@pytest.mark.parametrize(
    ("environment", "region"),
    [
        ({"AWS_REGION": "us-east-2"}, "us-east-2"),
        ({"AWS_REGION": "us-east-2", "AWS_DEFAULT_REGION": "us-west-1"}, "us-east-2"),
        ({"AWS_REGION": "us-east-2", "AWS_PROFILE": "photos"}, "us-east-2"),
        ({"AWS_DEFAULT_REGION": "us-west-1", "AWS_PROFILE": "photos"}, "us-west-1"),
        ({"AWS_REGION": "", "AWS_PROFILE": "photos"}, "eu-north-1"),
        ({}, "eu-west-1"),
        ({"AWS_PROFILE": "nowhere"}, None),
    ],
)
def test_what_is_said_first_is_what_counts(environment: dict[str, str], region: str | None) -> None:
    assert find_region(environment) == region


def test_a_profile_that_is_not_there_is_named() -> None:
    with pytest.raises(ProfileNotFound, match="missing"):
        find_region({"AWS_PROFILE": "missing"})
