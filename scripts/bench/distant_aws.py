"""An AWS far away, as an HTTP server in a process of its own: every request takes as long as it is told.

It has one stage with its queues, whose DLQ is full. SQS is `sqs_model`; CloudFormation and Lambda answer what
`find_stage` asks, S3 is `s3_model`, and SNS keeps what is published. Add a service in `_answer`.
"""

import asyncio
import json
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, field, fields
from math import inf
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from processing.dead_letter_attributes import reason_attributes
from processing.failures import FailureCode, PermanentError
from processing.outcomes import SourceObject
from processing.renditions import parse_renditions
from processing.settings import Limits, RenderSettings
from scripts.aws.local_endpoint import HOST, client_environment
from scripts.aws.stack_outputs import StackOutputs
from scripts.bench.s3_model import S3Model
from scripts.bench.sqs_model import ModelQueue, NoSuchOperationError, SqsModel

STAGE = "bench"
_POLL_SECONDS = 0.05
_CHUNK_BYTES = 1024 * 1024
_SENT_AT_MS = 1_700_000_000_000
_SENT = {"SentTimestamp": str(_SENT_AT_MS)}
_QUEUES = ("photos", "dead-letters", "roll-up", "summaries")
_RENDITIONS = "large:1200:80,medium:600:80,small:300:80"
_NO_LIMITS = Limits(max_bytes=0, max_pixels=0, max_pages=0)
_FUNCTION = {"MemorySize": 1769, "Environment": {"Variables": {"RENDITIONS": _RENDITIONS}}}
_JSON, _XML = "content-type: application/x-amz-json-1.0\r\n", "content-type: text/xml\r\n"
_PUBLISHED = b"<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>"
_STACKS = (
    '<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks>'
    "<member><StackName>darkroom-bench</StackName><StackStatus>CREATE_COMPLETE</StackStatus>"
    "<CreationTime>2026-01-01T00:00:00Z</CreationTime><Outputs>{}</Outputs></member>"
    "</Stacks></DescribeStacksResult></DescribeStacksResponse>"
)


@dataclass(frozen=True)
class DistantPlan:
    """The contents of the server.

    Attributes:
        latency_seconds: added to every request.
        latencies: other latencies, by HTTP method.
        bytes_per_second: of the answers, on one connection.
        photo: the body of every object in S3.
        dead_letters: counts by failure code.
        digests: how many wait for the roll-up.
        example_digest: each of them, with `#number#` for its number.
        photos: in the input bucket; one in a hundred has no outputs.
    """

    latency_seconds: float
    dead_letters: dict[FailureCode, int] = field(default_factory=dict)
    digests: int = 0
    example_digest: str = ""
    photos: int = 0
    latencies: dict[str, float] = field(default_factory=dict)
    bytes_per_second: float = inf
    photo: Path | None = None


@dataclass(frozen=True)
class QueueCount:
    """The messages of a queue at the end.

    Attributes:
        bodies: how often each body is there.
    """

    in_flight: int
    bodies: Counter[str]


