"""Options that npm keeps for itself when `--` is missing before them."""

from collections.abc import Iterable, Mapping, Sequence

import typer
from typer.core import TyperGroup
from typer.main import get_command

_ALWAYS_SET = {"npm_config_prefix"}


def options_kept_by_npm(app: typer.Typer, typed: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """List the options of a command line that npm took as its own settings.

    `npm start FOLDER --out DIR` runs the script with FOLDER and DIR, and npm_config_out=true in the environment.

    Args:
        app: the command line.
        typed: the arguments that arrived; any option among them came after `--`.
        environment: of this process.
    """
    if "npm_lifecycle_event" not in environment or any(argument.startswith("-") for argument in typed):
        return []
    names = {name: f"npm_config_{name.removeprefix('--').replace('-', '_')}" for name in _option_names(app)}
    return sorted(name for name, variable in names.items() if variable not in _ALWAYS_SET and environment.get(variable))


def _option_names(app: typer.Typer) -> Iterable[str]:
    command = get_command(app)
    commands = command.commands.values() if isinstance(command, TyperGroup) else [command]
    return {name for each in commands for option in each.params for name in option.opts if name.startswith("--")}
