"""The packaged CloudFormation template, for all integration tests."""

import json
import subprocess
import sys

import pytest

from scripts.cli.repository import REPOSITORY
from tests.integration.template.packaged import Template

STAGE = "prod"


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Run `npm run package -- --stage prod` and read the template."""
    folder = tmp_path_factory.mktemp("package")
    command = [sys.executable, "-m", "scripts.deploy", "package", "--stage", STAGE, "--package", str(folder)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
    return Template(json.loads((folder / "cloudformation-template-update-stack.json").read_text()))
