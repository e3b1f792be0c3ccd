"""AWS's own runtime emulator around the packaged function and layer: what Lambda does, in a process of this machine."""

import json
import os
import platform
import socket
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from scripts.aws.local_endpoint import HOST
from scripts.cli.repository import REPOSITORY
from scripts.local_stack.ministack import find_free_port
from scripts.local_stack.supervisor import supervised
from scripts.packaging.function_zip import build_function
from scripts.packaging.layer import build_layer
from scripts.packaging.target import BuildTarget, native_target

RUNTIME = REPOSITORY / ".tools/runtime"
HANDLER = "handlers/process_images.lambda_handler"
_MACHINES = {"x86_64": "x86_64", "aarch64": "arm64"}
_HTTP = build_opener(ProxyHandler({}))


@dataclass(frozen=True)
class Package:
    """A function zip and a layer, unpacked as Lambda unpacks them.

    Attributes:
        target: what they were built for: AWS itself, or the local stack where this machine has no Python of AWS's.
        task: /var/task of the real thing.
        layer: /opt/python of the real thing.
    """

    target: BuildTarget
    task: Path
    layer: Path


@dataclass(frozen=True)
class Answer:
    """What an invocation came to, and how long it took from outside."""

    text: str
    seconds: float

    @property
    def payload(self) -> Any:
        """What the function returned; a timeout is told in plain words instead."""
        return json.loads(self.text)


@dataclass(frozen=True)
class Emulator:
    """A function under the runtime emulator, one invocation at a time."""

    port: int
    log: Path

    def invoke(self, event: Mapping[str, Any]) -> Answer:
        """Invokes the function; errors and timeouts are answers too."""
        url = f"http://{HOST}:{self.port}/2015-03-31/functions/function/invocations"
        started = time.monotonic()
        with _HTTP.open(Request(url, json.dumps(event).encode()), timeout=120) as answer:
            text = answer.read().decode()
        return Answer(text, time.monotonic() - started)

    def lines(self, kind: str) -> list[str]:
        """The lines of the log that begin with a word, such as Lambda's own START and REPORT."""
        return [line for line in self.log.read_text(errors="replace").splitlines() if line.startswith(kind)]


def find_obstacle() -> str:
    """Why the emulator cannot run here; empty when it can."""
    if platform.system() != "Linux":
        return "the runtime emulator is a program for Linux"
    if platform.machine() not in _MACHINES:
        return f"there is no runtime emulator for {platform.machine()}"
    if not (RUNTIME / "bin/python").exists():
        return "the Lambda runtime is not installed: run `sh scripts/setup.sh check`"
    return ""


def unpack(folder: Path) -> Package:
    """Builds function and layer for this machine and unpacks them."""
    target = native_target()
    for archive, into in (
        (build_function(target, repository=REPOSITORY), folder / "task"),
        (build_layer(target, repository=REPOSITORY).archive, folder / "opt"),
    ):
        with zipfile.ZipFile(archive) as zipped:
            zipped.extractall(into)
    return Package(target, folder / "task", folder / "opt/python")


@contextmanager
def emulated(package: Package, variables: Mapping[str, str], *, timeout_seconds: int, log: Path) -> Iterator[Emulator]:
    """Runs the function under the emulator while the block runs; its first invocation is a cold start."""
    port, runtime_port = find_free_port(), find_free_port()
    (program,) = RUNTIME.glob(f"lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-{_machine()}")
    command = [
        *(str(program), "--runtime-interface-emulator-address", f"{HOST}:{port}"),
        *("--runtime-api-address", f"{HOST}:{runtime_port}"),
        *(str(RUNTIME / "bin/python"), "-m", "awslambdaric", HANDLER),
    ]
    environment = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(package.layer),
        "LAMBDA_TASK_ROOT": str(package.task),
        "AWS_LAMBDA_FUNCTION_NAME": "darkroom-process",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout_seconds),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
        **variables,
    }
    with supervised(command, environment, log, cwd=package.task):
        _wait_until_listening(port)
        yield Emulator(port, log)


def _machine() -> str:
    return _MACHINES[platform.machine()]


def _wait_until_listening(port: int) -> None:
    end = time.monotonic() + 20
    while True:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        assert time.monotonic() < end, "the runtime emulator did not start"
        time.sleep(0.02)
