"""The local stack seen by its clients: where it answers, the clients that reach it, and the stack that is kept up."""

import json
import os
import ssl
import subprocess
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import HTTPSHandler, ProxyHandler, build_opener

import boto3
from botocore.config import Config

from scripts.aws.stack_outputs import StackOutputs
from scripts.cli.repository import REPOSITORY

STAGE = "local"
STATE_FILE = ".build/local-stack.json"
REGION = "us-east-1"
HOST = "127.0.0.1"
# Any key works; these are the ones that its documentation uses.
ACCESS_KEY_ID = SECRET_ACCESS_KEY = "test"  # noqa: S105 (not a secret)


@dataclass(frozen=True, kw_only=True)
class LocalStack:
    """A running local stack with the service deployed.

    Attributes:
        endpoint_url: where every AWS API answers.
        outputs: the names of the deployed resources.
        log: the output of the local AWS, the functions' included.
        certificate: what clients must trust; None when the stack speaks plain HTTP.
        process: ends when the stack does; None for a stack of another process.
    """

    endpoint_url: str
    outputs: StackOutputs
    log: Path
    certificate: Path | None = None
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)
    _clients: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point the AWS CLI and our scripts at this stack."""
        return client_environment(self.endpoint_url, self.certificate)

    def client(self, service: str) -> Any:
        """A boto3 client for this stack, whatever AWS configuration the user has; the same one for all who ask."""
        if service not in self._clients:  # making one takes a tenth of a second
            self._clients[service] = make_client(service, self.endpoint_url, self.certificate)
        return self._clients[service]


def find_kept_stack(repository: Path = REPOSITORY) -> LocalStack | None:
    """The stack that is kept up; None when there is none, whatever a crash may have left behind."""
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
    """Lets other processes find a stack.

    Args:
        stack: to be found.
        pid: of the process that ends when the stack does.
        repository: where they look.
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
    whole.replace(state)  # a reader sees all of it or nothing


def is_ready(endpoint_url: str, certificate: Path | None = None) -> bool:
    """Whether a local AWS answers there."""
    try:
        tls = HTTPSHandler(context=ssl.create_default_context(cafile=certificate))
        # Never a proxy on the way to this machine.
        with build_opener(ProxyHandler({}), tls).open(f"{endpoint_url}/_ministack/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def make_client(service: str, endpoint_url: str, certificate: Path | None = None) -> Any:
    """A boto3 client for a local AWS, whatever AWS configuration the user has."""
    session = boto3.Session(ACCESS_KEY_ID, SECRET_ACCESS_KEY, region_name=REGION)
    config = Config(max_pool_connections=32, proxies={}, s3={"addressing_style": "path"})
    verify = str(certificate) if certificate else None
    return session.client(service, endpoint_url=endpoint_url, config=config, verify=verify)  # type: ignore[call-overload]


def client_environment(endpoint_url: str, certificate: Path | None = None) -> dict[str, str]:
    """The variables that point AWS tools at a local AWS."""
    trust = ("AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")  # Python's tools and the AWS CLI; the Serverless CLI
    return {
        **(dict.fromkeys(trust, str(certificate)) if certificate else {}),
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_REGION": REGION,  # the SDKs'
        "AWS_DEFAULT_REGION": REGION,  # the AWS CLI's and boto3's
    }
