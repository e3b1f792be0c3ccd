"""The packaged function under AWS's Lambda runtime interface emulator (aws-lambda-rie) and runtime client."""

import json
import os
import platform
import shutil
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import ProxyHandler, Request, build_opener

import psutil

from scripts.aws.local_endpoint import HOST
from scripts.cli.errors import OperatorError
from scripts.cli.repository import REPOSITORY
from scripts.local_stack.stack import find_free_port
from scripts.local_stack.supervisor import supervised
from scripts.packaging.function_zip import build_function
from scripts.packaging.layer import build_layer
from scripts.packaging.target import BuildTarget, native_target

RUNTIME = REPOSITORY / ".tools/runtime"
_HANDLER = "handlers/process_images.lambda_handler"
_EMULATORS = {"x86_64": "aws-lambda-rie-x86_64", "aarch64": "aws-lambda-rie-arm64"}
_HTTP = build_opener(ProxyHandler({}))
MB_PER_VCPU = 1769  # AWS Lambda Developer Guide, "Configure Lambda function memory"
_START_TIMEOUT_SECONDS = 20
_INVOKE_TIMEOUT_SECONDS = 120


class Package(NamedTuple):
    """A function zip and a layer, unpacked as Lambda unpacks them to /var/task and /opt/python."""

    target: BuildTarget
    task: Path
    layer: Path


class Invocation(NamedTuple):
    """The response to one invocation, and its duration measured by the client."""

    text: str
    seconds: float


class Emulator(NamedTuple):
    """A function under the runtime emulator, one invocation at a time."""

    port: int
    log: Path
    pid: int

    def invoke(self, event: Mapping[str, Any], *, timeout_seconds: float = _INVOKE_TIMEOUT_SECONDS) -> Invocation:
        """Invoke the function; errors and timeouts are returned, not raised."""
        url = f"http://{HOST}:{self.port}/2015-03-31/functions/function/invocations"
        started = time.monotonic()
        with _HTTP.open(Request(url, json.dumps(event).encode()), timeout=timeout_seconds) as answer:
            text = answer.read().decode()
        return Invocation(text, time.monotonic() - started)

    def function_pid(self) -> int:
        """Return the process that runs the handler; the first invocation starts it."""
        for emulator in psutil.Process(self.pid).children():
            for function in emulator.children():
                return function.pid
        raise OperatorError(f"the function has not started; its log is {self.log}")


def find_obstacle() -> str:
    """Return why the emulator cannot run here; empty when it can."""
    if platform.system() != "Linux" or platform.machine() not in _EMULATORS:
        return f"the runtime emulator does not run on {platform.system()} {platform.machine()}"
    if not (RUNTIME / "bin/python").exists():
        return "the Lambda runtime is not installed: run `sh scripts/setup.sh bench`"
    return ""


def unpack(folder: Path) -> Package:
    """Build function and layer for this machine and unpack them."""
    target = native_target()
    shutil.unpack_archive(build_function(target), folder / "task")
    shutil.unpack_archive(build_layer(target).archive, folder / "opt")
    return Package(target, folder / "task", folder / "opt/python")


@contextmanager
def emulated(
    package: Package, variables: Mapping[str, str], *, timeout_seconds: int, log: Path, handler: str = _HANDLER
) -> Iterator[Emulator]:
    """Run the function under the emulator; the first invocation cold-starts it."""
    port, runtime_port = find_free_port(), find_free_port()
    (program,) = RUNTIME.glob(f"lib/python3*/site-packages/samcli/local/rapid/{_EMULATORS[platform.machine()]}")
    command = [
        *(str(program), "--runtime-interface-emulator-address", f"{HOST}:{port}"),
        *("--runtime-api-address", f"{HOST}:{runtime_port}"),
        *(str(RUNTIME / "bin/python"), "-m", "awslambdaric", handler),
    ]
    environment = {  # as Lambda sets it
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(package.layer),
        "LAMBDA_TASK_ROOT": str(package.task),
        "AWS_LAMBDA_FUNCTION_NAME": "darkroom-process",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(MB_PER_VCPU),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout_seconds),
        **variables,
    }
    with supervised(command, environment, log, cwd=package.task) as process:
        _wait_until_listening(port)
        yield Emulator(port, log, process.pid)


def _wait_until_listening(port: int) -> None:
    end = time.monotonic() + _START_TIMEOUT_SECONDS
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.02)
    raise OperatorError("the Lambda runtime emulator did not start")
