"""`npm run stack`: keep a local stack running until Ctrl-C, for the AWS CLI and for scripts with `--stage local`."""

import time
from dataclasses import asdict

from scripts.aws.local_endpoint import STATE_FILE, LocalStack, find_running_stack, write_state
from scripts.cli.command_line import EXIT_OK, main, make_app
from scripts.cli.errors import OperatorError
from scripts.cli.output import Screen
from scripts.cli.repository import REPOSITORY
from scripts.local_stack.stack import local_stack

_POLL_SECONDS = 0.5

app = make_app("Keep a local stack running.")


def describe(stack: LocalStack) -> list[str]:
    """List the stack's names, and the environment lines to copy."""
    outputs = {name.replace("_", " "): value for name, value in asdict(stack.outputs).items()}
    names = {"endpoint": stack.endpoint_url, **outputs, "log": str(stack.log)}
    return [
        "The local stack is up; Ctrl-C stops it.",
        "",
        *(f"  {name:<22}{value}" for name, value in names.items()),
        "",
        "In another terminal, for the AWS CLI and the scripts:",
        "",
        *(f"export {name}={value}" for name, value in stack.environment.items()),
        "",
        f"Then, for example: aws s3 cp photo.jpg s3://{stack.outputs.input_bucket}/",
    ]


@app.command(epilog="Exit codes: 0 stopped by Ctrl-C; 1 could not run or wrong usage.")
def command() -> int:
    """Keep a local stack up until Ctrl-C: a local AWS with the service deployed, for the AWS CLI and the scripts."""
    screen = Screen()
    try:
        running = find_running_stack()
        if running:
            raise OperatorError(f"one is up already, at {running.endpoint_url}")
        with local_stack(remove=REPOSITORY / STATE_FILE) as stack:
            assert stack.process is not None  # noqa: S101 (for the type checker: this process started it)
            write_state(stack, stack.process.pid)
            screen.result(describe(stack), None)
            while stack.process.poll() is None:
                time.sleep(_POLL_SECONDS)
    except KeyboardInterrupt:
        screen.note("The local stack is stopped.")
        return EXIT_OK
    raise OperatorError(f"the local AWS ended by itself; its log is {stack.log}")


if __name__ == "__main__":
    main(app, "npm run stack --")
