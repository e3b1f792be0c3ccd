import pytest

from scripts.cli.npm import options_kept_by_npm
from scripts.dlq.__main__ import app as dlq
from scripts.upload.__main__ import app as upload

BY_NPM = {"npm_lifecycle_event": "upload", "npm_config_prefix": "/usr", "npm_config_yes": ""}


def test_options_that_npm_kept_are_listed() -> None:
    environment = BY_NPM | {"npm_config_stage": "true", "npm_config_watch": "true", "npm_config_cache": "/home/me/.npm"}
    assert options_kept_by_npm(upload, ["photos", "prod"], environment) == ["--stage", "--watch"]


def test_options_of_every_subcommand_are_known() -> None:
    assert options_kept_by_npm(dlq, ["redrive"], BY_NPM | {"npm_config_canary": "true"}) == ["--canary"]


@pytest.mark.parametrize(
    ("typed", "environment"),
    [
        (["photos", "--stage", "prod"], BY_NPM | {"npm_config_json": "true"}),  # after two dashes; json in .npmrc
        (["photos"], BY_NPM),
        (["photos"], {"npm_config_stage": "true"}),  # not started by npm
    ],
)
def test_other_settings_of_npm_are_none_of_ours(typed: list[str], environment: dict[str, str]) -> None:
    assert options_kept_by_npm(upload, typed, environment) == []
