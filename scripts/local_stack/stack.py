"""The local stack: a local AWS with this repository's own serverless.yml deployed to it."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console

from scripts.aws.local_endpoint import LOCAL_STAGE, LocalStack, make_local_client
from scripts.aws.stack_outputs import StackOutputs, StackOutputsError, read_stack_outputs
from scripts.local_stack.ministack import LocalAws, LocalStackError, local_aws, serverless_environment, tail
from scripts.local_stack.supervisor import tethered
from scripts.packaging.function_zip import build_function
from scripts.packaging.serverless_cli import PROGRAM, serverless_cli
from scripts.packaging.target import Target

_DEPLOY_TIMEOUT_SECONDS = 300.0
_LOG_KEEP_SECONDS = 24 * 3600


@contextmanager
def local_stack(
    repository: Path, *, console: Console | None = None, remove: Path | None = None, guarded: bool = False
) -> Iterator[LocalStack]:
    """Starts a local AWS, deploys the service to it, and stops it all when the block ends.

    Nothing outlives the block, nor this process, however it ends.

    Args:
        repository: with serverless.yml and what `scripts/setup.sh` made.
        console: shows progress; standard error by default.
        remove: a file that goes when the stack does.
        guarded: whether it enforces roles and policies; see `local_aws`.

    Raises:
        LocalStackError: it did not come up.
    """
    console = console or Console(stderr=True)
    _require_setup(repository)
    build = repository / ".build"
    _forget_old_logs(build)
    with ExitStack() as running:
        with _step(console, "Starting the local AWS"):
            program = repository / ".tools/stack/bin/python"
            aws = running.enter_context(local_aws(program, build, remove=remove, guarded=guarded))
        with _step(console, "Deploying the service to it"):
            _deploy(repository, aws)
        yield LocalStack(
            endpoint_url=aws.endpoint_url,
            outputs=_read_outputs(aws),
            log=aws.log,
            certificate=aws.certificate,
            process=aws.process,
        )


def _deploy(repository: Path, aws: LocalAws) -> None:
    """Deploys serverless.yml, stage local, with the command that deploys to AWS."""
    log = repository / ".build" / "local-deploy.log"
    with serverless_cli(repository) as program:
        _build_function(repository)
        log.unlink(missing_ok=True)
        environment = serverless_environment(aws.endpoint_url, aws.certificate)
        command = [program, "deploy", "--stage", LOCAL_STAGE, "--verbose"]
        with tethered(command, environment, log, cwd=repository) as process:
            status = _wait(process)
    if status != 0:
        why = "did not end in time" if status is None else f"ended with status {status}"
        raise LocalStackError(f"the deployment {why}.\n{tail(log)}\nThe local AWS wrote to {aws.log}.")


def _build_function(repository: Path) -> None:
    try:
        build_function(Target.LOCAL, repository=repository)
    except subprocess.CalledProcessError as error:
        raise LocalStackError(f"the functions do not compile:\n{error.stdout}{error.stderr}") from error


def _wait(process: "subprocess.Popen[bytes]") -> int | None:
    try:
        return process.wait(_DEPLOY_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        return None


def _read_outputs(aws: LocalAws) -> StackOutputs:
    try:
        return read_stack_outputs(make_local_client("cloudformation", aws.endpoint_url, aws.certificate), LOCAL_STAGE)
    except StackOutputsError as error:
        raise LocalStackError(f"the deployment went through, but {error}") from error


def _require_setup(repository: Path) -> None:
    needed = (".tools/stack/bin/python", PROGRAM, f".build/layer-{LOCAL_STAGE}.zip")
    missing = [name for name in needed if not (repository / name).exists()]
    if missing:
        raise LocalStackError(f"{', '.join(missing)} missing: run `sh scripts/setup.sh` in {repository}")


def _forget_old_logs(build: Path) -> None:
    for log in build.glob("local-stack-*.log"):
        if time.time() - log.stat().st_mtime > _LOG_KEEP_SECONDS:
            log.unlink(missing_ok=True)


@contextmanager
def _step(console: Console, what: str) -> Iterator[None]:
    """Shows that something is under way, and how long it took."""
    start = time.monotonic()
    with console.status(f"{what} ..."):
        yield
    console.print(f"{what} ... {time.monotonic() - start:.1f} s", markup=False, highlight=False)
