"""The parameter `originals` becomes a lifecycle rule of the input bucket, and of no other."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.cli.repository import REPOSITORY

ARCHIVE = {"Transitions": [{"StorageClass": "GLACIER_IR", "TransitionInDays": 7}]}


def rules_of(folder: Path, *parameters: str) -> tuple[list[Any], list[Any]]:
    """Package with parameters; return the lifecycle rules of the input and the output bucket."""
    command = [sys.executable, "-m", "scripts.deploy", "package", "--stage", "test", "--package", str(folder)]
    command += [f"--param={parameter}" for parameter in parameters]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
    document = json.loads((folder / "cloudformation-template-update-stack.json").read_text())
    source, output = (
        document["Resources"][bucket]["Properties"]["LifecycleConfiguration"]["Rules"]
        for bucket in ("InputBucket", "OutputBucket")
    )
    return source, output


@pytest.mark.parametrize(
    ("parameters", "rule"),
    [
        (("originals=glacier-after-7-days", "keyPrefix=in/"), {**ARCHIVE, "Prefix": "in/"}),
        (("originals=expire-after-30-days",), {"ExpirationInDays": 30}),
    ],
)
def test_source_objects_are_archived_or_deleted_after_the_days_that_it_names(
    tmp_path: Path, parameters: tuple[str, ...], rule: dict[str, Any]
) -> None:
    source, output = rules_of(tmp_path, *parameters)
    assert {"Id": "originals", "Status": "Enabled", **rule} in source
    assert len(source) == 2
    assert [each["Id"] for each in output] == ["abort-incomplete-uploads"]
