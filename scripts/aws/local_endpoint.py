"""The local stack's endpoint: its clients, and the state file of the running stack."""

import json
import os
import ssl
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import HTTPSHandler, ProxyHandler, build_opener

import boto3
from botocore.config import Config

from scripts.aws.stack_outputs import StackOutputs
from scripts.cli.repository import REPOSITORY

LOCAL_STAGE = "local"
STATE_FILE = ".build/local-stack.json"
REGION = "us-east-1"
HOST = "127.0.0.1"
# ministack accepts any key; its documentation uses these.
ACCESS_KEY_ID = SECRET_ACCESS_KEY = "test"  # noqa: S105 (not a secret)


@dataclass(frozen=True, kw_only=True)
class LocalStack:
    """A running local stack with the service deployed.

    Attributes:
        endpoint_url: of every AWS API.
        outputs: the names of the deployed resources.
        log: the output of the local AWS and of the functions.
        certificate: the CA that clients must trust; None for plain HTTP.
        process: the supervisor, which ends with the stack; None for a stack of another process.
    """

    endpoint_url: str
    outputs: StackOutputs
    log: Path
    certificate: Path | None = None
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)
    _clients: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that point AWS tools at this stack."""
        return client_environment(self.endpoint_url, self.certificate)

    def client(self, service: str) -> Any:
        """Return the boto3 client of a service; make it once."""
        if service not in self._clients:  # making a client takes 0.1 s
            self._clients[service] = make_local_client(service, self.endpoint_url, self.certificate)
        return self._clients[service]


def find_running_stack(repository: Path = REPOSITORY) -> LocalStack | None:
    """Return the stack of `npm run stack`; None if none is running, even after a crash left its state file."""
    try:
        state = json.loads((repository / STATE_FILE).read_text())
        os.kill(state["pid"], 0)
        stack = LocalStack(
            endpoint_url=state["endpoint_url"], outputs=StackOutputs(**state["outputs"]), log=Path(state["log"])
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return stack if is_ready(stack.endpoint_url) else None


def write_state(stack: LocalStack, pid: int, repository: Path = REPOSITORY) -> None:
    """Write the state file by which other processes find a stack.

    Args:
        stack: the running stack.
        pid: of the process that ends with the stack.
        repository: the folder of the state file.
    """
    state = repository / STATE_FILE
    whole = state.with_suffix(".new")
    content = {
        "pid": pid,
        "endpoint_url": stack.endpoint_url,
        "outputs": asdict(stack.outputs),
        "log": str(stack.log),
    }
    whole.write_text(json.dumps(content, indent=2))
    whole.replace(state)  # atomic for readers


def is_ready(endpoint_url: str, certificate: Path | None = None) -> bool:
    """Return True if a local AWS answers at this endpoint."""
    try:
        tls = HTTPSHandler(context=ssl.create_default_context(cafile=certificate))
        # No proxy for this machine's own address.
        with build_opener(ProxyHandler({}), tls).open(f"{endpoint_url}/_ministack/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def is_local_stack(environment: Mapping[str, str]) -> bool:
    """Return True if `AWS_ENDPOINT_URL` is a local AWS: without metrics, and with the Python of this machine."""
    endpoint_url, certificate = environment.get("AWS_ENDPOINT_URL"), environment.get("AWS_CA_BUNDLE")
    return bool(endpoint_url) and is_ready(str(endpoint_url), Path(certificate) if certificate else None)


def make_local_client(service: str, endpoint_url: str, certificate: Path | None = None) -> Any:
    """Make a boto3 client for a local AWS that ignores the user's AWS configuration."""
    session = boto3.Session(ACCESS_KEY_ID, SECRET_ACCESS_KEY, region_name=REGION)
    # Two further attempts: a local AWS that has ended does not come back.
    retries: Any = {"mode": "standard", "total_max_attempts": 3}
    config = Config(retries=retries, max_pool_connections=32, proxies={}, s3={"addressing_style": "path"})
    verify = str(certificate) if certificate else None
    return session.client(service, endpoint_url=endpoint_url, config=config, verify=verify)  # type: ignore[call-overload]


def client_environment(endpoint_url: str, certificate: Path | None = None) -> dict[str, str]:
    """Return the environment variables that point AWS tools at a local AWS."""
    trust = ("AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")  # for Python and the AWS CLI; for the Serverless CLI
    return {
        **(dict.fromkeys(trust, str(certificate)) if certificate else {}),
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_REGION": REGION,  # for SDKs
        "AWS_DEFAULT_REGION": REGION,  # for the AWS CLI and boto3
    }
