"""Lambda's side of the runtime API: hands a function its events and takes its answers.

The function runs in AWS's own runtime client (awslambdaric), which polls this API over HTTP as it does on Lambda
(AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes").
"""

import json
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_FUNCTION_SECONDS = 120  # as in serverless.yml
_ANSWER_TIMEOUT_SECONDS = 60.0
_REQUEST_ID = "00000000-0000-4000-8000-000000000000"


class FunctionError(Exception):
    """The function did not start, raised an error, or gave no answer."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the function returned, and how long it took from the hand-over of the event."""

    body: Any
    wall_seconds: float


class RuntimeApi:
    """One function's runtime API; `address` goes into its AWS_LAMBDA_RUNTIME_API."""

    def __init__(self) -> None:
        self.address = ""
        self.asked_at: queue.SimpleQueue[float] = queue.SimpleQueue()
        self.events: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.answers: queue.SimpleQueue[tuple[str, bytes, float]] = queue.SimpleQueue()

    def wait_until_ready(self) -> float:
        """Waits until the function asks for an event: it is initialised then. Answers when that was.

        Raises:
            FunctionError: it does not ask.
        """
        try:
            return self.asked_at.get(timeout=_ANSWER_TIMEOUT_SECONDS)
        except queue.Empty:
            raise FunctionError("the function did not ask for an event") from None

    def invoke(self, event: Any) -> Answer:
        """Hands over an event to a function that is ready, and waits until it is ready again.

        Raises:
            FunctionError: it reported an error or nothing.
        """
        start = time.monotonic()
        self.events.put(json.dumps(event).encode())
        try:
            kind, body, answered_at = self.answers.get(timeout=_ANSWER_TIMEOUT_SECONDS)
        except queue.Empty:
            raise FunctionError("the function gave no answer") from None
        if kind != "response":
            raise FunctionError(f"the function reported {kind}: {body[:500].decode(errors='replace')}")
        self.wait_until_ready()
        return Answer(body=json.loads(body), wall_seconds=answered_at - start)


@contextmanager
def serving() -> Iterator[RuntimeApi]:
    """Serves the API on 127.0.0.1 while the block runs."""
    api = RuntimeApi()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """`/2018-06-01/runtime/invocation/next`: waits for an event."""
            api.asked_at.put(time.monotonic())
            event = api.events.get()
            self.send_response(200)
            self.send_header("Lambda-Runtime-Aws-Request-Id", _REQUEST_ID)
            self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + _FUNCTION_SECONDS) * 1000)))
            self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:f")
            self.send_header("Lambda-Runtime-Trace-Id", "Root=1-00000000-000000000000000000000000;Sampled=0")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(event)))
            self.end_headers()
            self.wfile.write(event)

        def do_POST(self) -> None:
            """`.../{request id}/response`, `.../{request id}/error`, `/2018-06-01/runtime/init/error`."""
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            api.answers.put((self.path.rpartition("/")[2], body, time.monotonic()))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Stays silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    api.address = f"127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
