"""The operators' command lines: common options, exit codes, and one-line errors."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError, ProfileNotFound
from typer.main import get_command

from scripts.cli.errors import OperatorError
from scripts.cli.npm import options_kept_by_npm
from scripts.cli.output import Screen, discard_output, print_traceback
from scripts.cli.signals import interrupt_once

EXIT_OK = 0
EXIT_COULD_NOT_RUN = 1
EXIT_SOME_FAILED = 2
EXIT_STOPPED = 3
EXIT_INTERRUPTED = 130

EXIT_CODES = """Exit codes: 0 done; 1 could not run (wrong usage, no access, no such stage); 2 done, but something
failed; 3 stopped early (a canary failed or proved nothing, or waiting took too long); 130 interrupted. After 3 or 130,
give the same command again to go on."""

StageOption = Annotated[str, typer.Option("--stage", metavar="STAGE", help="The deployment: local, dev, prod ...")]
JsonOption = Annotated[
    bool, typer.Option("--json", help="The result as JSON on stdout, errors too; all prose on stderr.")
]
ExecuteOption = Annotated[bool, typer.Option("--execute", help="Act. Without it, only say what would be done.")]
JournalOption = Annotated[
    Path | None, typer.Option("--journal", metavar="FILE", help="The journal; in .darkroom/ by default.")
]


def make_app(help_text: str) -> typer.Typer:
    """Make a command line with exit codes in its help."""
    return typer.Typer(
        help=help_text,
        epilog=EXIT_CODES,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


def main(app: typer.Typer, name: str) -> NoReturn:
    """Run a command line as this process."""
    interrupt_once()
    sys.excepthook = print_traceback
    kept = options_kept_by_npm(app, sys.argv[1:], os.environ)
    if kept:
        lines = (f"npm kept {', '.join(kept)} for itself.", f"Options come after two dashes: {name} ... {kept[0]} ...")
        sys.exit(_fail(sys.argv[1:], EXIT_COULD_NOT_RUN, f"Could not go on: {lines[0]}", lines[1]))
    sys.exit(run(app, name))


def run(app: typer.Typer, name: str, arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code; unexpected errors keep their traceback.

    Args:
        app: its commands return exit codes; None is 0.
        name: the command as users type it.
        arguments: this process's by default.
    """
    Screen.has_result = False
    typed = sys.argv[1:] if arguments is None else list(arguments)
    try:
        return int(_invoke(app, name, typed) or EXIT_OK)
    except BrokenPipeError:  # the reader of stdout has ended, such as `head`
        discard_output()
        return EXIT_COULD_NOT_RUN
    except (KeyboardInterrupt, typer.Abort):
        return _fail(typed, EXIT_INTERRUPTED, "Interrupted; to go on, give the same command again.")
    except (typer.TyperException, OperatorError, OSError, BotoCoreError, ClientError) as error:
        first, *others = _describe(error)
        return _fail(typed, EXIT_COULD_NOT_RUN, f"Could not go on: {first}", *others)


def _invoke(app: typer.Typer, name: str, arguments: Sequence[str]) -> Any:
    """Call a command as typer does, but let KeyboardInterrupt through."""
    command = get_command(app)
    try:
        with command.make_context(name, list(arguments)) as context:
            return command.invoke(context)
    except typer.Exit as end:
        return end.exit_code


def _describe(error: Exception) -> Sequence[str]:
    """Return the lines that tell an error."""
    match error:
        case typer.TyperException():
            return error.format_message(), "Add --help for usage and examples."
        case OperatorError():
            return error.lines
        case ClientError():
            return (f"AWS refused {error.operation_name}: {error}",)
        case NoCredentialsError() | PartialCredentialsError():
            return ("no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",)
        case BotoCoreError() if not isinstance(error, ProfileNotFound):
            return (f"AWS cannot be reached: {error}",)
    return (str(error),)


def _fail(arguments: Sequence[str], code: int, *lines: str) -> int:
    """Print an error on stderr, and with `--json` as an object on stdout unless that has a result already."""
    screen = Screen(as_json="--json" in arguments)
    screen.note(*lines)
    if screen.as_json and not Screen.has_result:
        screen.result([], {"error": {"message": "\n".join(lines), "exit_code": code}})
    return code
