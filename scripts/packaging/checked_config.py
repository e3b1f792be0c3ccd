"""The resolved serverless.yml of a deployment, refused with all its mistakes."""

from collections.abc import Mapping, Sequence
from typing import Any

from scripts.cli.errors import OperatorError
from scripts.packaging.deployment_rules import find_mistakes, find_parameter_mistakes
from scripts.packaging.serverless_cli import print_config


def checked_config(
    options: Sequence[str], environment: Mapping[str, str], *, on_local_stack: bool = False
) -> dict[str, Any]:
    """Return the resolved serverless.yml.

    Args:
        options: of the Serverless CLI, `--param` among them.
        environment: of the Serverless CLI.
        on_local_stack: deployed to a local stack, which runs the functions with its own Python on this machine.

    Raises:
        OperatorError: with every mistake.
    """
    config: dict[str, Any] = print_config(options, environment)
    given = [option.removeprefix("--param=") for option in options if option.startswith("--param=")]
    mistakes = find_parameter_mistakes(given, config["params"]["default"])
    mistakes += find_mistakes(config, on_local_stack=on_local_stack)
    if mistakes:
        raise OperatorError("serverless.yml cannot be deployed like this:", *(f"- {mistake}" for mistake in mistakes))
    return config
