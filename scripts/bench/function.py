"""A Lambda function on this machine: AWS's own runtime client, the dependency layer, the code as it is packaged."""

import json
import os
import shutil
import subprocess
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.bench.processes import cpu_seconds, tree_cpu_seconds
from scripts.bench.runtime_api import Answer, FunctionError, RuntimeApi, serving
from scripts.cli.repository import REPOSITORY
from scripts.packaging.function_zip import build_function
from scripts.packaging.target import BuildTarget

HANDLER = "handlers.process_images.lambda_handler"
SEQUENTIAL_HANDLER = "scripts.bench.sequential_function.lambda_handler"
LAYER = REPOSITORY / ".build/layer-local/python"
MB_PER_VCPU = 1769  # AWS Lambda Developer Guide, "Configure Lambda function memory"

# What serverless.yml sets, as far as it does not name resources of a deployment.
_SETTINGS = {
    "STAGE": "bench",
    "OUTPUT_BUCKET": "renditions",
    "QUEUE_URL": "http://127.0.0.1/123456789012/photos",
    "DEAD_LETTER_QUEUE_URL": "http://127.0.0.1/123456789012/dead-letters",
    "DIGEST_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:digests",
    "RENDITIONS": "large:1200:80,medium:600:80,small:300:80",
    "MAX_BYTES": "200000000",
    "MAX_PIXELS": "200000000",
    "MAX_PAGES": "1000",
    "MAX_RECEIVE_COUNT": "5",
    "RETRY_BASE_SECONDS": "30",
    "RETRY_MAX_SECONDS": "900",
    "PHOTO_TIMEOUT_SECONDS": "25",
    "POWERTOOLS_SERVICE_NAME": "darkroom-bench",
    "POWERTOOLS_METRICS_NAMESPACE": "Darkroom",
    "POWERTOOLS_LOG_LEVEL": "INFO",
    "MALLOC_ARENA_MAX": "2",
}


@dataclass(frozen=True, kw_only=True)
class FunctionPlan:
    """How to run a function.

    Attributes:
        handler: `package.module.function`, as Lambda is told.
        python: an interpreter with the runtime client and boto3.
        endpoint_url: where AWS answers.
        vcpus: processors it may use; its memory is set to what Lambda gives so many for.
        code: the folder with its code.
        log: the file for its output.
    """

    handler: str
    python: Path
    endpoint_url: str
    vcpus: int
    code: Path
    log: Path


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """What one invocation took: time on the clock, and processor time of the function and its workers."""

    wall_seconds: float
    cpu_seconds: float
    body: Any


class Function:
    """A function that is initialised and waits for events."""

    def __init__(self, process: "subprocess.Popen[bytes]", api: RuntimeApi, ready_at: float) -> None:
        self.pid = process.pid
        self.ready_at = ready_at
        self._api = api

    def cpu_seconds(self) -> float:
        """Processor time so far, the workers' included."""
        return tree_cpu_seconds(self.pid)

    def own_cpu_seconds(self) -> float:
        """Processor time so far, without the workers'."""
        return cpu_seconds(self.pid)

    def invoke(self, event: Any) -> Invocation:
        """Runs one invocation.

        Raises:
            FunctionError: it failed, or left photos undone.
        """
        before = self.cpu_seconds()
        answer: Answer = self._api.invoke(event)
        spent = self.cpu_seconds() - before
        if answer.body and answer.body.get("batchItemFailures"):
            raise FunctionError(f"photos were left undone: {json.dumps(answer.body)[:300]}")
        return Invocation(wall_seconds=answer.wall_seconds, cpu_seconds=spent, body=answer.body)


@contextmanager
def deployed(plan: FunctionPlan) -> Iterator[Function]:
    """Runs a function while the block runs.

    Raises:
        FunctionError: it did not start.
    """
    with serving() as api, plan.log.open("ab") as log:
        with _only_on(_processors(plan.vcpus)):
            process = subprocess.Popen(
                [str(plan.python), "-m", "awslambdaric", plan.handler],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=_environment(plan, api),
                cwd=plan.code,
            )
        try:
            yield Function(process, api, api.wait_until_ready())
        except FunctionError as error:
            raise FunctionError(f"{error}\n{plan.log.read_text(errors='replace')[-1500:]}") from error
        finally:
            process.kill()
            process.wait()


def unpack_code(folder: Path) -> Path:
    """Builds the function's zip as a deployment does, and unpacks it as Lambda does.

    Raises:
        BuildError: the local stack, whose Python compiles it, is not set up.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shutil.unpack_archive(build_function(BuildTarget.LOCAL, repository=REPOSITORY), folder)
    return folder


def s3_batch(photos: int, size_bytes: int) -> dict[str, Any]:
    """The event of an event source mapping: so many messages, each about one new photo."""
    return {"Records": [_message(number, size_bytes) for number in range(photos)]}


def _message(number: int, size_bytes: int) -> dict[str, Any]:
    s3_object = {"key": f"photo-{number}.jpg", "size": size_bytes, "eTag": "e1", "sequencer": f"{number:016X}"}
    s3_record = {
        "eventVersion": "2.3",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "photos"}, "object": s3_object},
    }
    return {
        "messageId": f"message-{number}",
        "receiptHandle": f"handle-{number}",
        "body": json.dumps({"Records": [s3_record]}),
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1795000000000"},
        "eventSource": "aws:sqs",
    }


def import_environment(code: Path) -> dict[str, str]:
    """The variables with which the function can be imported; nothing of the user's."""
    return _SETTINGS | {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(MB_PER_VCPU),
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
        "LAMBDA_TASK_ROOT": str(code),
        "PYTHONPATH": os.pathsep.join((str(code), str(LAYER))),
        "PYTHONDONTWRITEBYTECODE": "1",  # /var/task is read-only
    }


def _environment(plan: FunctionPlan, api: RuntimeApi) -> dict[str, str]:
    return import_environment(plan.code) | {
        "AWS_LAMBDA_RUNTIME_API": api.address,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(plan.vcpus * MB_PER_VCPU),
        "AWS_ENDPOINT_URL": plan.endpoint_url,
    }


def _processors(count: int) -> Collection[int]:
    """The first ones; for a single one the last, so that the measuring process has another for itself."""
    available = sorted(os.sched_getaffinity(0))
    return available[-1:] if count == 1 else available[:count]


@contextmanager
def _only_on(processors: Collection[int]) -> Iterator[None]:
    """What is started in the block may run on these processors only; it inherits that from this thread."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, processors)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
