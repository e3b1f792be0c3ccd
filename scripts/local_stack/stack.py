"""Start the local stack: ministack, a local AWS on 127.0.0.1, with this repository's serverless.yml deployed to it."""

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.aws.local_endpoint import (
    HOST,
    LOCAL_STAGE,
    REGION,
    LocalStack,
    client_environment,
    is_ready,
    make_local_client,
)
from scripts.aws.stack_outputs import StackOutputsError, read_stack_outputs
from scripts.cli.errors import OperatorError
from scripts.cli.output import Screen
from scripts.cli.repository import REPOSITORY
from scripts.local_stack.parameters import check_local_parameters
from scripts.local_stack.supervisor import supervised
from scripts.packaging import serverless_cli
from scripts.packaging.checked_config import checked_config
from scripts.packaging.function_zip import build_function
from scripts.packaging.stage_settings import parameter_options
from scripts.packaging.target import BuildTarget

PROGRAM = ".tools/stack/bin/python"
_ENFORCE_IAM = {"AUTH": "true", "USE_SSL": "1"}
_READY_TIMEOUT_SECONDS = 60.0
_POLL_SECONDS = 0.05
_LOG_TAIL_LINES = 25
_DEPLOY_TIMEOUT_SECONDS = 300.0
_LOG_KEEP_SECONDS = 24 * 3600


@dataclass(frozen=True)
class LocalAws:
    """A running local AWS.

    Attributes:
        process: ends when the local AWS does.
        endpoint_url: of every AWS API.
        log: the output of the local AWS and of the functions.
        certificate: for clients to trust; None for plain HTTP.
    """

    process: "subprocess.Popen[bytes]"
    endpoint_url: str
    log: Path
    certificate: Path | None = None


@contextmanager
def local_aws(*, remove: Path | None = None, enforce_iam: bool = False) -> Iterator[LocalAws]:
    """Run a local AWS on a free port while the block runs.

    Args:
        remove: a file to remove when it ends.
        enforce_iam: enforce roles and policies, as AWS does. It then speaks TLS, because the bucket policies deny
            everything else; the openssl command makes its certificate.

    Raises:
        OperatorError: it ended while starting, or was not ready in time.
    """
    port, build = find_free_port(), REPOSITORY / ".build"
    log = build / f"local-stack-{port}.log"
    temporary = Path(tempfile.mkdtemp(prefix="local-stack-", dir=build))
    command = [str(REPOSITORY / PROGRAM), "-m", "ministack"]
    environment = _environment(port, temporary) | (_ENFORCE_IAM if enforce_iam else {})
    removals = [temporary, remove] if remove else [temporary]
    with supervised(command, environment, log, cwd=temporary, remove=removals) as process:
        scheme, certificate = ("https", temporary / "ministack-tls/server.crt") if enforce_iam else ("http", None)
        aws = LocalAws(process, f"{scheme}://{HOST}:{port}", log, certificate)
        _wait_until_ready(aws)
        yield aws


def find_free_port() -> int:
    """Return a port of this machine that is free right now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def serverless_environment(endpoint_url: str, certificate: Path | None = None) -> dict[str, str]:
    """Return the user's environment without any AWS setting, so that the Serverless CLI cannot reach an account."""
    users = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SLS_", "SERVERLESS_"))}
    return users | {
        **client_environment(endpoint_url, certificate),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": HOST,
        "NODE_NO_WARNINGS": "1",  # the AWS SDK's about Node 20
        "SLS_AWS_MONITORING_FREQUENCY": "200",  # ms between two polls of the stack; 5,000 by default
    }


