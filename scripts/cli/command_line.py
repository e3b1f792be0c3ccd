"""The operators' command lines: common options, exit codes, and one-line errors."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError, ProfileNotFound

from scripts.cli.errors import OperatorError
from scripts.cli.output import Screen, print_traceback
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
JsonOption = Annotated[bool, typer.Option("--json", help="The result as JSON on stdout; all prose on stderr.")]
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
    sys.exit(run(app, name))


def run(app: typer.Typer, name: str, arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code; unexpected errors keep their traceback.

    Args:
        app: its commands return exit codes; None is 0.
        name: the command as users type it.
        arguments: this process's by default.
    """
    lines: Sequence[str]
    try:
        return int(app(arguments, prog_name=name, standalone_mode=False) or EXIT_OK)
    except typer.TyperException as error:
        lines = (error.format_message(), "Add --help for usage and examples.")
    except OperatorError as error:
        lines = error.lines
    except (OSError, ProfileNotFound) as error:
        lines = (str(error),)
    except ClientError as error:
        lines = (f"AWS refused {error.operation_name}: {error}",)
    except (NoCredentialsError, PartialCredentialsError):
        lines = ("no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",)
    except BotoCoreError as error:
        lines = (f"AWS cannot be reached: {error}",)
    except (KeyboardInterrupt, typer.Abort):
        Screen().note("Interrupted.")
        return EXIT_INTERRUPTED
    Screen().note(f"Could not go on: {lines[0]}", *lines[1:])
    return EXIT_COULD_NOT_RUN
