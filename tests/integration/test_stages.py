"""serverless.yml as the Serverless CLI resolves it, for every stage that it knows."""

import json
import os
import subprocess
from typing import Any

import pytest

from scripts.cli.repository import REPOSITORY
from scripts.packaging.deployment_rules import find_mistakes


def resolve(stage: str) -> Any:
    printed = subprocess.run(
        [str(REPOSITORY / "node_modules/.bin/osls"), "print", "--stage", stage, "--format", "json"],
        cwd=REPOSITORY,
        env={**os.environ, "NODE_NO_WARNINGS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(printed.stdout)


@pytest.mark.parametrize("stage", ["dev", "prod", "local"])
def test_every_stage_can_be_deployed_as_it_stands(stage: str) -> None:
    assert find_mistakes(resolve(stage)) == []
