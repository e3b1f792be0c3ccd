from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ProfileNotFound

from scripts.aws import stage as stages
from scripts.aws.stack_outputs import StackOutputsError
from scripts.aws.stage import find_region, find_stage
from scripts.cli.errors import OperatorError

CONFIG = "[default]\nregion = eu-west-1\n[profile photos]\nregion = eu-north-1\n[profile nowhere]\n"


@pytest.fixture(autouse=True)
def no_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")


def test_a_local_stack_that_is_not_up_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "find_running_stack", lambda: None)
    with pytest.raises(OperatorError, match="start one with `npm run stack`"):
        find_stage("local")


def test_a_region_must_be_known() -> None:
    with pytest.raises(OperatorError, match="set AWS_REGION, or a profile that names one"):
        find_stage("prod")


def test_a_stage_is_looked_for_in_the_region_that_aws_region_names_whatever_the_profile_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text("[profile photos]\nregion = eu-north-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    regions = []

    def look(client: Any, _: str) -> None:
        regions.append(client.meta.region_name)
        raise StackOutputsError("not there")

    monkeypatch.setattr(stages, "read_stack_outputs", look)
    monkeypatch.setattr(stages, "_account", lambda _: "account 123456789012")
    monkeypatch.setenv("AWS_REGION", "us-east-2")
    for profile in (None, "photos"):
        if profile:
            monkeypatch.setenv("AWS_PROFILE", profile)
        with pytest.raises(
            OperatorError, match=r"looked in us-east-2, account 123456789012\). Wrong region, account or stage\?"
        ):
            find_stage("prod")
    assert regions == ["us-east-2", "us-east-2"]


@pytest.fixture
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
def test_what_is_said_first_is_what_counts(profiles: None, environment: dict[str, str], region: str | None) -> None:
    assert find_region(environment) == region


def test_an_empty_region_is_none(profiles: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "")
    assert find_region({"AWS_REGION": "", "AWS_PROFILE": "nowhere"}) is None


def test_a_profile_that_is_not_there_is_named(profiles: None) -> None:
    with pytest.raises(ProfileNotFound, match="missing"):
        find_region({"AWS_PROFILE": "missing"})
