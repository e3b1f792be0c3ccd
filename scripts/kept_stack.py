"""`npm run stack`: a local stack that stays up until Ctrl-C, for the AWS CLI and for scripts with `--stage local`."""

import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

from scripts.local_aws import LocalStackError, is_ready
from scripts.local_stack import LocalStack, local_stack
from scripts.stack_outputs import StackOutputs

REPOSITORY = Path(__file__).resolve().parent.parent
_STATE = ".build/local-stack.json"
_POLL_SECONDS = 0.5


def find_kept_stack(repository: Path = REPOSITORY) -> LocalStack | None:
    """The stack that is kept up; None when there is none, whatever a crash may have left behind."""
    try:
        state = json.loads((repository / _STATE).read_text())
        os.kill(state["pid"], 0)
        stack = LocalStack(
            endpoint_url=state["endpoint_url"], outputs=StackOutputs(**state["outputs"]), log=Path(state["log"])
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return stack if is_ready(stack.endpoint_url) else None


def write_state(stack: LocalStack, pid: int, repository: Path = REPOSITORY) -> None:
    """Lets other processes find a stack.

    Args:
        stack: to be found.
        pid: of the process that ends when the stack does.
        repository: where they look.
    """
    state = repository / _STATE
    whole = state.with_suffix(".new")
    content = {
        "pid": pid,
        "endpoint_url": stack.endpoint_url,
        "outputs": asdict(stack.outputs),
        "log": str(stack.log),
    }
    whole.write_text(json.dumps(content, indent=2))
    whole.replace(state)  # a reader sees all of it or nothing


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
    kept = find_kept_stack()
    if kept:
        raise LocalStackError(f"one is up already, at {kept.endpoint_url}")
    with local_stack(REPOSITORY, remove=REPOSITORY / _STATE) as stack:
        assert stack.process is not None  # noqa: S101 (for the type checker: it is ours)
        write_state(stack, stack.process.pid)
        print(describe(stack), flush=True)
        while stack.process.poll() is None:
            time.sleep(_POLL_SECONDS)
    raise LocalStackError(f"the local AWS ended by itself; its log is {stack.log}")


if __name__ == "__main__":
    from scripts.commands import main, make_app  # here, because they look for kept stacks

    app = make_app("A local stack that stays up.")
    app.command(epilog="Exit codes: 0 stopped by Ctrl-C; 1 could not run, wrong usage among it.")(command)
    main(app, "npm run stack --")