def log_tail(log: Path) -> list[str]:
    """Return the end of a log, and the path of the whole."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return [*lines[-_LOG_TAIL_LINES:], f"The whole output is in {log}."]


@contextmanager
def local_stack(*, remove: Path | None = None, enforce_iam: bool = False) -> Iterator[LocalStack]:
    """Start a local AWS, deploy the service to it, and stop it when the block or this process ends.

    Args:
        remove: a file to remove when the stack ends.
        enforce_iam: enforce roles and policies; see `local_aws`.

    Raises:
        OperatorError: it did not start, or serverless.yml or settings/local.yml has mistakes.
    """
    _require_setup()
    _remove_old_logs()
    check_local_parameters(_check_parameters)
    with ExitStack() as running:
        with Screen().step("Starting the local AWS"):
            aws = running.enter_context(local_aws(remove=remove, enforce_iam=enforce_iam))
        with Screen().step("Deploying the service to it"):
            _deploy(aws)
        try:
            outputs = read_stack_outputs(
                make_local_client("cloudformation", aws.endpoint_url, aws.certificate), LOCAL_STAGE
            )
        except StackOutputsError as error:
            raise OperatorError(f"the deployment succeeded, but {error}") from error
        yield LocalStack(
            endpoint_url=aws.endpoint_url,
            outputs=outputs,
            log=aws.log,
            certificate=aws.certificate,
            process=aws.process,
        )


def _check_parameters(options: list[str]) -> None:
    with Screen().step("Checking the parameters"):
        checked_config(options, serverless_environment(f"http://{HOST}"), on_local_stack=True)  # calls no AWS


def _deploy(aws: LocalAws) -> None:
    """Deploy serverless.yml, stage local, with the command that deploys to AWS."""
    log = REPOSITORY / ".build" / "local-deploy.log"
    with serverless_cli.locked() as program:
        try:
            build_function(BuildTarget.LOCAL)
        except subprocess.CalledProcessError as error:
            raise OperatorError(
                "the functions do not compile:", *f"{error.stdout}{error.stderr}".splitlines()
            ) from error
        log.unlink(missing_ok=True)
        environment = serverless_environment(aws.endpoint_url, aws.certificate)
        command = [program, "deploy", "--stage", LOCAL_STAGE, *parameter_options(LOCAL_STAGE), "--verbose"]
        with supervised(command, environment, log, cwd=REPOSITORY) as process:
            try:
                status = process.wait(_DEPLOY_TIMEOUT_SECONDS)
                why = f"ended with status {status}" if status else ""
            except subprocess.TimeoutExpired:
                why = "did not end in time"
    if why:
        raise OperatorError(f"the deployment {why}.", *log_tail(log), f"The local AWS wrote to {aws.log}.")


def _environment(port: int, temporary: Path) -> dict[str, str]:
    """Return ministack's whole environment; the functions inherit it, so it has nothing of the user's."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "HOME": str(temporary),
        "TMPDIR": str(temporary),  # for the functions' code and temporary files
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": HOST,
        "MINISTACK_REGION": REGION,
        "DOCKER_HOST": "unix:///nonexistent",  # it would remove the containers of other local stacks
        "PYTHONUNBUFFERED": "1",
    }


def _wait_until_ready(aws: LocalAws) -> None:
    deadline = time.monotonic() + _READY_TIMEOUT_SECONDS
    while not is_ready(aws.endpoint_url, aws.certificate):
        if aws.process.poll() is not None:
            raise OperatorError("the local AWS ended while starting.", *log_tail(aws.log))
        if time.monotonic() > deadline:
            timeout = f"{_READY_TIMEOUT_SECONDS:.0f} s"
            raise OperatorError(f"the local AWS was not ready after {timeout}.", *log_tail(aws.log))
        time.sleep(_POLL_SECONDS)


def _require_setup() -> None:
    needed = (PROGRAM, serverless_cli.PROGRAM, f".build/layer-{LOCAL_STAGE}.zip")
    missing = [name for name in needed if not (REPOSITORY / name).exists()]
    if missing:
        raise OperatorError(f"{', '.join(missing)} missing: run `sh scripts/setup.sh` in {REPOSITORY}")


def _remove_old_logs() -> None:
    for log in (REPOSITORY / ".build").glob("local-stack-*.log"):
        if time.time() - log.stat().st_mtime > _LOG_KEEP_SECONDS:
            log.unlink(missing_ok=True)
