"""Exit codes and error messages of a command line."""

import pytest
import typer
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ProfileNotFound

from scripts.cli.command_line import EXIT_COULD_NOT_RUN, EXIT_INTERRUPTED, EXIT_OK, make_app, run
from scripts.cli.errors import OperatorError


def command_line(error: BaseException | None = None, code: int | None = None) -> typer.Typer:
    app = make_app("A test.")

    @app.command()
    def command(count: int = 1) -> int | None:
        if error:
            raise error
        return code if count == 1 else None

    return app


def test_a_command_answers_its_exit_code() -> None:
    assert run(command_line(code=3), "it", []) == 3
    assert run(command_line(), "it", []) == EXIT_OK


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OperatorError("no such letter"), "no such letter"),
        (PermissionError(13, "Permission denied", "friday.jsonl"), "Permission denied"),
        (NoCredentialsError(), "no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
        (ProfileNotFound(profile="photos"), "The config profile (photos) could not be found"),
        (EndpointConnectionError(endpoint_url="https://sqs"), "AWS cannot be reached: Could not connect"),
        (
            ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ReceiveMessage"),
            "AWS refused ReceiveMessage: ",
        ),
    ],
)
def test_what_goes_wrong_is_said_in_one_line_on_stderr(
    error: Exception, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command_line(error), "it", []) == EXIT_COULD_NOT_RUN
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"Could not go on: {words}" if not isinstance(error, OSError) else "Could not go on: ")
    assert words in said.err


def test_wrong_usage_is_no_result_and_points_to_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command_line(), "it", ["--no-such-option"]) == EXIT_COULD_NOT_RUN
    assert "Add --help for usage and examples." in capsys.readouterr().err


def test_an_interrupt_has_an_exit_code_of_its_own() -> None:
    assert run(command_line(KeyboardInterrupt()), "it", []) == EXIT_INTERRUPTED


def test_an_unexpected_error_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        run(command_line(ZeroDivisionError()), "it", [])
