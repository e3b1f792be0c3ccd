"""Check the parameters of the stage local, as `npm run deploy` checks those of the others."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import processing.settings
from scripts.aws.local_endpoint import LOCAL_STAGE
from scripts.cli.repository import REPOSITORY
from scripts.packaging import deployment_rules, resolved_config
from scripts.packaging.stage_settings import parameter_options, settings_file

_STAMP = ".build/local-parameters-checked"


def check_local_parameters(check: Callable[[list[str]], Any], repository: Path = REPOSITORY) -> None:
    """Refuse wrong parameters; the Serverless CLI takes seconds, so what was checked is not checked again.

    Args:
        check: raises OperatorError for a deployment with these options.
        repository: the folder with serverless.yml and settings/.

    Raises:
        OperatorError: with every mistake.
    """
    stamp, now = repository / _STAMP, _checksum(repository)
    if stamp.exists() and stamp.read_text() == now:
        return
    check(["--stage", LOCAL_STAGE, *parameter_options(LOCAL_STAGE, repository=repository)])
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(now)


def _checksum(repository: Path) -> str:
    """Return a checksum of what decides: the parameters and the rules."""
    files = [repository / "serverless.yml", settings_file(LOCAL_STAGE, repository)]
    files += [Path(str(module.__file__)) for module in (deployment_rules, resolved_config, processing.settings)]
    checksum = hashlib.sha256()
    for file in files:
        checksum.update(file.read_bytes() if file.exists() else b"")
        checksum.update(b"\0")
    return checksum.hexdigest()
