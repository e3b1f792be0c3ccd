"""The settings file of a stage, settings/STAGE.yml: parameters that every deployment of the stage uses."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from scripts.cli.errors import OperatorError
from scripts.cli.repository import REPOSITORY


def settings_file(stage: str, repository: Path = REPOSITORY) -> Path:
    """Return the path of a stage's settings file, which need not exist."""
    return repository / "settings" / f"{stage}.yml"


def read_stage_settings(stage: str, repository: Path = REPOSITORY) -> dict[str, str]:
    """Read a stage's settings file; empty if there is none.

    Returns:
        Values by the parameters' names at the top of serverless.yml, as they are written: YAML would make a boolean of
        `off`, and a number of a phone number.

    Raises:
        OperatorError: it cannot be read, is not YAML, or is not a list of `name: value`.
    """
    path = settings_file(stage, repository)
    if not path.exists():
        return {}
    try:
        content = yaml.load(path.read_text(), yaml.BaseLoader)  # noqa: S506 (it makes text, lists and mappings only)
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise OperatorError(f"{path} cannot be read: {error}") from error
    if not isinstance(content or {}, Mapping):
        raise OperatorError(f"{path}: it must have lines such as `alarmEmail: me@example.com`")
    return {str(name): _text(path, str(name), value) for name, value in (content or {}).items()}


def parameter_options(stage: str, given: Sequence[str] = (), repository: Path = REPOSITORY) -> list[str]:
    """Return the Serverless CLI's --param options: the settings file's, replaced by those given for one deployment.

    Args:
        stage: its name.
        given: `name=value`, as typed.
        repository: the folder with settings/.
    """
    typed = {parameter.partition("=")[0] for parameter in given}
    settings = read_stage_settings(stage, repository).items()
    # The CLI refuses an empty value; without one it uses the default.
    lasting = [f"{name}={value}" for name, value in settings if name not in typed and value]
    return [f"--param={parameter}" for parameter in (*lasting, *given)]


def _text(path: Path, name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise OperatorError(f"{path}: {name} must be one value: text, a number, true or false")
    return value
