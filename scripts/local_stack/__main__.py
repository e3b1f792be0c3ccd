"""`npm run stack`: a local stack that stays up until Ctrl-C, for the AWS CLI and for scripts with `--stage local`."""

import sys
import time
from dataclasses import asdict
from typing import NoReturn

from scripts.aws.local_endpoint import STATE_FILE, LocalStack, find_running_stack, write_state
from scripts.cli.command_line import main, make_app
from scripts.cli.repository import REPOSITORY
from scripts.local_stack.ministack import LocalStackError
from scripts.local_stack.stack import local_stack

_POLL_SECONDS = 0.5


def describe(stack: LocalStack) -> str:
    """What a person needs to work with a stack: names, and the environment lines to copy."""
    outputs = {name.replace("_", " "): value for name, value in asdict(stack.outputs).items()}
    names = {"endpoint": stack.endpoint_url, **outputs, "log": str(stack.log)}
    return "\n".join(
        [
            "The local stack is up; Ctrl-C stops it.\n",
            *(f"  {name:<22}{value}" for name, value in names.items()),
            "\nIn another terminal, for the AWS CLI and the scripts:\n",
            *(f"export {name}={value}" for name, value in stack.environment.items()),
            f"\nThen, for example: aws s3 cp photo.jpg s3://{stack.outputs.input_bucket}/",
        ]
    )


def command() -> int:
    """Keep a local stack up until Ctrl-C: a local AWS with the service deployed, for the AWS CLI and the scripts."""
    try:
        keep_stack()
    except LocalStackError as error:
        print(f"Could not run: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("The local stack is stopped.", file=sys.stderr)
        return 0


def keep_stack() -> NoReturn:
    """Runs a stack until it is interrupted.

    Raises:
        LocalStackError: it did not come up, one is up already, or it ended by itself.
    """
    kept = find_running_stack()
    if kept:
        raise LocalStackError(f"one is up already, at {kept.endpoint_url}")
    with local_stack(REPOSITORY, remove=REPOSITORY / STATE_FILE) as stack:
        assert stack.process is not None  # noqa: S101 (for the type checker: it is ours)
        write_state(stack, stack.process.pid)
        print(describe(stack), flush=True)
        while stack.process.poll() is None:
            time.sleep(_POLL_SECONDS)
    raise LocalStackError(f"the local AWS ended by itself; its log is {stack.log}")


if __name__ == "__main__":
    app = make_app("A local stack that stays up.")
    app.command(epilog="Exit codes: 0 stopped by Ctrl-C; 1 could not run, wrong usage among it.")(command)
    main(app, "npm run stack --")
