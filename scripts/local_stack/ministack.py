"""The local AWS: ministack on 127.0.0.1, and what points clients and the Serverless CLI at it and at no account."""

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from scripts.aws.local_endpoint import HOST, REGION, client_environment, is_ready
from scripts.local_stack.supervisor import tethered

_GUARDED = {"AUTH": "true", "USE_SSL": "1"}
_READY_TIMEOUT_SECONDS = 60.0
_POLL_SECONDS = 0.05
_LOG_TAIL_LINES = 25


class LocalStackError(Exception):
    """The local stack did not come up; the message says why and what to do."""


@dataclass(frozen=True)
class LocalAws:
    """A running local AWS.

    Attributes:
        process: ends when the local AWS does.
        endpoint_url: where every AWS API answers.
        log: the output of the local AWS, the functions' included.
        certificate: what clients must trust; None when it speaks plain HTTP.
    """

    process: "subprocess.Popen[bytes]"
    endpoint_url: str
    log: Path
    certificate: Path | None = None


@contextmanager
def local_aws(program: Path, build: Path, *, remove: Path | None = None, guarded: bool = False) -> Iterator[LocalAws]:
    """Runs a local AWS on a free port while the block runs.

    Args:
        program: the Python that has ministack.
        build: the directory for its log and, while it runs, its temporary files.
        remove: a file that is to go with it.
        guarded: whether it enforces roles and policies, as AWS does. It then speaks TLS, or our own TLS-only policies
            would deny everything; its certificate is made by the openssl command.

    Raises:
        LocalStackError: it ended while starting, or was not ready in time.
    """
    port = find_free_port()
    log = build / f"local-stack-{port}.log"
    scratch = Path(tempfile.mkdtemp(prefix="local-stack-", dir=build))
    command = [str(program), "-m", "ministack"]
    removals = [scratch, remove] if remove else [scratch]
    environment = _environment(port, scratch) | (_GUARDED if guarded else {})
    with tethered(command, environment, log, cwd=scratch, remove=removals) as process:
        aws = LocalAws(process, f"{'https' if guarded else 'http'}://{HOST}:{port}", log)
        if guarded:
            aws = replace(aws, certificate=scratch / "ministack-tls/server.crt")
        _wait_until_ready(aws)
        yield aws


def find_free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def serverless_environment(endpoint_url: str, certificate: Path | None = None) -> dict[str, str]:
    """The Serverless CLI's environment: the user's without any AWS setting, so that it cannot reach an account."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SLS_", "SERVERLESS_"))}
    return ours | {
        **client_environment(endpoint_url, certificate),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": HOST,
        "NODE_NO_WARNINGS": "1",  # the AWS SDK's about Node 20
        "SLS_AWS_MONITORING_FREQUENCY": "200",  # ms between looks at the stack; the default 5,000 is for the real AWS
    }


def tail(log: Path) -> str:
    """The end of a log, and where to find the whole."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join([*lines[-_LOG_TAIL_LINES:], f"The whole output is in {log}."])


def _environment(port: int, scratch: Path) -> dict[str, str]:
    """Ministack's whole environment; the functions inherit it, so nothing of the user's goes in."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "HOME": str(scratch),
        "TMPDIR": str(scratch),  # where the functions' code and temporary files go
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": HOST,
        "MINISTACK_REGION": REGION,
        "DOCKER_HOST": "unix:///nonexistent",  # it would clear away the containers of other local stacks
        "PYTHONUNBUFFERED": "1",
    }


def _wait_until_ready(aws: LocalAws) -> None:
    deadline = time.monotonic() + _READY_TIMEOUT_SECONDS
    while not is_ready(aws.endpoint_url, aws.certificate):
        if aws.process.poll() is not None:
            raise LocalStackError(f"the local AWS ended while starting.\n{tail(aws.log)}")
        if time.monotonic() > deadline:
            raise LocalStackError(f"the local AWS was not ready after {_READY_TIMEOUT_SECONDS:.0f} s.\n{tail(aws.log)}")
        time.sleep(_POLL_SECONDS)