@dataclass
class DistantAws:
    """A running server."""

    endpoint_url: str
    _pipe: Connection

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that point commands at it."""
        return client_environment(self.endpoint_url)

    def count(self) -> dict[str, QueueCount]:
        """Return the contents of the queues and of the topic `summaries`, without latency."""
        self._pipe.send("count")
        return dict(self._pipe.recv())

    def count_calls(self) -> Counter[str]:
        """Return how often each SQS operation was called, without latency."""
        self._pipe.send("calls")
        return Counter(self._pipe.recv())

    def queue_url(self, name: str) -> str:
        return _queue_url(self.endpoint_url, name)


@contextmanager
def distant_aws(plan: DistantPlan) -> Iterator[DistantAws]:
    """Run the server in a child process."""
    # A thread of this process would share the interpreter lock with the measurements.
    processes = multiprocessing.get_context("spawn")
    parent_end, child_end = processes.Pipe()
    with parent_end:
        process = processes.Process(target=_run, args=(plan, child_end))
        process.start()
        child_end.close()
        yield DistantAws(parent_end.recv(), parent_end)
    process.join()


def _run(plan: DistantPlan, parent: Connection) -> None:
    asyncio.run(_Server(plan, parent).serve())


class _Server:
    def __init__(self, plan: DistantPlan, parent: Connection) -> None:
        self._plan = plan
        self._parent = parent
        self._sqs = SqsModel(time.monotonic)
        fingerprint = RenderSettings(parse_renditions(_RENDITIONS), _NO_LIMITS).fingerprint
        self._s3 = S3Model(plan.photos, fingerprint, plan.photo.read_bytes() if plan.photo else b"")
        self._calls = Counter[str]()
        self._url = ""

    async def serve(self) -> None:
        """Send the address, and serve until the parent closes the pipe."""
        server = await asyncio.start_server(self._connection, HOST, 0)
        self._url = f"http://{HOST}:{server.sockets[0].getsockname()[1]}"
        self._sqs.queues = {_queue_url(self._url, name): ModelQueue() for name in _QUEUES}
        for code, count in self._plan.dead_letters.items():
            for number in range(count):
                self._queue("dead-letters").put(_dead_letter(code, number))
        for number in range(self._plan.digests):
            body = self._plan.example_digest.replace("#number#", f"{number:06}")
            self._queue("roll-up").put({"MessageId": f"digest-{number}", "Body": body, "Attributes": _SENT})
        self._parent.send(self._url)
        over = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._parent.fileno(), self._command, over)
        await over.wait()

    def _command(self, over: asyncio.Event) -> None:
        try:
            command = self._parent.recv()
        except EOFError:
            over.set()
            return
        if command == "calls":
            self._parent.send(self._calls)
            return
        self._parent.send({url.rpartition("/")[2]: self._count(url) for url in self._sqs.queues})

    def _count(self, url: str) -> QueueCount:
        bodies = Counter(each.message["Body"] for each in self._sqs.queues[url].letters.values())
        return QueueCount(self._sqs.held(url), bodies)

    def _queue(self, name: str) -> ModelQueue:
        return self._sqs.queues[_queue_url(self._url, name)]

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
                if "expect" in headers:
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                method, path, _ = head[0].split(" ")
                await asyncio.sleep(self._plan.latencies.get(method, self._plan.latency_seconds))
                status, kind, answer = await self._answer(method, path, headers, body)
                writer.write(f"HTTP/1.1 {status} -\r\n{kind}content-length: {len(answer)}\r\n\r\n".encode())
                await self._send(writer, answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _send(self, writer: asyncio.StreamWriter, body: bytes) -> None:
        """Send a body at the speed of one connection."""
        start = time.monotonic()
        for position in range(0, len(body), _CHUNK_BYTES):
            chunk = body[position : position + _CHUNK_BYTES]
            writer.write(chunk)
            end = start + (position + len(chunk)) / self._plan.bytes_per_second
            await asyncio.sleep(max(0.0, end - time.monotonic()))

    async def _answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
        """Return the status, the header lines and the body of an answer."""
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if operation:
            return await self._answer_sqs(operation, json.loads(body))
        if b"Action=DescribeStacks" in body:
            return 200, _XML, _STACKS.format(self._outputs()).encode()
        if b"Action=Publish" in body:
            message = parse_qs(body.decode())["Message"][0]
            self._queue("summaries").put({"MessageId": f"summary-{time.monotonic()}", "Body": message})
            return 200, _XML, _PUBLISHED
        if path.endswith("/configuration"):
            return 200, "content-type: application/json\r\n", json.dumps(_FUNCTION).encode()
        status, more, found = self._s3.answer(method, path)
        return status, _XML + more, found

    async def _answer_sqs(self, operation: str, arguments: dict[str, Any]) -> tuple[int, str, bytes]:
        self._calls[operation] += 1
        try:
            answer = self._sqs.call(operation, arguments)
        except NoSuchOperationError:
            error = {"__type": "com.amazonaws.sqs#InvalidAction", "message": f"{operation} does not exist"}
            return 400, _JSON, json.dumps(error).encode()
        end = time.monotonic() + arguments.get("WaitTimeSeconds", 0)
        while operation == "ReceiveMessage" and not answer and time.monotonic() < end:  # long polling
            await asyncio.sleep(_POLL_SECONDS)
            answer = self._sqs.call(operation, arguments)
        return 200, _JSON, json.dumps(answer).encode()

    def _outputs(self) -> str:
        needed = [each for each in fields(StackOutputs) if each.default is MISSING]
        values = {each.metadata["output"]: f"bench-{each.name.replace('_', '-')}" for each in needed}
        names = {"QueueUrl": "photos", "DeadLetterQueueUrl": "dead-letters", "RollUpQueueUrl": "roll-up"}
        values |= {output: _queue_url(self._url, name) for output, name in names.items()}
        return "".join(
            f"<member><OutputKey>{name}</OutputKey><OutputValue>{escape(value)}</OutputValue></member>"
            for name, value in values.items()
        )


def _queue_url(endpoint_url: str, name: str) -> str:
    return f"{endpoint_url}/000000000000/{name}"


def _dead_letter(code: FailureCode, number: int) -> dict[str, Any]:
    """Make a dead letter as the function sends it and SQS returns it."""
    source = SourceObject(bucket="bench-input", key=f"{code}/{number:06}.jpg", etag=f"{number:032x}")
    reason = reason_attributes(
        PermanentError(code, "AWS answered SlowDown (503) while storing an output"),
        source,
        attempts=5,
        first_seen="2026-11-23T08:00:00+00:00",
        request_id=f"73453695-7493-4785-a2f1-{number:012}",
        message_id=f"9c6bad9d-e49f-48cf-b189-{number:012}",
    )
    item = {"key": source.key, "size": 4_200_000, "eTag": source.etag, "sequencer": f"{number:016x}"}
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": source.bucket}, "object": item},
    }
    return {
        "MessageId": f"{code}-{number:06}",
        "Body": json.dumps({"Records": [record]}),
        "MessageAttributes": {name: {"DataType": "String", "StringValue": text} for name, text in reason.items()},
        "Attributes": {"SentTimestamp": str(_SENT_AT_MS + number), "ApproximateReceiveCount": "1"},
    }
