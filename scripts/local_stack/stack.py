"""Start the local stack: a local AWS with this repository's serverless.yml deployed to it."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console

from scripts.aws.local_endpoint import LOCAL_STAGE, LocalStack, make_local_client
from scripts.aws.stack_outputs import StackOutputs, StackOutputsError, read_stack_outputs
from scripts.cli.repository import REPOSITORY
from scripts.local_stack import ministack
from scripts.local_stack.ministack import LocalAws, LocalStackError, local_aws, log_tail, serverless_environment
from scripts.local_stack.supervisor import supervised
from scripts.packaging import serverless_cli
from scripts.packaging.function_zip import build_function
from scripts.packaging.target import BuildTarget

_DEPLOY_TIMEOUT_SECONDS = 300.0
_LOG_KEEP_SECONDS = 24 * 3600


@contextmanager
def local_stack(*, remove: Path | None = None, enforce_iam: bool = False) -> Iterator[LocalStack]:
    """Start a local AWS, deploy the service to it, and stop it when the block or this process ends.

    Args:
        remove: a file to remove when the stack ends.
        enforce_iam: enforce roles and policies; see `local_aws`.

    Raises:
        LocalStackError: it did not start.
    """
    _require_setup()
    _remove_old_logs()
    with ExitStack() as running:
        with _step("Starting the local AWS"):
            aws = running.enter_context(local_aws(remove=remove, enforce_iam=enforce_iam))
        with _step("Deploying the service to it"):
            _deploy(aws)
        yield LocalStack(
            endpoint_url=aws.endpoint_url,
            outputs=_read_outputs(aws),
            log=aws.log,
            certificate=aws.certificate,
            process=aws.process,
        )


def _deploy(aws: LocalAws) -> None:
    """Deploy serverless.yml, stage local, with the command that deploys to AWS."""
    log = REPOSITORY / ".build" / "local-deploy.log"
    with serverless_cli.locked() as program:
        try:
            build_function(BuildTarget.LOCAL)
        except subprocess.CalledProcessError as error:
            raise LocalStackError(f"the functions do not compile:\n{error.stdout}{error.stderr}") from error
        log.unlink(missing_ok=True)
        environment = serverless_environment(aws.endpoint_url, aws.certificate)
        command = [program, "deploy", "--stage", LOCAL_STAGE, "--verbose"]
        with supervised(command, environment, log, cwd=REPOSITORY) as process:
            why = _wait(process)
    if why:
        raise LocalStackError(f"the deployment {why}.\n{log_tail(log)}\nThe local AWS wrote to {aws.log}.")


def _wait(process: "subprocess.Popen[bytes]") -> str:
    """Wait for the deployment; return its error, or an empty text."""
    try:
        status = process.wait(_DEPLOY_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        return "did not end in time"
    return f"ended with status {status}" if status else ""


def _read_outputs(aws: LocalAws) -> StackOutputs:
    try:
        client = make_local_client("cloudformation", aws.endpoint_url, aws.certificate)
        return read_stack_outputs(client, LOCAL_STAGE)
    except StackOutputsError as error:
        raise LocalStackError(f"the deployment succeeded, but {error}") from error


def _require_setup() -> None:
    needed = (ministack.PROGRAM, serverless_cli.PROGRAM, f".build/layer-{LOCAL_STAGE}.zip")
    missing = [name for name in needed if not (REPOSITORY / name).exists()]
    if missing:
        raise LocalStackError(f"{', '.join(missing)} missing: run `sh scripts/setup.sh` in {REPOSITORY}")


def _remove_old_logs() -> None:
    for log in (REPOSITORY / ".build").glob("local-stack-*.log"):
        if time.time() - log.stat().st_mtime > _LOG_KEEP_SECONDS:
            log.unlink(missing_ok=True)


@contextmanager
def _step(title: str) -> Iterator[None]:
    """Show on stderr that a step runs, and how long it took."""
    console, start = Console(stderr=True), time.monotonic()
    with console.status(f"{title} ..."):
        yield
    console.print(f"{title} ... {time.monotonic() - start:.1f} s", markup=False, highlight=False)
