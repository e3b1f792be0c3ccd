"""Exit codes and error messages of a command line."""

import json
from contextlib import redirect_stdout
from io import StringIO

import pytest
import typer
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ProfileNotFound

from scripts.cli.command_line import EXIT_COULD_NOT_RUN, EXIT_INTERRUPTED, EXIT_OK, JsonOption, make_app, run
from scripts.cli.errors import OperatorError
from scripts.cli.output import Screen


def command_line(error: BaseException | None = None, code: int | None = None) -> typer.Typer:
    app = make_app("A test.")

    @app.command()
    def command(count: int = 1, as_json: JsonOption = False) -> int | None:
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


def test_an_interrupt_has_an_exit_code_of_its_own_and_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command_line(KeyboardInterrupt()), "it", []) == EXIT_INTERRUPTED
    assert capsys.readouterr().err == "Interrupted; to go on, give the same command again.\n"


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (OperatorError("no such letter", "Look elsewhere."), EXIT_COULD_NOT_RUN, "no such letter\nLook elsewhere."),
        (EndpointConnectionError(endpoint_url="https://sqs"), EXIT_COULD_NOT_RUN, "AWS cannot be reached: "),
        (KeyboardInterrupt(), EXIT_INTERRUPTED, "Interrupted"),
    ],
)
def test_with_json_an_error_is_an_object_too(
    error: BaseException, code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command_line(error), "it", ["--json"]) == code
    said = capsys.readouterr()
    document = json.loads(said.out)["error"]
    assert document["exit_code"] == code
    assert words in document["message"]
    assert words.splitlines()[0] in said.err


def test_wrong_usage_is_an_object_with_json() -> None:
    with redirect_stdout(StringIO()) as out:
        assert run(command_line(), "it", ["--json", "--no-such-option"]) == EXIT_COULD_NOT_RUN
    assert "--no-such-option" in json.loads(out.getvalue())["error"]["message"]


def test_an_unexpected_error_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        run(command_line(ZeroDivisionError()), "it", [])


def test_an_interrupt_after_the_result_leaves_one_json_document(capsys: pytest.CaptureFixture[str]) -> None:
    app = make_app("A test.")

    @app.command()
    def command(as_json: JsonOption = False) -> None:
        Screen(as_json=as_json).result([], {"uploaded": 20})
        raise KeyboardInterrupt

    assert run(app, "it", ["--json"]) == EXIT_INTERRUPTED
    assert json.loads(capsys.readouterr().out) == {"uploaded": 20}
